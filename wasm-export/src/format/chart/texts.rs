//! The fixed texts of charts.

use crate::language::Language;

/// The texts in one language.
pub(super) struct Texts {
    pub(super) total: &'static str,
    pub(super) maximum: &'static str,
    pub(super) period: &'static str,
    pub(super) show_as_table: &'static str,
    pub(super) nothing: &'static str,
}

impl Texts {
    pub(super) fn new(language: Language) -> Self {
        match language {
            Language::English => Self {
                total: "Total",
                maximum: "Highest",
                period: "Period",
                show_as_table: "Show as table",
                nothing: "Nothing in this period",
            },
            Language::Chinese => Self {
                total: "合计",
                maximum: "最高",
                period: "期间",
                show_as_table: "以表格显示",
                nothing: "本期间无数据",
            },
            Language::Portuguese => Self {
                total: "Total",
                maximum: "Máximo",
                period: "Período",
                show_as_table: "Mostrar como tabela",
                nothing: "Nada neste período",
            },
        }
    }
}
