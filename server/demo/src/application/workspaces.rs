//! Workspaces, their members and brands: few rows, the same in a demo of any size.

use crate::copy_text::CopyText;
use crate::dice::Dice;
use crate::people::USER_ID;
use crate::plan::Plan;
use crate::uuid::Uuid;

use super::brand_texts::SOURCES;

/// Name, address, owner and quota in bytes.
const WORKSPACES: [(&str, &str, i32, Option<i64>); 3] = [
    ("Acme Brand Protection", "acme", USER_ID, Some(1 << 30)),
    ("北极星 品牌保护", "polaris", 5, None),
    ("=Contoso \"Legal\", <b>EMEA</b>", "contoso", 7, Some(64 << 20)),
];

/// The position of a workspace, a user and a role. The ordinary user is in two workspaces; user 10 is in none.
const MEMBERS: [(usize, i32, &str); 10] = [
    (0, USER_ID, "OWNER"),
    (0, 3, "ADMIN"),
    (0, 4, "MEMBER"),
    (1, 5, "OWNER"),
    (1, 6, "ADMIN"),
    (1, USER_ID, "MEMBER"),
    (2, 7, "OWNER"),
    (2, 8, "ADMIN"),
    (2, 9, "MEMBER"),
    (2, 11, "MEMBER"),
];

/// The position of a workspace, and a name. Two workspaces have a brand of the same name.
const BRANDS: [(usize, &str); 12] = [
    (0, "Northwind"),
    (0, "Fabrikam"),
    (0, "Litware, Inc."),
    (0, "=Tailspin"),
    (0, "Wingtip \"Toys\""),
    (1, "Northwind"),
    (1, "山茶花"),
    (1, "نجمة الشمال"),
    (1, "Adatum\nStudio"),
    (2, "Contoso"),
    (2, "Proseware 🦀"),
    (2, "@Fourth | Coffee"),
];

pub(super) const WORKSPACE_COLUMNS: &str = "id, name, slug, owner_id, storage_quota, created_at, updated_at";
pub(super) const MEMBER_COLUMNS: &str = "workspace_id, user_id, role, created_at";
pub(super) const BRAND_COLUMNS: &str =
    "id, workspace_id, name, description, website, priority, status, created_at";
pub(super) const MONITOR_COLUMNS: &str = "id, workspace_id, brand_id, source, status, created_at";

/// A brand of a workspace, with the monitors that watch it.
pub(super) struct Brand {
    pub(super) id: Uuid,
    pub(super) workspace: Uuid,
    pub(super) monitors: [Uuid; 2],
}

/// The ids of workspaces and brands.
pub(super) struct Owners {
    workspaces: [Uuid; WORKSPACES.len()],
    pub(super) brands: Vec<Brand>,
    /// The beginning of the demo.
    since: i64,
}

impl Owners {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut dice = Dice::new(plan.seed.wrapping_add(16_001));
        let workspaces = WORKSPACES.map(|_| Uuid::new(&mut dice));
        let brand = |(workspace, _): &(usize, &str)| Brand {
            id: Uuid::new(&mut dice),
            workspace: workspaces[*workspace],
            monitors: [Uuid::new(&mut dice), Uuid::new(&mut dice)],
        };
        Self {
            workspaces,
            brands: BRANDS.iter().map(brand).collect(),
            since: plan.period.start(),
        }
    }

    pub(super) fn write_workspaces(&self, rows: &mut CopyText) {
        for (id, (name, slug, owner, quota)) in self.workspaces.iter().zip(WORKSPACES) {
            rows.written(format_args!("{id}"))
                .text(name)
                .plain(slug)
                .number(owner.into())
                .or_null(quota, CopyText::number)
                .time(self.since)
                .time(self.since)
                .end_row();
        }
    }

    pub(super) fn write_members(&self, rows: &mut CopyText) {
        for (workspace, user, role) in MEMBERS {
            rows.written(format_args!("{}", self.workspaces[workspace]))
                .number(user.into())
                .plain(role)
                .time(self.since)
                .end_row();
        }
    }

    pub(super) fn write_brands(&self, rows: &mut CopyText) {
        for (at, (brand, (_, name))) in (1..).zip(self.brands.iter().zip(BRANDS)) {
            rows.written(format_args!("{}", brand.id))
                .written(format_args!("{}", brand.workspace))
                .text(name);
            match at % 3 {
                0 => rows.null(),
                _ => rows.text(&format!("The brand \"{name}\", watched since the beginning")),
            };
            rows.written(format_args!("https://brand{at}.example/"))
                .number(1 + at % 5)
                .plain(if at == 12 { "paused" } else { "active" })
                .time(self.since)
                .end_row();
        }
    }

    pub(super) fn write_monitors(&self, rows: &mut CopyText) {
        for (at, brand) in self.brands.iter().enumerate() {
            for (turn, monitor) in brand.monitors.iter().enumerate() {
                let status = match (at, turn) {
                    (2, 1) => "paused",
                    (7, 0) => "error",
                    _ => "active",
                };
                rows.written(format_args!("{monitor}"))
                    .written(format_args!("{}", brand.workspace))
                    .written(format_args!("{}", brand.id))
                    .plain(SOURCES[(2 * at + turn) % SOURCES.len()])
                    .plain(status)
                    .time(self.since)
                    .end_row();
            }
        }
    }
}
