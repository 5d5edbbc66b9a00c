//! The view of a document in lines: folded blocks, found places, the rows on the screen.

use std::sync::Arc;

use leptos::html::Div;
use leptos::prelude::*;

use crate::json_lines::{Folds, JsonLines, Matches, Row, Scroll, rows};

/// The rows above a found place, so that it is not at the edge.
const ROWS_ABOVE: usize = 3;

/// The least width of a row, so that an element without a width does not have a row for each character.
const COLUMNS_MIN: usize = 16;

/// A handle to the view of one document.
#[derive(Clone, Copy)]
pub struct LineView {
    lines: StoredValue<Arc<JsonLines>>,
    folds: RwSignal<Folds>,
    matches: RwSignal<Matches>,
    size: RwSignal<Size>,
    scroll_top: RwSignal<f64>,
    /// Offsets of the rows.
    rows: Memo<Arc<Vec<u32>>>,
    /// The element that scrolls.
    pub frame: NodeRef<Div>,
}

/// The size of the part of the page that shows rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    pub columns: usize,
    pub row_height: f64,
    pub height: f64,
}

impl LineView {
    pub fn new(lines: Arc<JsonLines>) -> Self {
        let lines = StoredValue::new(lines);
        let folds = RwSignal::new(Folds::default());
        // Replaced when the element has been measured.
        let size = RwSignal::new(Size {
            columns: 80,
            row_height: 20.0,
            height: 400.0,
        });
        let columns = Memo::new(move |_| size.get().columns);
        let rows = Memo::new(move |_| {
            let columns = columns.get().max(COLUMNS_MIN);
            folds.with(|folds| lines.with_value(|lines| Arc::new(rows(lines, folds, columns))))
        });
        Self {
            lines,
            folds,
            matches: RwSignal::new(Matches::default()),
            size,
            scroll_top: RwSignal::new(0.0),
            rows,
            frame: NodeRef::new(),
        }
    }

    pub fn lines(self) -> Arc<JsonLines> {
        self.lines.get_value()
    }

    pub fn set_size(self, size: Size) {
        if self.size.get_untracked() != size {
            self.size.set(size);
        }
    }

    /// Takes the place that the frame has been scrolled to.
    pub fn set_scroll_top(self, scroll_top: f64) {
        self.scroll_top.set(scroll_top);
    }

    /// Returns the height of all rows.
    pub fn height(self) -> f64 {
        self.scroll().height()
    }

    /// Returns the place of the first row in view.
    pub fn offset(self) -> f64 {
        self.scroll().offset(self.scroll_top.get())
    }

    /// Returns the rows in view.
    pub fn visible(self) -> Vec<Row> {
        let range = self.scroll().visible(self.scroll_top.get());
        let rows = self.rows.get();
        let row = |index: usize| {
            let next = rows.get(index + 1).copied();
            self.lines.with_value(|lines| {
                self.folds.with(|folds| {
                    self.matches
                        .with(|matches| Row::new(lines, folds, matches, rows[index], next))
                })
            })
        };
        range.map(row).collect()
    }

    pub fn toggle_fold(self, line: usize) {
        self.folds
            .update(|folds| self.lines.with_value(|lines| folds.toggle(lines, line)));
    }

    pub fn fold_all(self) {
        self.folds.set(self.lines.with_value(|lines| Folds::all(lines)));
    }

    pub fn unfold_all(self) {
        self.folds.set(Folds::default());
    }

    pub fn has_folds(self) -> bool {
        self.folds.with(|folds| !folds.is_empty())
    }

    /// Finds a text, and shows its first place behind the rows above.
    pub fn search(self, text: &str) {
        let first = untrack(|| self.scroll())
            .visible(self.scroll_top.get_untracked())
            .start;
        let from = self
            .rows
            .with_untracked(|rows| rows.get(first).copied().unwrap_or_default());
        let found = self
            .lines
            .with_value(|lines| Matches::find(lines.text(), text, from as usize));
        self.matches.set(found);
        self.show_match();
    }

    /// Goes to the next place of the text, or to the one before.
    pub fn step(self, is_forward: bool) {
        self.matches.update(|matches| matches.step(is_forward));
        self.show_match();
    }

    pub fn with_matches<T>(self, look: impl FnOnce(&Matches) -> T) -> T {
        self.matches.with(look)
    }

    fn show_match(self) {
        let Some(place) = self.matches.with_untracked(Matches::current) else {
            return;
        };
        let line = self.lines.with_value(|lines| lines.line_at(place));
        let mut folds = self.folds.get_untracked();
        folds.reveal(line);
        if self.folds.with_untracked(|before| *before != folds) {
            self.folds.set(folds);
        }
        let row = self
            .rows
            .with_untracked(|rows| rows.partition_point(|start| *start as usize <= place) - 1);
        let scroll = untrack(|| self.scroll());
        let visible = scroll.visible(self.scroll_top.get_untracked());
        // The last two rows may be in view in part only.
        if row >= visible.start && row + 2 < visible.end {
            return;
        }
        let top = scroll.to_row(row.saturating_sub(ROWS_ABOVE));
        // Unfolded rows make the element higher with the next frame.
        request_animation_frame(move || {
            if let Some(frame) = self.frame.try_get_untracked().flatten() {
                frame.set_scroll_top(top as i32);
            }
        });
    }

    fn scroll(self) -> Scroll {
        let size = self.size.get();
        Scroll {
            rows: self.rows.with(|rows| rows.len()),
            row_height: size.row_height,
            view_height: size.height,
        }
    }
}
