//! The figures of all rows of the selection.

use api::datasets::{Figure, FigureFormat, Summary};
use leptos::prelude::*;

use crate::dataset_view::DatasetView;
use crate::wording::cells;

#[component]
pub fn FigureStrip(view: DatasetView) -> impl IntoView {
    let figures = view.dataset.with_value(|dataset| dataset.figures.clone());
    // The number of rows alone stands beside the heading.
    (figures.len() > 1).then(|| {
        let figures = figures.into_iter().map(|figure| view! { <FigureItem view figure/> });
        let is_counting = move || view.summary.is_busy().to_string();
        view! {
            <dl class="figures strip" aria-busy=is_counting data-testid="figures">{figures.collect_view()}</dl>
        }
    })
}

#[component]
fn FigureItem(view: DatasetView, figure: Figure) -> impl IntoView {
    let Figure {
        name, label, format, ..
    } = figure;
    let testid = format!("figure-{name}");
    let value = Memo::new(move |_| {
        let is_current = !view.summary.is_busy() && view.summary.problem().is_none();
        view.summary
            .with(|summary| Figures::of(summary.filter(|_| is_current)?, &name))
    });
    let text = move || match value.get() {
        Some(value) => value.text(format),
        None if view.summary.is_busy() => "…".to_owned(),
        None => cells::NO_VALUE.to_owned(),
    };
    view! {
        <div>
            <dt>{label}</dt>
            <dd title=move || value.get().map(|value| value.exact) data-testid=testid>{text}</dd>
        </div>
    }
}

/// A figure's value, and that of the first figure, of which it may be a part.
#[derive(Clone, PartialEq)]
struct Figures {
    exact: String,
    first: String,
}

impl Figures {
    fn of(summary: &Summary, name: &str) -> Option<Self> {
        let named = summary.figures.iter().find(|figure| figure.name == name)?;
        Some(Self {
            exact: named.value.clone()?,
            first: summary.figures.first()?.value.clone().unwrap_or_default(),
        })
    }

    fn text(&self, format: FigureFormat) -> String {
        match format {
            FigureFormat::Number => cells::number(&self.exact),
            FigureFormat::Compact => cells::compact(&self.exact),
            FigureFormat::Usd => cells::usd(&self.exact),
            FigureFormat::Share => cells::share(&self.exact, &self.first),
        }
    }
}
