//! The dataset `audit-log`: audit records of the state database, all for administrators, those of a workspace for its own.

use std::io::Read as _;

use decant::auth::Caller;
use decant::datasets::{Catalog, Query, Selection};
use decant::hub_tables::HubTables;
use decant::source::Limits;
use decant::state::{Options, RunningDatabase, State};
use decant_tests::app::App;
use decant_tests::cluster::Cluster;
use decant_tests::database::Database;
use decant_tests::definitions::Definitions;
use decant_tests::exports::{Exports, PATIENCE, create, wait_until};
use decant_tests::patience::wait_for;
use decant_tests::workspaces::{
    self, ACME, ADMIN, BETA, MEMBER, NOBODY, OWNER, OWNER_OF_BETA, requests, user,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::{each, joined_rows};

/// A record of the export with this id.
const EXPORT: &str = "00000000-0000-4000-8000-0000000000e1";

/// Adds records of last year: three of ACME, two of BETA, two of no workspace.
async fn add_records(state: &Database) {
    let record = |time: &str, action: &str, caller: &str, details: Value| {
        let caller = caller.replace('\'', "''");
        format!("('2025-01-{time}Z', '{action}', 'INFO', '{caller}', 'r1', '{details}')")
    };
    let records = [
        record(
            "01 10:00",
            "t_made",
            "Ada",
            json!({ "workspace": ACME, "export": EXPORT }),
        ),
        record(
            "02 10:00",
            "t_made",
            "=cmd|'/c calc'!A1",
            json!({ "workspace": ACME }),
        ),
        record("03 10:00", "t_gone", "Ada", json!({ "workspace": ACME })),
        record("02 11:00", "t_made", "Bea", json!({ "workspace": BETA })),
        record("04 10:00", "t_left", "Bea", json!({ "workspace": BETA })),
        record("05 10:00", "t_made", "Root", json!({})),
        // Only a text is the id of a workspace.
        record(
            "06 10:00",
            "t_made",
            "Root",
            json!({ "workspaces": [ACME], "note": ACME }),
        ),
    ];
    let insert = "insert into decant.audit (at, action, level, caller, request, details) values ";
    state.execute(format!("{insert}{}", records.join(", "))).await;
}

async fn start() -> Exports {
    let settings = [("DECANT_MEMBERSHIP_SECONDS", "0")];
    let exports = Exports::start_on(workspaces::database().await, &settings).await;
    add_records(&exports.state).await;
    exports
}

/// The records of this test are older than those that its requests make.
const OLD: (&str, &str) = ("end", "2025-12-31T00:00:00Z");

#[tokio::test]
async fn a_workspace_sees_its_own_records_and_an_administrator_all() {
    let exports = start().await;
    let rows = async |actor: &decant_tests::actors::Actor, workspace: Option<&str>| {
        let mut request = actor.rows("audit-log").query(OLD.0, OLD.1);
        if let Some(workspace) = workspace {
            request = request.query("workspace", workspace);
        }
        joined_rows(request, "at,action,level,caller,request").await
    };
    let of_acme = [
        "2025-01-03 10:00:00+00|t_gone|INFO|Ada|r1",
        "2025-01-02 10:00:00+00|t_made|INFO|=cmd|'/c calc'!A1|r1",
        "2025-01-01 10:00:00+00|t_made|INFO|Ada|r1",
    ];
    for id in [ADMIN, OWNER] {
        assert_eq!(rows(&user(&exports.app, id), Some(ACME)).await, of_acme);
    }
    let of_beta = rows(&user(&exports.app, OWNER_OF_BETA), Some(BETA)).await;
    assert_eq!(of_beta.len(), 2, "{of_beta:?}");
    assert!(of_beta.iter().all(|row| row.contains("Bea")), "{of_beta:?}");
    let admin = exports.app.admin();
    assert_eq!(rows(&admin, Some(ACME)).await, of_acme);
    assert_eq!(rows(&admin, None).await.len(), 7);

    // At each address: a workspace's own rows, or no answer.
    let owner = user(&exports.app, OWNER);
    for (address, request) in requests(&owner, "audit-log") {
        if address == "options" {
            continue;
        }
        let answer = request.query("workspace", ACME).answer().await.good();
        let text = String::from_utf8_lossy(&answer.decompressed()).into_owned();
        assert!(
            !text.contains("Bea") && !text.contains("Root"),
            "{address}: {text}"
        );
    }
    let counted: Value = owner
        .count("audit-log")
        .queries(&[OLD, ("workspace", ACME)])
        .answer()
        .await
        .good()
        .json();
    assert_eq!(counted["rows"], 3);
}

#[tokio::test]
async fn a_lower_role_a_stranger_and_somebody_without_a_workspace_are_refused() {
    let exports = start().await;
    for (id, workspace, code) in [
        (MEMBER, ACME, "role_too_low"),
        (NOBODY, ACME, "not_a_member"),
        (OWNER_OF_BETA, ACME, "not_a_member"),
        (OWNER, BETA, "not_a_member"),
    ] {
        let actor = user(&exports.app, id);
        for (_, mut request) in requests(&actor, "audit-log") {
            request = request.query("workspace", workspace);
            request.answer().await.problem(403, code);
        }
    }
    let nowhere = user(&exports.app, OWNER).rows("audit-log").answer().await;
    assert_eq!(
        nowhere.problem(400, "invalid_parameter").field.as_deref(),
        Some("workspace")
    );

    let listed = async |id| {
        let listed: Value = user(&exports.app, id).datasets().answer().await.good().json();
        each(&listed["datasets"], "name").contains(&"audit-log".to_owned())
    };
    assert!(listed(ADMIN).await && !listed(MEMBER).await && !listed(NOBODY).await);
    // Administrators need no workspace, and others do.
    for (actor, needed) in [(exports.app.admin(), false), (user(&exports.app, ADMIN), true)] {
        let described: Value = actor.dataset("audit-log").answer().await.good().json();
        assert_eq!(described["workspace"].as_bool().unwrap_or_default(), needed);
    }
}

#[tokio::test]
async fn filters_narrow_the_records_and_options_are_those_of_the_workspace() {
    let exports = start().await;
    let (admin, owner) = (exports.app.admin(), user(&exports.app, OWNER));
    for (filters, expected) in [
        (&[("action", "t_gone,t_left")][..], "t_left t_gone"),
        (&[("caller", "Bea")], "t_left t_made"),
        (&[("start", "2025-01-05T00:00:00Z")], "t_made t_made"),
        (&[("end", "2025-01-02T00:00:00Z")], "t_made"),
        (&[("export", EXPORT)], "t_made"),
        (&[("export", NOT_THERE)], ""),
    ] {
        let request = admin.rows("audit-log").queries(filters).queries(&[OLD]);
        let request = match filters.iter().any(|(name, _)| *name == "end") {
            true => admin.rows("audit-log").queries(filters),
            false => request,
        };
        assert_eq!(
            joined_rows(request, "action").await.join(" "),
            expected,
            "{filters:?}"
        );
    }
    let wrong = admin.rows("audit-log").query("export", "x").answer().await;
    assert_eq!(
        wrong.problem(400, "invalid_parameter").field.as_deref(),
        Some("export")
    );

    let options = async |filter: &str, workspace: &str| {
        let request = owner.options("audit-log", filter).query("workspace", workspace);
        let options: Value = request.answer().await.good().json();
        each(&options["options"], "value")
    };
    let callers = options("caller", ACME).await;
    assert!(callers.contains(&"Ada".to_owned()), "{callers:?}");
    assert!(
        !callers.iter().any(|caller| caller == "Bea" || caller == "Root"),
        "{callers:?}"
    );
    let actions = options("action", ACME).await;
    assert!(actions.contains(&"t_gone".to_owned()) && !actions.contains(&"t_left".to_owned()));
}

/// No record names this export.
const NOT_THERE: &str = "00000000-0000-4000-8000-0000000000e2";

#[tokio::test]
async fn the_workspace_exports_it_at_once_and_in_the_background_and_formulas_are_guarded() {
    let exports = start().await;
    let owner = user(&exports.app, OWNER);
    let body = json!({ "resourceType": "audit-log", "format": "csv", "startDate": "2025-01-01", "endDate": "2025-12-31" });
    let refused = user(&exports.app, MEMBER)
        .export_workspace(ACME, &body)
        .answer()
        .await;
    refused.problem(403, "role_too_low");
    let stranger = user(&exports.app, OWNER_OF_BETA);
    stranger
        .export_workspace(ACME, &body)
        .answer()
        .await
        .problem(403, "not_a_member");

    let answer = owner.export_workspace(ACME, &body).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let job = answer.json::<Value>()["job"].clone();
    assert_eq!(job["resourceType"], "audit-log");
    let direct = owner
        .export("audit-log")
        .queries(&[
            OLD,
            ("format", "csv"),
            ("workspace", ACME),
            ("compression", "gzip"),
        ])
        .answer()
        .await
        .good();
    let id = job["id"].as_str().unwrap().to_owned();
    let stored = owner.download_export(&id).answer().await.good();
    assert_eq!(stored.body, direct.body);
    let mut text = String::new();
    flate2::read::GzDecoder::new(stored.body.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert!(
        text.contains("'=cmd|") && !text.contains("Bea") && !text.contains("Root"),
        "{text}"
    );

    let background = json!({ "resourceType": "audit-log", "format": "json", "mode": "background" });
    let answer = owner.export_workspace(ACME, &background).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let background = answer.json::<Value>()["jobId"].as_str().unwrap().to_owned();
    wait_until(&owner, &background, "completed").await;

    // An administrator's file has the rows of all.
    let all = json!({ "dataset": "audit-log", "format": "csv", "filters": { "end": OLD.1 } });
    let all = create(&exports.app.admin(), &all).await;
    let done = wait_until(&exports.app.admin(), &all, "completed").await;
    assert_eq!(done["recordCount"], 7);
    owner
        .download_export(&all)
        .answer()
        .await
        .problem(403, "forbidden");

    // The export itself is in the workspace's audit log, by its id.
    let recorded = async || {
        let request = owner
            .rows("audit-log")
            .queries(&[("workspace", ACME), ("export", &id)]);
        let actions = joined_rows(request, "action").await;
        let wanted = ["export_created", "export_completed", "export_downloaded"];
        wanted
            .iter()
            .all(|action| actions.iter().any(|found| found == action))
            .then_some(())
    };
    wait_for("the records of the export", PATIENCE, recorded).await;

    // A person who has lost the role gets the file no more.
    let demote = format!(
        "update workspace_members set role = 'MEMBER' where user_id = {OWNER} and workspace_id = '{ACME}'"
    );
    exports.app.database.execute(demote).await;
    owner
        .download_export(&id)
        .answer()
        .await
        .problem(403, "role_too_low");
    let link = job["downloadUrl"].as_str().unwrap();
    let path = &link[link.find("/d/").unwrap()..];
    exports
        .app
        .anonymous()
        .at(path)
        .answer()
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn without_a_state_database_it_is_unavailable_and_administrators_see_why() {
    let app = workspaces::start(&[]).await;
    let described: Value = app.admin().dataset("audit-log").answer().await.good().json();
    assert_eq!(described["available"], false);
    let reason = described["reason"].as_str().unwrap();
    assert!(reason.contains("STATE_DSN"), "{reason}");
    let refused = app.admin().rows("audit-log").answer().await;
    let refused = refused.problem(503, "dataset_unavailable");
    assert!(refused.detail.contains("STATE_DSN"), "{}", refused.detail);
    let owner = user(&app, OWNER)
        .rows("audit-log")
        .query("workspace", ACME)
        .answer()
        .await;
    let owner = owner.problem(503, "dataset_unavailable");
    assert!(!owner.detail.contains("STATE_DSN"), "{}", owner.detail);
}

#[tokio::test]
async fn a_definition_of_a_site_never_reads_the_state_database() {
    let of_state = r#"
name = "ended"
title = "Ended"
access = "admin"
database = "state"
order = ["id"]
from = "decant.ended_sessions e"
[[column]]
name = "id"
label = "Id"
sql = "e.session_id"
"#;
    let changed = "name = \"audit-log\"\ntitle = \"Mine\"\nextends = \"audit-log\"\n[[column]]\nname = \"x\"\nlabel = \"X\"\nsql = \"1\"";
    let extended = "name = \"mine\"\ntitle = \"Mine\"\nextends = \"audit-log\"";
    let state = Database::empty().await;
    let definitions = Definitions::of(&[of_state, changed, extended]);
    let settings = [definitions.setting(), ("STATE_DSN", state.dsn.as_str())];
    let app = App::start_on(workspaces::database().await, &settings).await;
    for name in ["ended", "audit-log", "mine"] {
        let refused = app
            .admin()
            .rows(name)
            .answer()
            .await
            .problem(503, "dataset_unavailable");
        assert!(refused.detail.contains("state"), "{}", refused.detail);
    }
}

#[tokio::test]
async fn among_many_records_pages_of_all_of_a_workspace_and_of_each_filter_use_an_index() {
    let exports = start().await;
    let many = format!(
        "insert into decant.audit (at, action, level, caller, details) \
         select now() - n * interval '1 second', 'a' || n % 50, 'INFO', 'c' || n % 500, \
             case when n % 100 = 0 then jsonb_build_object('workspace', '{BETA}', 'export', gen_random_uuid()) else '{{}}' end \
         from generate_series(1, 30000) n"
    );
    exports.state.execute(many).await;
    exports.state.execute("analyze decant.audit").await;
    let mut other = PgConnection::connect(&Cluster::shared().await.dsn("postgres"))
        .await
        .unwrap();
    let exported = RunningDatabase::read(&mut other).await.unwrap();
    let options: Options = exports.state.dsn.parse().unwrap();
    let limits = Limits {
        exports_max: 1,
        queries_max: 1,
        wait_max: PATIENCE,
        query_max: PATIENCE,
    };
    let state = State::open(&options, None, exported, limits).await.unwrap();
    let mut source = PgConnection::connect(&exports.app.database.dsn).await.unwrap();
    let mut catalog = Catalog::built_in(&HubTables::default());
    catalog.prepare(&mut source, &state).await.unwrap();
    let operator = Caller::operator();
    let membership = catalog
        .workspaces()
        .membership(&mut source, &operator, BETA)
        .await;
    let within = operator.clone().within(membership.unwrap().unwrap());
    let dataset = catalog.get("audit-log").unwrap();
    let mut connection = state.rows().await.unwrap().for_query().await.unwrap();
    for (caller, filter) in [
        (&operator, None),
        (&within, None),
        (&operator, Some(("action", "a7"))),
        (&operator, Some(("caller", "c77"))),
        (&operator, Some(("export", EXPORT))),
        (&within, Some(("action", "a7"))),
    ] {
        let mut pairs = vec![("limit".to_owned(), "50".to_owned())];
        pairs.extend(filter.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let selection = Selection::parse(&dataset.definition, &pairs).unwrap();
        let query = Query::to_read(dataset, caller, &selection).unwrap();
        let sql = query.rows(&mut connection).await.unwrap().sql.0;
        let explained = sqlx::query_scalar(AssertSqlSafe(format!("explain {sql}")));
        let plan: Vec<String> = explained.fetch_all(&mut *connection).await.unwrap();
        let plan = plan.join("\n");
        assert!(!plan.contains("Seq Scan"), "{filter:?}:\n{plan}");
    }
}
