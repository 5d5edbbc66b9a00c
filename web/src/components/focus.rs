//! The keyboard's focus, when what had it is gone.

use leptos::html::Section;
use leptos::prelude::*;
use web_sys::FocusOptions;

/// Whether what takes the focus comes into sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroll {
    /// It does: it is what the visitor has just asked for.
    Allowed,
    /// It does not: it is where the visitor is already.
    Prevented,
}

/// The panel takes the focus, if nothing else has it: whoever uses a keyboard goes on from there.
pub fn take_focus_if_lost(panel: NodeRef<Section>, scroll: Scroll) {
    // Only then has the page changed.
    request_animation_frame(move || {
        let focused = document().active_element();
        let is_lost = focused.is_none_or(|focused| focused.tag_name() == "BODY");
        if let Some(panel) = panel.try_get_untracked().flatten().filter(|_| is_lost) {
            let options = FocusOptions::new();
            options.set_prevent_scroll(scroll == Scroll::Prevented);
            // A panel that is gone again needs none.
            let _ = panel.focus_with_options(&options);
        }
    });
}
