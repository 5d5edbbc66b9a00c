//! `decant datasets`.

use decant_tests::actors::Actor;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;

#[tokio::test]
async fn the_list_names_datasets_columns_and_filters() {
    let list = program::run(&["datasets", "list"], &[]).await.good().text();
    for word in [
        "usage-logs",
        "created_at",
        "retry_count",
        "min_retry_count",
        "exclude_200",
    ] {
        assert!(list.contains(word), "{word} is missing:\n{list}");
    }
}

#[tokio::test]
async fn a_broken_file_takes_away_only_its_own_dataset() {
    let database = Database::new().await;
    let folder = folder();
    for (file, text) in [
        ("good.toml", NUMBERS.as_bytes()),
        ("syntax.toml", b"name = \"broken"),
        ("mistake.toml", b"name = \"mistaken\"\ntitle = 7\n"),
        ("bytes.toml", b"name = \"\xff\""),
        (
            "highlight.toml",
            format!(
                "{}\n[[highlight]]\nheading = \"H\"\nwhere = {{ severity = [\"high\"] }}\ncolumns = [\"n\"]\n",
                NUMBERS.replace("name = \"numbers\"", "name = \"highlighted\"")
            )
            .as_bytes(),
        ),
        (
            "secret.toml",
            NUMBERS
                .replace("name = \"numbers\"", "name = \"secretive\"")
                .replace("sql = \"n\"", "sql = \"n\"\nsecret = true")
                .as_bytes(),
        ),
    ] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    let broken = ["syntax", "mistaken", "bytes", "secretive", "highlighted"];
    let dsn = ("DSN", database.dsn.as_str());
    let setting = ("DECANT_DATASETS_DIR", folder.path().to_str().unwrap());
    for arguments in [
        &["--version"][..],
        &["--help"],
        &["export", "--help"],
        &["verify", "--help"],
    ] {
        program::run(arguments, &[setting]).await.good();
    }
    let file = folder.path().join("rows.csv");
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    let verify = ["verify", file.to_str().unwrap()];
    program::run(&verify, &[setting]).await.good();
    let doctor = program::run(&["doctor"], &[dsn, setting]).await;
    assert!(
        doctor.text().contains("bytes.toml"),
        "{} {}",
        doctor.text(),
        doctor.stderr
    );
    let list = program::run(&["datasets", "list"], &[setting])
        .await
        .good()
        .text();

    let checked = program::run(&["datasets", "check"], &[dsn, setting]).await;
    assert_ne!(checked.code, Some(0));
    for name in broken {
        let line = format!("{name}: wrong: ");
        assert!(checked.text().contains(&line), "{}", checked.text());
        assert!(list.contains(&line), "{list}");
    }
    assert!(checked.text().contains("numbers: good"), "{}", checked.text());
    assert!(
        checked.text().contains("`n`, which is secret")
            && checked.text().contains("`severity`, which is not declared"),
        "{}",
        checked.text()
    );

    let exported = program::run(&["export", "numbers", "-o", "-"], &[dsn, setting]).await;
    assert!(exported.good().text().contains("three"));
    let refused = program::run(&["export", "mistaken", "-o", "-"], &[dsn, setting])
        .await
        .refusal();
    assert!(refused.contains("mistake.toml"), "{refused}");

    let server = Server::start(&[dsn, setting]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let listed: Value = admin.datasets().answer().await.good().json();
    for name in broken {
        let listed = listed["datasets"].as_array().unwrap();
        let dataset = listed.iter().find(|dataset| dataset["name"] == name).unwrap();
        assert_eq!(dataset["available"], false);
        assert!(dataset["reason"].as_str().unwrap().contains(".toml"), "{dataset}");
        let refused = admin.rows(name).answer().await;
        refused.problem(503, "dataset_unavailable");
    }
    admin.rows("numbers").answer().await.raw_rows().whole();

    let missing = [dsn, ("DECANT_DATASETS_DIR", "/no/such/folder")];
    program::run(&["--version"], &missing).await.good();
    program::run(&verify, &missing).await.good();
    let refused = program::run(&["datasets", "list"], &missing).await.refusal();
    assert!(refused.contains("/no/such/folder"), "{refused}");
}

#[tokio::test]
async fn check_passes_good_definitions_and_fails_wrong_ones() {
    let database = Database::new().await;
    let good = program::run(&["datasets", "check"], &[("DSN", &database.dsn)])
        .await
        .good()
        .text();
    assert!(good.contains("usage-logs: good"), "{good}");

    let definitions = Definitions::of(&[&NUMBERS.replace("sql = \"word\"", "sql = \"wort\"")]);
    let settings = [("DSN", database.dsn.as_str()), definitions.setting()];
    let outcome = program::run(&["datasets", "check"], &settings).await;
    let told = outcome.text();
    assert_ne!(outcome.code, Some(0), "{told}");
    for part in ["numbers.toml", "column `word`", "column \"wort\" does not exist"] {
        assert!(told.contains(part), "{part} is missing:\n{told}");
    }
}

/// A shop, and a table whose names need quotes, with all that a definition is made of.
const SHOP: &str = r#"
create schema shop;
create type shop.order_status as enum ('new', 'paid', 'sent', 'sent, late');
create table shop.customers (
    id bigint generated always as identity primary key, name text not null, password_hash text, api_token uuid,
    tier text check (tier in ('gold', 'it''s "plain"')));
comment on table shop.customers is 'Customers of the shop';
create table shop.orders (
    id bigint generated always as identity primary key, customer_id bigint not null references shop.customers (id),
    status shop.order_status not null default 'new', placed_at timestamptz not null default now(),
    total numeric(10, 2), input_tokens int, "format" text);
create index on shop.orders (placed_at);
create index on shop.orders ("format");
comment on column shop.orders.total is 'Total (EUR)';
insert into shop.customers (name, tier) values ('Ann', 'gold'), ('Bo', 'it''s "plain"');
insert into shop.orders (customer_id, status, placed_at, total)
    select 1 + n % 2, (array['new', 'paid', 'sent', 'sent, late'])[1 + n % 4]::shop.order_status,
        '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour', n
    from generate_series(1, 40) n;
"#;

async fn shop() -> Database {
    let database = Database::empty().await;
    database.execute(SHOP).await;
    database
}

#[tokio::test]
async fn two_files_of_one_name_are_a_mistake_and_titles_are_printed_harmlessly() {
    let (database, folder) = (Database::empty().await, folder());
    let titled = |title: &str| NUMBERS.replace("title = \"Numbers\"", &format!("title = \"{title}\""));
    for (file, title) in [("a.toml", "A"), ("b.toml", "B")] {
        std::fs::write(folder.path().join(file), titled(title)).unwrap();
    }
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_DATASETS_DIR", folder.path().to_str().unwrap()),
        ("DECANT_BUILT_IN_DATASETS", "false"),
    ];
    let checked = program::run(&["datasets", "check"], &settings).await;
    assert!(
        checked.text().contains("a.toml and ") && checked.text().contains("b.toml"),
        "{}",
        checked.text()
    );

    std::fs::remove_file(folder.path().join("b.toml")).unwrap();
    std::fs::write(folder.path().join("a.toml"), titled("A\\u001b[2J\\nforged: B")).unwrap();
    let listed = program::run(&["datasets", "list"], &settings).await.good();
    assert!(!listed.text().contains(['\u{1b}']), "{}", listed.text());
    assert!(
        !listed.text().lines().any(|line| line == "forged: B"),
        "{}",
        listed.text()
    );
}

#[tokio::test]
async fn new_definitions_of_a_shop_are_exported_by_ids_and_statuses_as_they_are() {
    let (database, folder) = (shop().await, folder());
    let path = folder.path().join("datasets");
    let path = path.to_str().unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_DATASETS_DIR", path),
        ("DECANT_BUILT_IN_DATASETS", "false"),
    ];
    let new = ["datasets", "new", "shop.orders", "shop.customers", "-o", path];
    program::run(&new, &settings[..1]).await.good();
    let again = program::run(&new, &settings[..1]).await.refusal();
    assert!(again.contains("orders.toml cannot be written"), "{again}");

    let checked = program::run(&["datasets", "check"], &settings).await.good();
    assert_eq!(checked.text(), "customers: good\norders: good\n");
    assert_eq!(checked.stderr, "");
    let text = std::fs::read_to_string(format!("{path}/customers.toml")).unwrap();
    assert!(
        text.contains("the column \"password_hash\" looks secret"),
        "{text}"
    );
    assert!(
        !text.contains("t.password_hash") && !text.contains("t.api_token"),
        "{text}"
    );
    assert!(text.contains("title = \"Customers of the shop\""), "{text}");

    let ids = |csv: &str| -> Vec<String> {
        let lines = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap().to_owned());
        lines.collect()
    };
    let export = [
        "export", "orders", "--id", "3,4,7,8", "--status", "sent", "--status", "new", "-o", "-",
    ];
    let exported = program::run(&[&export[..], &["--format", "csv"]].concat(), &settings).await;
    assert_eq!(ids(&exported.good().text()), ["8", "4"]);
    let export = ["export", "customers", "--id", "1,2", "--tier", "gold", "-o", "-"];
    let exported = program::run(&[&export[..], &["--format", "csv"]].concat(), &settings).await;
    assert_eq!(ids(&exported.good().text()), ["1"]);

    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let rows = |query: &[(&'static str, &'static str)]| {
        let mut request = admin.rows("orders").query("columns", "id");
        for (name, value) in query {
            request = request.query(name, value);
        }
        async move { String::from_utf8(request.answer().await.raw_rows().whole().bytes).unwrap() }
    };
    assert_eq!(
        rows(&[("ids", "1,2,3,4,5"), ("status", "paid,sent")]).await,
        "5\n2\n1\n"
    );
    let late = [("status", "sent, late"), ("status", "new")];
    assert_eq!(rows(&late).await.lines().count(), 20);
    let of_bo = [("customer_id", "2"), ("placed_at_from", "2026-01-02")];
    assert_eq!(rows(&of_bo).await.lines().count(), 8);
    assert_eq!(rows(&[("format_is", "x")]).await, "");
    let refused = admin.rows("orders").query("status", "lost").answer().await;
    assert_eq!(
        refused.problem(400, "invalid_parameter").field.as_deref(),
        Some("status")
    );
    let options: Value = admin
        .options("orders", "customer_id")
        .answer()
        .await
        .good()
        .json();
    assert_eq!(
        options["options"][0],
        serde_json::json!({ "value": "1", "label": "Ann" })
    );
    let customers: Value = admin.dataset("customers").answer().await.good().json();
    let tier = customers["filters"]
        .as_array()
        .unwrap()
        .iter()
        .find(|filter| filter["name"] == "tier");
    assert_eq!(
        tier.unwrap()["values"],
        serde_json::json!(["gold", "it's \"plain\""])
    );
}

#[tokio::test]
async fn a_new_definition_works_whatever_its_table_is_called_and_is() {
    let (database, folder) = (shop().await, folder());
    database
        .execute(
            r#"
            create schema "Odd {} one";
            create table "Odd {} one"."Order ""Lines""" (
                "Größe {}" int not null, "select" text not null, "订单 {hub}" date, "limit" float8, "a.b" uuid, "flag" bool,
                "d'e\f" int references shop.customers (id), j jsonb, tags text[], primary key ("Größe {}", "select"));
            create index on "Odd {} one"."Order ""Lines""" ("订单 {hub}");
            create index on "Odd {} one"."Order ""Lines""" ("limit");
            create index on "Odd {} one"."Order ""Lines""" ("a.b");
            create index on "Odd {} one"."Order ""Lines""" ("flag");
            insert into "Odd {} one"."Order ""Lines""" values
                (1, 'x', '2026-01-01', 1.5, '0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e', true, 1, '{}', '{a}');
            create table "订单" (id int, day date not null, primary key (id, day)) partition by range (day);
            create table "订单_1" partition of "订单" for values from ('2026-01-01') to ('2027-01-01');
            insert into "订单" values (1, '2026-02-02');
            create table usage_logs (code char(3) unique, n int not null unique);
            insert into usage_logs values ('a', 1);
            create materialized view totals as select customer_id, sum(total) as total from shop.orders group by 1;
            create unique index on totals (customer_id);
            create view "Paid" as select * from shop.orders where status = 'paid';
            create table settings (key text primary key, value text);
            "#,
        )
        .await;
    let path = folder.path().to_str().unwrap();
    let dsn = ("DSN", database.dsn.as_str());
    let settings = [
        dsn,
        ("DECANT_DATASETS_DIR", path),
        ("DECANT_BUILT_IN_DATASETS", "false"),
    ];
    let odd = "Odd {} one.Order \"Lines\"";
    let new = [
        "datasets",
        "new",
        odd,
        "订单",
        "USAGE_LOGS",
        "public.totals",
        "-o",
        path,
    ];
    program::run(&new, &[dsn]).await.good();
    let view = ["datasets", "new", "\"Paid\""];
    let refused = program::run(&view, &[dsn]).await.refusal();
    assert!(refused.contains("--order id"), "{refused}");
    let written = program::run(&[&view[..], &["--order", "id"]].concat(), &[dsn])
        .await
        .good()
        .text();
    std::fs::write(folder.path().join("paid.toml"), written).unwrap();
    for (table, reason) in [("settings", "--order"), ("nothing", "no table or view `nothing`")] {
        let refused = program::run(&["datasets", "new", table], &[dsn]).await.refusal();
        assert!(refused.contains(reason), "{refused}");
    }

    let checked = program::run(&["datasets", "check"], &settings).await.good();
    let names = ["order-lines", "paid", "totals", "u8ba2-u5355", "usage-logs-2"];
    let good: Vec<_> = names.iter().map(|name| format!("{name}: good\n")).collect();
    let listed = checked.text();
    assert!(
        good.iter().all(|line| listed.contains(line)),
        "{listed}{}",
        checked.stderr
    );
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    for (name, count) in [
        ("order-lines", 1),
        ("u8ba2-u5355", 1),
        ("usage-logs-2", 1),
        ("totals", 2),
        ("paid", 10),
    ] {
        let rows = admin.rows(name).answer().await.raw_rows().whole();
        assert_eq!(rows.count(), count, "{name}");
    }
    for (filter, value) in [
        ("gr_uf6_udf_e", "1"),
        ("u8ba2_u5355_hub_from", "2026-01-01"),
        ("limit_max", "1.5"),
        ("a_b", "0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e"),
        ("flag", "true"),
        ("d_e_f", "1,7"),
    ] {
        let rows = admin
            .rows("order-lines")
            .query(filter, value)
            .answer()
            .await
            .raw_rows()
            .whole();
        assert_eq!(rows.count(), 1, "{filter}");
    }
    let none = admin
        .rows("order-lines")
        .query("limit_min", "2")
        .answer()
        .await
        .raw_rows()
        .whole();
    assert_eq!(none.count(), 0);
}

#[tokio::test]
async fn check_warns_and_passes() {
    let database = shop().await;
    database
        .execute("alter table shop.orders enable row level security")
        .await;
    let doubtful = r#"
name = "doubtful"
title = "Doubtful"
access = "admin"
order = ["total desc", "id desc not null"]
from = "shop.orders o join shop.customers c on c.id = o.customer_id"
[[column]]
name = "id"
label = "ID"
sql = "o.id"
[[column]]
name = "total"
label = "Total"
sql = "o.total"
[[column]]
name = "hidden_well"
label = "Hash"
sql = "c.password_hash"
[[column]]
name = "tokens"
label = "Tokens"
sql = "o.input_tokens"
"#;
    let definitions = Definitions::of(&[doubtful]);
    let settings = [
        ("DSN", database.dsn.as_str()),
        definitions.setting(),
        ("DECANT_BUILT_IN_DATASETS", "false"),
    ];
    let checked = program::run(&["datasets", "check"], &settings).await.good();
    assert_eq!(checked.text(), "doubtful: good\n");
    let warnings: Vec<_> = checked.stderr.lines().collect();
    for part in [
        "warning: doubtful: the column `hidden_well` looks secret",
        "warning: doubtful: no index serves the order (total, id)",
        "warning: doubtful: the table shop.orders has row-level security",
    ] {
        assert!(
            warnings.iter().any(|line| line.starts_with(part)),
            "{part}: {warnings:#?}"
        );
    }
    assert_eq!(warnings.len(), 3, "{warnings:#?}");

    database
        .execute(
            "create index on shop.orders (total, id); alter table shop.orders disable row level security",
        )
        .await;
    let hidden = doubtful.replace(
        "sql = \"c.password_hash\"",
        "sql = \"c.password_hash\"\nsecret = true",
    );
    definitions.write(&hidden);
    let checked = program::run(&["datasets", "check"], &settings).await.good();
    assert_eq!(checked.stderr, "");
}

#[tokio::test]
async fn the_shop_of_the_reference_works() {
    let reference = include_str!("../../docs/datasets.md");
    let block = |language: &str| {
        let (_, rest) = reference
            .split_once(&format!("```{language}\n"))
            .expect("it has an example");
        rest.split_once("```").expect("the example ends").0
    };
    let database = Database::empty().await;
    database.execute(block("sql")).await;
    let definitions = Definitions::of(&[block("toml")]);
    let settings = [
        ("DSN", database.dsn.as_str()),
        definitions.setting(),
        ("DECANT_BUILT_IN_DATASETS", "false"),
    ];
    let checked = program::run(&["datasets", "check"], &settings).await.good();
    assert_eq!(
        (checked.text().as_str(), checked.stderr.as_str()),
        ("orders: good\n", "")
    );
    let export = [
        "export",
        "orders",
        "--ids",
        "1,2,3",
        "--status",
        "paid,sent",
        "-o",
        "-",
        "--format",
        "csv",
    ];
    let exported = program::run(&export, &settings).await.good().text();
    assert_eq!(exported.lines().count(), 3, "{exported}");
}

#[tokio::test]
async fn without_a_hub_only_the_sites_datasets_and_pages_are_offered() {
    let definitions = Definitions::of(&[
        NUMBERS,
        "name = \"mine\"\ntitle = \"Mine\"\nextends = \"probe-logs\"\n",
    ]);
    let database = Database::new().await;
    let settings = [
        ("DSN", database.dsn.as_str()),
        definitions.setting(),
        ("DECANT_BUILT_IN_DATASETS", "false"),
    ];
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let listed: Value = admin.datasets().answer().await.good().json();
    let names: Vec<_> = listed["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dataset| &dataset["name"])
        .collect();
    assert_eq!(names, ["mine", "numbers"]);
    assert_eq!(listed["hub"], false);
    assert!(admin.rows("mine").answer().await.raw_rows().whole().count() > 0);
    admin
        .rows("usage-logs")
        .answer()
        .await
        .problem(404, "unknown_dataset");
    let dry_run = serde_json::json!({ "beforeDate": "2026-01-01", "dryRun": true });
    admin.clean_up(&dry_run).answer().await.problem(404, "no_hub");
    for request in [
        admin.get("/api/sessions/a/requests"),
        admin.get("/api/sessions/a/requests/1"),
    ] {
        request.answer().await.problem(404, "no_hub");
    }

    let nothing = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_BUILT_IN_DATASETS", "false"),
    ];
    let refused = program::run(&["datasets", "check"], &nothing).await.refusal();
    assert!(refused.contains("no dataset can be used"), "{refused}");
    let clean_up = [&nothing[..], &[("DECANT_LOG_CLEANUP_DAYS", "30")]].concat();
    let refused = program::run(&["serve"], &clean_up).await.refusal();
    assert!(refused.contains("DECANT_LOG_CLEANUP_DAYS"), "{refused}");
}

#[tokio::test]
async fn the_flags_of_an_export_come_from_the_folder_of_the_settings_file() {
    let (database, folder) = (shop().await, folder());
    let path = folder.path().to_str().unwrap();
    program::run(
        &["datasets", "new", "shop.orders", "-o", path],
        &[("DSN", &database.dsn)],
    )
    .await
    .good();
    let config = folder.path().join("decant.conf");
    std::fs::write(
        &config,
        format!("DSN = '{}'\nDECANT_DATASETS_DIR = '{path}'\n", database.dsn),
    )
    .unwrap();
    let config = config.to_str().unwrap();
    for arguments in [
        ["--config", config, "export", "orders", "--id", "7", "-o", "-"],
        ["export", "orders", "--config", config, "--id", "7", "-o", "-"],
    ] {
        let exported = program::run(&arguments, &[]).await.good().text();
        assert_eq!(exported.lines().count(), 2, "{exported}");
    }
}
