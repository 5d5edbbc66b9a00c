//! Facts that the page reads from the visitor's browser: time zone, language, clock.

use api::Timestamp;
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_export::Zone;

use crate::{wall_time, wording};

/// CSS pixels. The same width as in `styles/narrow.css`.
const WIDE_PX_MIN: u32 = 800;

/// Returns the browser's IANA zone, or `None` if the formatter does not know it.
pub fn zone() -> Option<String> {
    let format = Intl::DateTimeFormat::new(&Array::new(), &Object::new());
    let name = Reflect::get(&format.resolved_options(), &"timeZone".into())
        .ok()?
        .as_string()?;
    is_known(&name).then_some(name)
}

/// Returns the zones that both the browser and the formatter know.
pub fn zones() -> Vec<String> {
    let names = || -> Result<Array, JsValue> {
        // `Intl.supportedValuesOf` is missing in older browsers, and in js-sys.
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

/// Formats a time as the tables do, in the browser's zone, and names the zone.
pub fn moment(time: Timestamp) -> String {
    wording::moment_in(time, &zone().unwrap_or_else(|| "UTC".to_owned()))
}

/// Reads a time without a zone (`2026-01-28T12:00`) by the clock of the browser; `None` if it is no time.
pub fn time_of(text: &str) -> Option<Timestamp> {
    let time = Date::new(&text.into());
    let is_time = !time.get_time().is_nan();
    let text = String::from(is_time.then(|| time.to_iso_string())?);
    text.parse().ok()
}

/// Returns tomorrow at two by the clock of a zone, as `<input type="datetime-local">` takes it.
pub fn next_night(zone: &str) -> String {
    const DAY_SECONDS: i64 = 24 * 60 * 60;
    let tomorrow = Timestamp::from_second(now_seconds() + DAY_SECONDS).unwrap_or_default();
    let mut text = wall_time::in_zone(tomorrow, zone);
    text.truncate("2026-01-28".len());
    text + "T02:00"
}

/// Returns the time in RFC 3339.
pub fn now() -> String {
    Date::new_0().to_iso_string().into()
}

/// Returns seconds since 1970-01-01 in UTC, by the clock of the visitor's machine.
pub fn now_seconds() -> i64 {
    // The cast loses the fraction only.
    (Date::now() / 1_000.0) as i64
}

/// Returns the time `days` × 24 h ago, in RFC 3339.
pub fn days_ago(days: u32) -> String {
    const DAY_MS: f64 = 24.0 * 60.0 * 60.0 * 1_000.0;
    let time = Date::new(&(Date::now() - f64::from(days) * DAY_MS).into());
    time.to_iso_string().into()
}

/// Returns the start of a day (`2026-01-28`) in the browser's zone as RFC 3339; `None` if it is no date.
pub fn start_of_day(day: &str) -> Option<String> {
    // JavaScript reads a time without an offset in the browser's zone.
    let time = Date::new(&format!("{day}T00:00:00").into());
    (!time.get_time().is_nan()).then(|| time.to_iso_string().into())
}

/// Returns a BCP 47 tag.
pub fn language() -> String {
    window().navigator().language().unwrap_or_default()
}

pub fn has_wide_screen() -> bool {
    let query = format!("(min-width: {WIDE_PX_MIN}px)");
    window()
        .match_media(&query)
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

/// Returns a signal of [`has_wide_screen`] that follows the size of the window while its owner exists.
pub fn wide_screen() -> ReadSignal<bool> {
    let (is_wide, set_wide) = signal(has_wide_screen());
    let listener = window_event_listener(ev::resize, move |_| {
        let now = has_wide_screen();
        if is_wide.get_untracked() != now {
            set_wide.set(now);
        }
    });
    on_cleanup(move || listener.remove());
    is_wide
}

/// Milliseconds of a monotonic clock; the time of day may be set back.
pub fn now_ms() -> f64 {
    window()
        .performance()
        .map_or_else(Date::now, |performance| performance.now())
}

/// Returns 48 random hexadecimal digits; `None` if the browser has no source of randomness.
pub fn secret() -> Option<String> {
    let mut bytes = [0_u8; 24];
    let crypto = window().crypto().ok()?;
    crypto.get_random_values_with_u8_array(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn is_known(zone: &str) -> bool {
    zone.parse::<Zone>().is_ok()
}
