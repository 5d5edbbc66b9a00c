//! The fixed texts of reports.

use crate::language::Language;

/// The texts in one language.
pub(super) struct Texts {
    pub(super) period: &'static str,
    /// Between the first and the last day of a period.
    pub(super) to: &'static str,
    pub(super) made_at: &'static str,
    pub(super) zone: &'static str,
    pub(super) figures: &'static str,
    pub(super) charts: &'static str,
    pub(super) day: &'static str,
    pub(super) month: &'static str,
    pub(super) number: &'static str,
    pub(super) others: &'static str,
    pub(super) no_value: &'static str,
    pub(super) nothing: &'static str,
    pub(super) footer: &'static str,
}

impl Texts {
    pub(super) fn new(language: Language) -> Self {
        match language {
            Language::English => Self {
                period: "Period",
                to: " – ",
                made_at: "Created",
                zone: "Time zone",
                figures: "Key figures",
                charts: "Overview",
                day: "Day",
                month: "Month",
                number: "Number",
                others: "Others",
                no_value: "No value",
                nothing: "None in this period.",
                footer: "All numbers in this report are of the moment at which it was created. Made with Decant.",
            },
            Language::Chinese => Self {
                period: "报告期间",
                to: " 至 ",
                made_at: "生成时间",
                zone: "时区",
                figures: "关键指标",
                charts: "概览",
                day: "日期",
                month: "月份",
                number: "数量",
                others: "其他",
                no_value: "无",
                nothing: "本期间没有记录。",
                footer: "本报告的所有数据均截至生成时间。由 Decant 生成。",
            },
            Language::Portuguese => Self {
                period: "Período",
                to: " a ",
                made_at: "Gerado em",
                zone: "Fuso horário",
                figures: "Indicadores principais",
                charts: "Visão geral",
                day: "Dia",
                month: "Mês",
                number: "Quantidade",
                others: "Outros",
                no_value: "Sem valor",
                nothing: "Nenhum registro neste período.",
                footer: "Todos os números deste relatório são do momento em que ele foi gerado. Feito com Decant.",
            },
        }
    }
}

/// Returns the line behind a table that does not show all rows.
pub(super) fn more(language: Language, number: u64) -> String {
    let number = language.integer(number);
    match language {
        Language::English => format!("and {number} more"),
        Language::Chinese => format!("另有 {number} 条"),
        Language::Portuguese => format!("e mais {number}"),
    }
}
