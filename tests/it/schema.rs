//! docs/schema.md is the database's own list of tables and columns (F007).
//! To write it: `SUIFANG_WRITE=1 cargo test --test it schema`.

use crate::support::{hospital::Hospital, manifest};

#[tokio::test(flavor = "multi_thread")]
async fn f007_the_published_schema_is_the_databases_own() {
    let hospital = Hospital::open("schema", "2025-01-02T10:00").await;
    let found = hospital.sql(
        "select table_name || '|' || column_name || '|' || data_type || '|' ||
             case is_nullable when 'NO' then 'required' else '' end
         from information_schema.columns where table_schema = 'public'
           and table_name not like '\\_sqlx%'
         order by table_name, ordinal_position",
    );
    let mut own =
        "# Schema\n\nEvery table and column, as the database has them. Written by a test; \
                   the words are in the\nmigrations.\n"
            .to_owned();
    let mut table = "";
    for line in found.lines() {
        let mut cells = line.split('|');
        let name = cells.next().unwrap();
        if name != table {
            own += &format!("\n## {name}\n\n| column | type | |\n|---|---|---|\n");
            table = name;
        }
        own += &format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
    let path = manifest().join("docs/schema.md");
    if std::env::var_os("SUIFANG_WRITE").is_some() {
        std::fs::write(&path, &own).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == own, "docs/schema.md is old: see above how to write it");
}
