//! The turns of a conversation: after an optional instruction, a user and an assistant take turns, and tools answer in between.

use super::conversation_texts::{ANSWERS, CODE, INSTRUCTIONS, QUESTIONS, TOOL_RESULTS};
use crate::dice::Dice;

const TURNS_MAX: usize = 40;

pub(super) struct Turn {
    pub(super) role: &'static str,
    pub(super) content: String,
}

impl Turn {
    fn new(role: &'static str, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
        }
    }

    /// Returns about as many tokens as a model would count.
    pub(super) fn tokens(&self) -> i64 {
        (self.content.len() as i64 + 3) / 4
    }
}

/// Returns the turns of one conversation, from 2 to 40.
pub(super) fn make(dice: &mut Dice) -> Vec<Turn> {
    let mut turns = Vec::new();
    if dice.once_in(3) {
        turns.push(Turn::new("system", dice.pick(&INSTRUCTIONS)));
    }
    let pairs = 1 + dice.place((TURNS_MAX - turns.len()) / 2);
    let wanted = turns.len() + 2 * pairs;
    while turns.len() < wanted {
        turns.push(Turn::new("user", dice.pick(&QUESTIONS)));
        turns.push(Turn::new("assistant", answer(dice)));
        if turns.len() + 2 <= wanted && dice.once_in(8) {
            turns.push(Turn::new("tool", dice.pick(&TOOL_RESULTS)));
            turns.push(Turn::new("assistant", answer(dice)));
        }
    }
    turns
}

/// Returns an answer of one to four paragraphs.
fn answer(dice: &mut Dice) -> String {
    let mut answer = dice.pick(&ANSWERS).to_owned();
    for _ in 0..dice.below(4) {
        answer.push_str("\n\n");
        answer.push_str(match dice.once_in(3) {
            true => dice.pick(&CODE),
            false => dice.pick(&ANSWERS),
        });
    }
    answer
}

/// Makes the last message at least as many bytes long.
pub(super) fn lengthen(turns: &mut [Turn], bytes: usize) {
    if let Some(last) = turns.last_mut() {
        last.content.reserve(bytes);
        for code in CODE.iter().cycle() {
            if last.content.len() >= bytes {
                return;
            }
            last.content.push_str("\n\n");
            last.content.push_str(code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_conversation_is_fit_for_training() {
        let mut dice = Dice::new(1);
        let mut lengths = Vec::new();
        for _ in 0..2000 {
            let turns = make(&mut dice);
            lengths.push(turns.len());
            assert!(turns.iter().all(|turn| !turn.content.trim().is_empty()));
            let roles: Vec<_> = turns.iter().map(|turn| turn.role).collect();
            let spoken: Vec<&str> = roles
                .iter()
                .copied()
                .skip_while(|role| *role == "system")
                .collect();
            assert_eq!((spoken[0], spoken[spoken.len() - 1]), ("user", "assistant"));
            assert!(spoken.windows(2).all(|pair| pair[0] != pair[1]), "{roles:?}");
        }
        assert_eq!(lengths.iter().min().zip(lengths.iter().max()), Some((&2, &40)));
    }

    #[test]
    fn the_last_message_is_lengthened() {
        let mut turns = make(&mut Dice::new(1));
        lengthen(&mut turns, 100_000);
        assert!(turns.last().unwrap().content.len() >= 100_000);
    }
}
