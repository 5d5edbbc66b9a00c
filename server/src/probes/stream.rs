//! The probes of one stream: those from before it, then those of the feed.

use std::collections::HashSet;
use std::sync::Arc;

use api::probes::{Probe, ProbeEvent, ProbeGap};
use async_stream::stream;
use futures_util::Stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::log::Bounds;
use super::request::{BACKLOG_MAX, ProbeFilter, SearchableProbe};

/// What a stream begins with.
#[derive(Debug, Default)]
pub struct Opening {
    /// The oldest first. With `after`, one more than [`BACKLOG_MAX`] if there are too many.
    pub backlog: Vec<Probe>,
    /// The last event that the client has.
    pub after: Option<i64>,
    pub bounds: Bounds,
}

/// One stream. It holds its place among the streams that may run.
#[derive(Debug)]
pub struct ProbeStream {
    opening: Opening,
    filter: ProbeFilter,
    rows: Receiver<Arc<SearchableProbe>>,
    _permit: OwnedSemaphorePermit,
}

/// An event with the id that a client names to go on after it.
#[derive(Debug, PartialEq, Eq)]
pub struct Numbered {
    pub id: i64,
    pub event: ProbeEvent,
}

impl ProbeStream {
    pub(super) fn new(
        opening: Opening,
        filter: ProbeFilter,
        rows: Receiver<Arc<SearchableProbe>>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            opening,
            filter,
            rows,
            _permit: permit,
        }
    }

    /// Returns the events. They end when the feed ends.
    pub fn events(self) -> impl Stream<Item = Numbered> {
        stream! {
            // All of it, because the place among the streams is free when this is dropped.
            let Self { opening, filter, mut rows, _permit } = { self };
            let mut cursor = LiveRows::new(&opening);
            for event in first_events(opening) {
                yield event;
            }
            loop {
                let row = match rows.recv().await {
                    Ok(row) => row,
                    Err(RecvError::Lagged(_)) => {
                        cursor.is_behind = true;
                        continue;
                    }
                    Err(RecvError::Closed) => return,
                };
                if let Some(gap) = cursor.gap_before(row.probe.id) {
                    yield gap;
                }
                let id = cursor.pass(row.probe.id);
                if let Some(id) = id && filter.matches(&row) {
                    yield Numbered { id, event: ProbeEvent::Probe(row.probe.clone()) };
                }
            }
        }
    }
}

/// Returns the backlog, after the gap that it leaves behind the last event of the client.
fn first_events(opening: Opening) -> Vec<Numbered> {
    let Opening {
        mut backlog,
        after,
        bounds,
    } = opening;
    let mut gap = None;
    if let Some(after) = after {
        let mut first = after + 1;
        if backlog.len() > BACKLOG_MAX as usize {
            backlog.remove(0);
            first = backlog[0].id;
        }
        let first = bounds.oldest.map_or(first, |oldest| oldest.max(first));
        gap = gap_between(after, first);
    }
    let probe = |probe: Probe| Numbered {
        id: probe.id,
        event: ProbeEvent::Probe(probe),
    };
    gap.into_iter().chain(backlog.into_iter().map(probe)).collect()
}

/// The rows that a stream has taken from the feed.
#[derive(Debug)]
struct LiveRows {
    newest: i64,
    /// The feed brings rows of the backlog again.
    in_backlog: HashSet<i64>,
    /// The feed has dropped rows that this stream has not taken.
    is_behind: bool,
}

impl LiveRows {
    fn new(opening: &Opening) -> Self {
        Self {
            newest: opening.bounds.newest.unwrap_or_default(),
            in_backlog: opening.backlog.iter().map(|probe| probe.id).collect(),
            is_behind: false,
        }
    }

    /// Returns the gap between the rows that were taken and this one, if rows were dropped.
    fn gap_before(&mut self, id: i64) -> Option<Numbered> {
        if !self.is_behind || id <= self.newest {
            return None;
        }
        self.is_behind = false;
        gap_between(self.newest, id)
    }

    /// Takes a row. Returns the id of its event: the greatest one so far, so that a row that came late does not make a client
    /// ask again for those before it. Returns `None` if the row was in the backlog.
    fn pass(&mut self, id: i64) -> Option<i64> {
        self.newest = self.newest.max(id);
        (!self.in_backlog.remove(&id)).then_some(self.newest)
    }
}

/// Returns the gap between two ids, which are not in it.
fn gap_between(before: i64, after: i64) -> Option<Numbered> {
    let (from, to) = (before + 1, after - 1);
    (from <= to).then_some(Numbered {
        id: to,
        event: ProbeEvent::Gap(ProbeGap { from, to }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(id: i64) -> Probe {
        Probe {
            id,
            created_at: None,
            endpoint_id: 1,
            endpoint: String::new(),
            vendor: None,
            source: None,
            ok: true,
            status_code: None,
            latency_ms: None,
            error_type: None,
            error_message: None,
        }
    }

    /// Returns the ids of the probes, and the gaps as `from-to`.
    fn shown(events: &[Numbered]) -> Vec<String> {
        let text = |numbered: &Numbered| match &numbered.event {
            ProbeEvent::Probe(probe) => probe.id.to_string(),
            ProbeEvent::Gap(gap) => format!("{}-{}", gap.from, gap.to),
        };
        events.iter().map(text).collect()
    }

    fn opening(ids: impl IntoIterator<Item = i64>, after: Option<i64>, oldest: i64) -> Opening {
        let backlog: Vec<_> = ids.into_iter().map(probe).collect();
        Opening {
            after,
            bounds: Bounds {
                oldest: Some(oldest),
                newest: backlog.last().map(|probe| probe.id),
            },
            backlog,
        }
    }

    #[test]
    fn a_backlog_has_no_gap_and_rows_that_were_pruned_are_one() {
        assert_eq!(shown(&first_events(opening([7, 9], None, 5))), ["7", "9"]);
        // 8 never existed: nothing was pruned, because older rows are there.
        assert_eq!(shown(&first_events(opening([9], Some(7), 5))), ["9"]);
        assert_eq!(shown(&first_events(opening([9], Some(3), 9))), ["4-8", "9"]);
        assert_eq!(shown(&first_events(opening([], Some(3), 3))), [""; 0]);
    }

    #[test]
    fn a_client_that_was_away_for_long_gets_the_newest_probes() {
        let events = first_events(opening(1..=1001, Some(0), 1));
        assert_eq!(
            (events.len(), &*shown(&events[..2])),
            (1001, &["1-1".to_owned(), "2".to_owned()][..])
        );
    }

    #[test]
    fn live_rows_come_once_and_late_ones_do_not_move_the_client_back() {
        let mut rows = LiveRows::new(&opening([8, 9], None, 1));
        assert_eq!(rows.pass(9), None);
        assert_eq!(rows.pass(12), Some(12));
        assert_eq!(rows.pass(11), Some(12));
    }

    #[test]
    fn a_stream_that_is_behind_has_a_gap() {
        let mut rows = LiveRows::new(&opening([9], None, 1));
        assert_eq!(rows.gap_before(20), None);
        rows.is_behind = true;
        assert_eq!(rows.gap_before(5), None);
        let gap = rows.gap_before(20).unwrap();
        assert_eq!((gap.id, shown(&[gap])), (19, vec!["10-19".to_owned()]));
        assert_eq!(rows.gap_before(30), None);
    }
}
