//! The keys that move the focus in a menu.

/// Returns the item that a key moves to, of `count` items; `None` if the key does not move. `now` is the focused
/// item.
pub fn target(key: &str, now: Option<usize>, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    match (key, now) {
        ("Home", _) | ("ArrowDown", None) => Some(0),
        ("End", _) | ("ArrowUp", None | Some(0)) => Some(last),
        ("ArrowDown", Some(now)) => Some(if now < last { now + 1 } else { 0 }),
        ("ArrowUp", Some(now)) => Some(now - 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_go_round() {
        assert_eq!(target("ArrowDown", Some(0), 3), Some(1));
        assert_eq!(target("ArrowDown", Some(2), 3), Some(0));
        assert_eq!(target("ArrowUp", Some(1), 3), Some(0));
        assert_eq!(target("ArrowUp", Some(0), 3), Some(2));
        assert_eq!(target("ArrowUp", None, 3), Some(2));
    }

    #[test]
    fn home_and_end_go_to_the_ends_and_other_keys_stay() {
        assert_eq!(
            (target("Home", Some(2), 3), target("End", Some(0), 3)),
            (Some(0), Some(2))
        );
        assert_eq!(
            (target("Enter", Some(0), 3), target("Home", None, 0)),
            (None, None)
        );
    }
}
