//! Keyboard focus for panels that replace the focused element.

use leptos::html::Section;
use leptos::prelude::*;
use web_sys::FocusOptions;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroll {
    /// The visitor has just asked for the panel, so the page scrolls to it.
    Allowed,
    /// The panel is already in view.
    Prevented,
}

/// Focuses the panel if no element has the focus, so that a keyboard user continues there and not at the top
/// of the page.
pub fn take_focus_if_lost(panel: NodeRef<Section>, scroll: Scroll) {
    // The page changes only with the next frame.
    request_animation_frame(move || {
        let focused = document().active_element();
        let is_lost = focused.is_none_or(|focused| focused.tag_name() == "BODY");
        if let Some(panel) = panel.try_get_untracked().flatten().filter(|_| is_lost) {
            let options = FocusOptions::new();
            options.set_prevent_scroll(scroll == Scroll::Prevented);
            // Fails only if the panel has been removed.
            let _ = panel.focus_with_options(&options);
        }
    });
}
