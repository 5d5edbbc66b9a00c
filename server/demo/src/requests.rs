//! The rows of `message_request`.

use std::fmt::Write;

use super::calendar::{Calendar, DAY_MICROSECONDS};
use super::case::Case;
use super::chain::{Sent, chain, chain_of};
use super::choice::Choice;
use super::copy_text::CopyText;
use super::dice::Dice;
use super::error::DemoError;
use super::outcome::{Outcome, Usage};
use super::people::Key;
use super::plan::Plan;
use super::providers::{Family, Model, Provider};
use super::scale::{Scale, Weights};
use super::share::Share;
use super::texts;
use super::totals::Totals;
use super::traffic::{Session, Traffic};
use super::usd::Usd;

/// The columns that [`Requests::write_next`] writes. The others keep their defaults.
pub(crate) const COLUMNS: &str = "id, created_at, updated_at, deleted_at, \
     user_id, key, session_id, request_sequence, session_identity, session_identity_kind, user_agent, client_ip, \
     messages_count, endpoint, api_type, \
     provider_id, original_model, model, actual_response_model, cost_multiplier, group_cost_multiplier, provider_chain, \
     status_code, duration_ms, ttfb_ms, first_byte_ms, error_message, error_stack, error_cause, blocked_by, blocked_reason, \
     input_tokens, output_tokens, cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, \
     cache_creation_input_tokens, cache_read_input_tokens, cache_ttl_applied, context_1m_applied, cost_usd, \
     cost_breakdown, special_settings, is_replay, replay_source_request_id";

/// Generates rows in the order of their ids. Its memory does not depend on their number.
#[derive(Debug)]
pub(crate) struct Requests {
    dice: Dice,
    calendar: Calendar,
    traffic: Traffic,
    choice: Choice,
    errors: Option<Share>,
    first_id: i64,
    count: u64,
    made: u64,
    /// The time of the row before, in microseconds since 1970. Some rows repeat it.
    previous: i64,
    json: String,
    costs: Costs,
    totals: Totals,
}

/// What becomes of the costs that the prices give.
#[derive(Debug)]
enum Costs {
    Kept,
    /// They are only looked at, in a first pass.
    Weighed(Weights),
    Scaled(Scale),
}

impl Costs {
    fn take(&mut self, cost: Usd) -> Usd {
        match self {
            Self::Kept => cost,
            Self::Weighed(weights) => {
                weights.add(cost);
                cost
            }
            Self::Scaled(scale) => scale.scaled(cost),
        }
    }
}

/// The provider that a request went to.
struct Route {
    provider_id: i64,
    provider: &'static Provider,
    /// The factor of the user's group, in ten-thousandths.
    group_multiplier: u64,
}

impl Requests {
    /// Generates the plan's rows with ids from `first_id`, for these keys. A sum of the costs takes a first pass over all rows.
    ///
    /// # Errors
    /// [`DemoError::NoCosts`] and [`DemoError::CostOfRow`] if the rows cannot have the plan's sum of costs.
    pub(crate) fn new(plan: &Plan, first_id: i64, keys: Vec<Key>) -> Result<Self, DemoError> {
        let Some(total) = plan.total_cost else {
            return Ok(Self::with_costs(plan, first_id, keys, Costs::Kept));
        };
        let first_pass = Costs::Weighed(Weights::default());
        let mut weighed = Self::with_costs(plan, first_id, keys.clone(), first_pass);
        weighed.skip_all();
        let Costs::Weighed(weights) = weighed.costs else {
            return Err(DemoError::NoCosts);
        };
        let scale = Scale::new(total, &weights)?;
        Ok(Self::with_costs(plan, first_id, keys, Costs::Scaled(scale)))
    }

    fn with_costs(plan: &Plan, first_id: i64, keys: Vec<Key>, costs: Costs) -> Self {
        // The first id is part of the seed, so that rows added later differ from those before.
        let mut dice = Dice::new(plan.seed ^ (first_id.cast_unsigned() << 20));
        let calendar = Calendar::new(plan.period);
        let traffic = Traffic::new(&mut dice, keys, plan.choice.clone());
        let previous = calendar.time(0);
        Self {
            dice,
            calendar,
            traffic,
            choice: plan.choice.clone(),
            errors: plan.errors,
            first_id,
            count: plan.rows,
            made: 0,
            previous,
            json: String::new(),
            costs,
            totals: Totals::default(),
        }
    }

    /// Returns the sums of the rows so far.
    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Generates all rows for their sums only.
    pub(crate) fn skip_all(&mut self) {
        let mut row = CopyText::default();
        while !self.is_done() {
            row.clear();
            self.write_next(&mut row);
        }
    }

    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    pub(crate) fn is_done(&self) -> bool {
        self.made == self.count
    }

    /// Writes the next row.
    pub(crate) fn write_next(&mut self, row: &mut CopyText) {
        let id = self.first_id + self.made.cast_signed();
        let case = Case::of_row(self.made, self.count, self.errors.is_some());
        let at = self.time();
        let dice = &mut self.dice;
        let session = self.traffic.next(dice);
        let drawn = Outcome::of(session.model, self.errors, dice);
        let outcome = case.and_then(Case::outcome).unwrap_or(drawn);
        let route = route(&self.choice, session.model, dice);
        let duration_ms = dice.skewed(180, 600_000) as i64;

        // Three rows of a load have no time, which the hub's schema allows.
        let has_time = self.count < 100 || !(1..4).any(|place| self.made == place * self.count / 4);
        row.number(id)
            .or_null(has_time.then_some(at), CopyText::time)
            .time(at + duration_ms * 1000);
        let is_deleted = dice.once_in(100) || case == Some(Case::Deleted);
        row.or_null(is_deleted.then(|| at + DAY_MICROSECONDS), CopyText::time);
        let session_id = session.id.as_deref().filter(|_| case != Some(Case::NoSession));
        write_session(row, session, session_id, self.made * 2 > self.count, dice);
        let redirect = self.choice.may_redirect();
        write_route(row, &route, session.model, &outcome, redirect, dice);
        let sent = Sent {
            choice: &self.choice,
            model: session.model,
            last: route.provider_id,
            outcome: &outcome,
            at,
        };
        let chain = match case {
            Some(Case::NoChain) => None,
            Some(Case::OldChain) => Some("{}"),
            Some(Case::Retried) => Some(chain_of(3, &mut self.json, &sent, dice)),
            _ => chain(&mut self.json, &sent, dice),
        };
        row.or_null(chain, CopyText::text);
        write_end(row, &outcome, duration_ms, dice);
        let price = outcome
            .usage()
            .map(|usage| usage.cost(session.model, route.provider, route.group_multiplier));
        let is_priced = outcome.usage().is_some_and(|usage| usage.input.is_some()) && !dice.once_in(300);
        let cost = price.filter(|_| is_priced).map(|price| self.costs.take(price));
        write_usage(row, &outcome, cost, dice, &mut self.json);
        self.totals.add(&outcome, cost);
        write_rest(row, id, dice);
        row.end_row();
        self.made += 1;
    }

    /// Returns the time of the next row: mostly later than the row before, sometimes equal or earlier.
    fn time(&mut self) -> i64 {
        let position = ((self.made << 32) + self.dice.below(Calendar::WHOLE)) / self.count;
        let at = match self.dice.below(100) {
            0..2 => self.previous,
            2..8 => self.calendar.time(position) - self.dice.below(90_000_000) as i64,
            _ => self.calendar.time(position) - self.dice.below(2_000) as i64,
        };
        let at = at.max(self.calendar.start());
        self.previous = at;
        at
    }
}

fn route(choice: &Choice, model: &Model, dice: &mut Dice) -> Route {
    let (provider_id, provider) = choice.provider_of(model, dice);
    let group_multiplier = dice.pick(&[10_000, 10_000, 10_000, 9_137, 12_500]);
    Route {
        provider_id,
        provider,
        group_multiplier,
    }
}

fn write_session(
    row: &mut CopyText,
    session: &Session,
    id: Option<&str>,
    has_identity: bool,
    dice: &mut Dice,
) {
    row.number(session.user_id.into()).plain(&session.key);
    row.or_null(id, CopyText::plain).number(session.requests);
    let identity = id.filter(|_| has_identity);
    row.or_null(identity, CopyText::plain)
        .or_null(identity.map(|_| "session_id"), CopyText::plain);
    row.or_null(session.user_agent, CopyText::text)
        .plain(&session.client_ip)
        .number(session.requests * 2 - 1);
    let counts_tokens = session.model.family == Family::Claude && dice.once_in(12);
    match dice.below(300) {
        0 => row.null(),
        _ if counts_tokens => row.plain("/v1/messages/count_tokens"),
        _ => row.plain(&session.endpoint),
    };
    row.or_null(
        (session.model.family == Family::Gpt).then_some("response"),
        CopyText::plain,
    );
}

/// Writes the route. A blocked request has provider 0, and no model if it was blocked before its model was read.
fn write_route(
    row: &mut CopyText,
    route: &Route,
    model: &Model,
    outcome: &Outcome,
    may_redirect: bool,
    dice: &mut Dice,
) {
    if let Outcome::Blocked(_) = outcome {
        row.number(0)
            .nulls(1)
            .or_null(dice.once_in(2).then_some(model.name), CopyText::plain)
            .nulls(3);
        return;
    }
    let is_glm = route.provider.multiplier == 1_517;
    let sent = match dice.below(60) {
        _ if !may_redirect => model.name,
        _ if is_glm => "glm-4.6",
        0 if model.family == Family::Claude => "claude-sonnet-4-20250514",
        _ => model.name,
    };
    row.number(route.provider_id);
    row.or_null((!dice.once_in(30)).then_some(model.name), CopyText::plain)
        .plain(sent);
    row.or_null(dice.once_in(4).then_some(sent), CopyText::plain);
    for multiplier in [route.provider.multiplier, route.group_multiplier] {
        row.written(format_args!("{}.{:04}", multiplier / 10_000, multiplier % 10_000));
    }
}

/// Writes status, times and error messages.
fn write_end(row: &mut CopyText, outcome: &Outcome, duration_ms: i64, dice: &mut Dice) {
    row.or_null(outcome.status(), CopyText::number);
    let first_byte_ms = matches!(outcome, Outcome::Answered(_)).then_some(duration_ms / 7 + 40);
    row.or_null(
        (outcome.status().is_some() && !dice.once_in(200)).then_some(duration_ms),
        CopyText::number,
    );
    row.or_null(first_byte_ms.map(|ms| ms + 13), CopyText::number)
        .or_null(first_byte_ms, CopyText::number);
    match outcome {
        Outcome::Blocked((by, _, reason)) => row.nulls(3).plain(by).text(reason),
        Outcome::Failed(_, message) => {
            row.text(message);
            row.or_null(dice.once_in(3).then(|| dice.pick(&texts::STACKS)), CopyText::text);
            row.or_null(dice.once_in(3).then(|| dice.pick(&texts::CAUSES)), CopyText::text)
                .nulls(2)
        }
        Outcome::Answered(_) => row.nulls(5),
    };
}

/// Writes the tokens and their cost.
fn write_usage(row: &mut CopyText, outcome: &Outcome, cost: Option<Usd>, dice: &mut Dice, json: &mut String) {
    let Outcome::Answered(usage) = outcome else {
        // A failed request has no cost. The hub writes 0 for a request with a status, and null for one without.
        row.nulls(7)
            .boolean(false)
            .or_null(outcome.status().map(|_| "0"), CopyText::plain)
            .null();
        return;
    };
    let tokens = |row: &mut CopyText, tokens: Option<u64>| {
        row.or_null(tokens.map(u64::cast_signed), CopyText::number);
    };
    let (written, has_split) = (usage.cache_written(), usage.has_split());
    for count in [
        usage.input,
        usage.output,
        usage.cache_write_5m.filter(|_| has_split),
        usage.cache_write_1h.filter(|_| has_split),
        written,
        usage.cache_read,
    ] {
        tokens(row, count);
    }
    row.or_null(
        written.map(|_| dice.pick(&["5m", "1h", "mixed"])),
        CopyText::plain,
    );
    row.boolean(usage.cache_read > Some(150_000));
    row.or_null(cost, |row, cost| row.written(format_args!("{cost}")));
    let broken_down = cost.filter(|_| dice.once_in(8));
    row.or_null(
        broken_down.map(|cost| breakdown(json, usage, cost)),
        CopyText::plain,
    );
}

fn breakdown<'a>(json: &'a mut String, usage: &Usage, total: Usd) -> &'a str {
    json.clear();
    let _ = write!(
        json,
        r#"{{"total": "{total}", "base_total": "{total}", "input_tokens": {}, "output_tokens": {}}}"#,
        usage.input.unwrap_or(0),
        usage.output.unwrap_or(0),
    );
    json
}

fn write_rest(row: &mut CopyText, id: i64, dice: &mut Dice) {
    let special = dice.once_in(30).then_some(
        r#"[{"type": "provider_parameter_override", "scope": "provider", "hit": true, "changes": [{"path": "temperature", "before": 0.70, "after": null}]}]"#,
    );
    row.or_null(special, CopyText::plain);
    let replayed = (id > 10 && dice.once_in(500)).then(|| id - 1 - dice.below(9) as i64);
    row.boolean(replayed.is_some())
        .or_null(replayed, CopyText::number);
}
