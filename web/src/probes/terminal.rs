//! The lines of the terminal. Their number is bounded, also while it is paused.

use std::collections::VecDeque;
use std::sync::Arc;

use api::probes::{Probe, ProbeEvent, ProbeGap};

/// Lines that a visitor may keep on the page.
pub const LINES_MIN: usize = 10;
pub const LINES_MAX: usize = 1000;
pub const LINES: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Probe(Arc<Probe>),
    /// Probes that the server did not send.
    Gap(ProbeGap),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    lines: VecDeque<Line>,
    /// Lines that came during a pause.
    waiting: VecDeque<Line>,
    /// How many came. The oldest of them may be dropped already.
    waiting_count: u64,
    is_paused: bool,
    lines_max: usize,
}

impl Line {
    /// Orders the lines, and is different for each.
    pub fn id(&self) -> i64 {
        match self {
            Self::Probe(probe) => probe.id,
            Self::Gap(gap) => gap.to,
        }
    }
}

impl Terminal {
    pub fn new(lines_max: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            waiting: VecDeque::new(),
            waiting_count: 0,
            is_paused: false,
            lines_max: lines_max.clamp(LINES_MIN, LINES_MAX),
        }
    }

    /// Adds a line, unless it is known: a stream that begins anew brings its last lines again.
    pub fn add(&mut self, event: ProbeEvent) {
        let line = match event {
            ProbeEvent::Probe(probe) => Line::Probe(Arc::new(probe)),
            ProbeEvent::Gap(gap) => Line::Gap(gap),
        };
        let is_known = |lines: &VecDeque<Line>| lines.iter().rev().any(|known| known.id() == line.id());
        if is_known(&self.lines) || is_known(&self.waiting) {
            return;
        }
        match self.is_paused {
            false => insert(&mut self.lines, line, self.lines_max),
            true => {
                self.waiting_count += 1;
                insert(&mut self.waiting, line, self.lines_max);
            }
        }
    }

    pub fn pause(&mut self) {
        self.is_paused = true;
    }

    /// Shows the lines that came during the pause.
    pub fn resume(&mut self) {
        self.is_paused = false;
        self.waiting_count = 0;
        for line in std::mem::take(&mut self.waiting) {
            insert(&mut self.lines, line, self.lines_max);
        }
    }

    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Returns how many lines came during the pause.
    pub fn waiting(&self) -> u64 {
        self.waiting_count
    }

    pub fn set_lines_max(&mut self, lines_max: usize) {
        self.lines_max = lines_max.clamp(LINES_MIN, LINES_MAX);
        for lines in [&mut self.lines, &mut self.waiting] {
            let surplus = lines.len().saturating_sub(self.lines_max);
            lines.drain(..surplus);
        }
    }

    /// Returns the lines on show, the oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// Returns the probes on show, the oldest first.
    pub fn probes(&self) -> impl Iterator<Item = &Probe> {
        self.lines.iter().filter_map(|line| match line {
            Line::Probe(probe) => Some(&**probe),
            Line::Gap(_) => None,
        })
    }
}

/// Inserts a line in the order of the ids: one may come after lines with greater ids. Drops the oldest line of too many.
fn insert(lines: &mut VecDeque<Line>, line: Line, lines_max: usize) {
    let place = lines.iter().rposition(|other| other.id() < line.id());
    lines.insert(place.map_or(0, |place| place + 1), line);
    if lines.len() > lines_max {
        lines.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::line::sample;

    fn with(ids: impl IntoIterator<Item = i64>) -> Terminal {
        let mut terminal = Terminal::new(LINES_MIN);
        add(&mut terminal, ids);
        terminal
    }

    fn add(terminal: &mut Terminal, ids: impl IntoIterator<Item = i64>) {
        for id in ids {
            terminal.add(ProbeEvent::Probe(sample(id)));
        }
    }

    fn ids(terminal: &Terminal) -> Vec<i64> {
        terminal.lines().map(Line::id).collect()
    }

    #[test]
    fn the_newest_lines_stay_in_the_order_of_their_ids() {
        assert_eq!(ids(&with(1..=12)), (3..=12).collect::<Vec<_>>());
        // A row that was committed late, and lines that come again.
        assert_eq!(ids(&with([4, 6, 5, 6, 4])), [4, 5, 6]);
        let mut fewer = with(1..=10);
        fewer.set_lines_max(3);
        assert_eq!(ids(&fewer).len(), LINES_MIN);
    }

    #[test]
    fn a_pause_keeps_the_lines_on_show_and_counts_those_that_wait() {
        let mut terminal = with(1..=3);
        terminal.pause();
        add(&mut terminal, [3, 4, 5]);
        assert_eq!((ids(&terminal), terminal.waiting()), (vec![1, 2, 3], 2));
        terminal.resume();
        assert_eq!((ids(&terminal), terminal.waiting()), (vec![1, 2, 3, 4, 5], 0));
    }

    #[test]
    fn a_long_pause_keeps_no_more_lines_than_the_page_shows() {
        let mut terminal = with(1..=3);
        terminal.pause();
        add(&mut terminal, 4..=1003);
        assert_eq!((terminal.waiting.len(), terminal.waiting()), (LINES_MIN, 1000));
        terminal.resume();
        assert_eq!(ids(&terminal), (994..=1003).collect::<Vec<_>>());
    }

    #[test]
    fn a_gap_has_its_place_and_is_no_probe() {
        let mut terminal = with([1, 9]);
        terminal.add(ProbeEvent::Gap(ProbeGap { from: 2, to: 8 }));
        assert_eq!(ids(&terminal), [1, 8, 9]);
        assert_eq!(terminal.probes().count(), 2);
    }
}
