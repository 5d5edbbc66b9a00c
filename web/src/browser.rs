//! What the page knows of the visitor's browser.

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_export::{LocalTime, Zone};

/// Below this width (CSS pixels) the page is one narrow column.
const WIDE_PX_MIN: u32 = 800;

/// The visitor's zone, if the formatter knows it.
#[must_use]
pub fn zone() -> Option<String> {
    let format = Intl::DateTimeFormat::new(&Array::new(), &Object::new());
    let name = Reflect::get(&format.resolved_options(), &"timeZone".into())
        .ok()?
        .as_string()?;
    is_known(&name).then_some(name)
}

/// All zones that both the browser and the formatter know.
#[must_use]
pub fn zones() -> Vec<String> {
    let names = || -> Result<Array, JsValue> {
        // Not in every browser, so not in js-sys either.
        let intl = Reflect::get(&js_sys::global(), &"Intl".into())?;
        let list: Function = Reflect::get(&intl, &"supportedValuesOf".into())?.dyn_into()?;
        list.call1(&intl, &"timeZone".into())?.dyn_into()
    };
    let names = names().unwrap_or_default();
    names
        .iter()
        .filter_map(|name| name.as_string())
        .filter(|name| is_known(name))
        .collect()
}

/// The time on the visitor's wall.
#[must_use]
pub fn local_time() -> LocalTime {
    let now = Date::new_0();
    // A Date's parts are all within these types: months to 11, seconds to 59.
    LocalTime {
        year: now.get_full_year() as u16,
        month: now.get_month() as u8 + 1,
        day: now.get_date() as u8,
        hour: now.get_hours() as u8,
        minute: now.get_minutes() as u8,
        second: now.get_seconds() as u8,
    }
}

/// A moment (RFC 3339) as the visitor's clock and language have it.
#[must_use]
pub fn moment(time: &str) -> String {
    let time = Date::new(&time.into());
    time.to_locale_string(&language(), &JsValue::UNDEFINED).into()
}

/// The moment so many days ago (RFC 3339).
#[must_use]
pub fn days_ago(days: u32) -> String {
    const DAY_MS: f64 = 24.0 * 60.0 * 60.0 * 1_000.0;
    let time = Date::new(&(Date::now() - f64::from(days) * DAY_MS).into());
    time.to_iso_string().into()
}

/// The moment at which a day (`2026-01-28`) begins on the visitor's clock (RFC 3339), if it is one.
#[must_use]
pub fn start_of_day(day: &str) -> Option<String> {
    // A time without a zone is one of the visitor's.
    let time = Date::new(&format!("{day}T00:00:00").into());
    (!time.get_time().is_nan()).then(|| time.to_iso_string().into())
}

/// The visitor's language, a BCP 47 tag.
#[must_use]
pub fn language() -> String {
    window().navigator().language().unwrap_or_default()
}

/// Whether there is room for more than one column.
#[must_use]
pub fn has_wide_screen() -> bool {
    let query = format!("(min-width: {WIDE_PX_MIN}px)");
    window()
        .match_media(&query)
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

/// Milliseconds since the page was opened; unlike the time of day they only ever grow.
#[must_use]
pub fn now_ms() -> f64 {
    window()
        .performance()
        .map_or_else(Date::now, |performance| performance.now())
}

fn is_known(zone: &str) -> bool {
    zone.parse::<Zone>().is_ok()
}
