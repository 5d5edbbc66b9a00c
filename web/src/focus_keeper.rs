//! Keeps the keyboard focus in the page when the focused element is removed, hidden or disabled. Browsers give it to
//! the body then, and a keyboard user would begin again at the top.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlElement, MutationObserver, MutationObserverInit};

/// Takes the focus if nothing near the lost element can. The skip link is the next Tab stop.
pub const START_OF_PAGE: &str = "top";

/// Attributes whose change can take the focus away or give it back.
const WATCHED: [&str; 4] = ["disabled", "hidden", "open", "inert"];

/// Parts of a page that stand for their content.
const PARTS: &str = "li, section, article, form, dialog, aside, nav, main, header, [tabindex]";

/// What takes the focus by a click.
const FOCUSABLE: &str = "a, button, input, select, textarea, summary, label, [tabindex]";

struct PathElement {
    element: Element,
    /// Among its siblings.
    index: u32,
}

/// A focused element and its ancestors.
#[derive(Default)]
struct FocusPath {
    /// From the inside out, without the body.
    elements: Vec<PathElement>,
    /// Finds the element again in a new copy of its part of the page.
    identity: String,
}

#[derive(Default)]
struct Focus {
    now: FocusPath,
    before_dialog: FocusPath,
}

/// Watches the page for as long as it is open.
pub fn keep_focus() {
    let focus = Rc::new(RefCell::new(Focus::default()));
    let noted = Rc::clone(&focus);
    window_event_listener(ev::focusin, move |event| {
        if let Some(target) = element(event.target()) {
            noted.borrow_mut().note(target);
        }
    });
    let left = Rc::clone(&focus);
    window_event_listener(ev::pointerdown, move |event| {
        // A click on a free area gives the focus away on purpose.
        let takes_focus = |target: Element| target.closest(FOCUSABLE).ok().flatten().is_some();
        if !element(event.target()).is_some_and(takes_focus) {
            left.borrow_mut().now = FocusPath::default();
        }
    });
    let check = Closure::<dyn Fn()>::new(move || {
        let next = focus.borrow().replacement();
        if let Some(next) = next {
            give_focus(&next);
        }
    });
    let (Ok(observer), Some(body)) = (
        MutationObserver::new(check.as_ref().unchecked_ref()),
        document().body(),
    ) else {
        return;
    };
    let options = MutationObserverInit::new();
    options.set_child_list(true);
    options.set_subtree(true);
    options.set_attributes(true);
    options.set_attribute_filter(&js_sys::Array::from_iter(
        WATCHED.map(wasm_bindgen::JsValue::from_str),
    ));
    // Fails only without options.
    let _ = observer.observe_with_options(&body, &options);
    // The observer lives as long as the page.
    check.forget();
}

impl Focus {
    fn note(&mut self, target: Element) {
        let is_in_dialog = target.closest("dialog").ok().flatten().is_some();
        if !is_in_dialog {
            self.before_dialog = FocusPath::default();
        } else if self.now.dialog().is_none() {
            self.before_dialog = std::mem::take(&mut self.now);
        }
        self.now = FocusPath::new(target);
    }

    /// Returns the element that takes a lost focus. `None`: it is not lost, or its element may come back.
    fn replacement(&self) -> Option<Element> {
        let has_focus = |active: Element| active.tag_name() != "BODY" && is_visible(&active);
        let focused = &self.now.elements.first()?.element;
        if document().active_element().is_some_and(has_focus) {
            return None;
        }
        if is_visible(focused) {
            return (!focused.has_attribute("disabled")).then(|| focused.clone());
        }
        let path = match self.now.dialog().is_some_and(|dialog| !is_visible(dialog)) {
            true => &self.before_dialog,
            false => &self.now,
        };
        path.near()
    }
}

impl FocusPath {
    fn new(target: Element) -> Self {
        let identity = identity(&target);
        let around = std::iter::successors(Some(target), |element| element.parent_element());
        let around = around.take_while(|element| element.tag_name() != "BODY");
        let path_element = |element| PathElement {
            index: index(&element),
            element,
        };
        Self {
            elements: around.map(path_element).collect(),
            identity,
        }
    }

    fn dialog(&self) -> Option<&Element> {
        let mut elements = self.elements.iter().map(|place| &place.element);
        elements.find(|element| element.tag_name() == "DIALOG")
    }

    /// Returns the element that takes the focus: the same control in a new copy, what now stands in its place, or the
    /// start of the page. `None`: it is disabled for a moment.
    fn near(&self) -> Option<Element> {
        let Some(depth) = self.elements.iter().position(|place| is_visible(&place.element)) else {
            return document().get_element_by_id(START_OF_PAGE);
        };
        let around = &self.elements[depth].element;
        let Some(removed) = depth.checked_sub(1).map(|depth| &self.elements[depth]) else {
            return (!around.has_attribute("disabled")).then(|| around.clone());
        };
        let copy = self.elements[..depth]
            .iter()
            .rev()
            .try_fold(around.clone(), |parent, place| {
                parent.children().item(place.index)
            });
        let is_same = |copy: &Element| identity(copy) == self.identity && is_visible(copy);
        if let Some(copy) = copy.filter(is_same) {
            return Some(copy);
        }
        let children = around.children();
        let index = removed.index.min(children.length().saturating_sub(1));
        let neighbour = children.item(index).filter(is_visible);
        let part = neighbour.unwrap_or_else(|| around.clone()).closest(PARTS);
        part.ok().flatten()
    }
}

fn index(element: &Element) -> u32 {
    let before = std::iter::successors(
        element.previous_element_sibling(),
        Element::previous_element_sibling,
    );
    u32::try_from(before.count()).unwrap_or(u32::MAX)
}

fn identity(element: &Element) -> String {
    let attribute = |name: &str| element.get_attribute(name).unwrap_or_default();
    // The text of a whole part of the page is long, and its other attributes are enough.
    let is_control = element.matches("a, button, summary").unwrap_or_default();
    let text = is_control.then(|| element.text_content()).flatten();
    [
        element.tag_name(),
        attribute("id"),
        attribute("aria-label"),
        text.unwrap_or_default(),
    ]
    .join("\n")
}

/// An element that is not part of the page has no boxes either.
fn is_visible(element: &Element) -> bool {
    element.get_client_rects().length() > 0
}

fn give_focus(element: &Element) {
    let Some(element) = element.dyn_ref::<HtmlElement>() else {
        return;
    };
    if element.tab_index() < 0 && !element.has_attribute("tabindex") {
        // Fails only for an invalid name.
        let _ = element.set_attribute("tabindex", "-1");
    }
    // Fails only for an element that has been removed.
    let _ = element.focus();
}

fn element(target: Option<web_sys::EventTarget>) -> Option<Element> {
    target.and_then(|target| target.dyn_into().ok())
}
