//! The tree around the sources: migrations in order, and a README that names real files.

use std::{fs, path::Path};

#[test]
fn migrations_are_numbered_without_a_gap() {
    let mut names: Vec<String> = fs::read_dir(root().join("migrations"))
        .expect("migrations is readable")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    for (index, name) in names.iter().enumerate() {
        let expected = format!("{:04}_", index + 1);
        assert!(
            name.starts_with(&expected) && name.ends_with(".sql"),
            "migrations/{name}: expected {expected}….sql here"
        );
    }
    assert!(!names.is_empty(), "no migration");
}

/// No default reads the database's clock either.
#[test]
fn migrations_ask_no_clock() {
    for entry in fs::read_dir(root().join("migrations")).expect("migrations is readable") {
        let path = entry.expect("readable").path();
        let text = fs::read_to_string(&path).expect("UTF-8").to_ascii_lowercase();
        for (line, text) in text.lines().enumerate() {
            let code = text.split("--").next().unwrap_or_default();
            assert!(
                !code.contains("now()") && !code.contains("current_timestamp"),
                "{}:{}: reads the clock",
                path.display(),
                line + 1
            );
        }
    }
}

#[test]
fn the_readmes_name_files_that_exist() {
    for (readme, heading) in
        [("README.md", "## Where do I change"), ("README.zh-CN.md", "## 要改什么")]
    {
        let text = fs::read_to_string(root().join(readme)).expect("the README is readable");
        let (_, after) = text.split_once(heading).expect("the README has its table");
        let table = after.split("\n## ").next().unwrap_or_default();
        let rows = table.lines().filter(|line| line.starts_with('|'));
        let named: Vec<&str> =
            rows.flat_map(in_backticks).filter(|word| word.contains('/')).collect();
        assert!(named.len() >= 7, "{readme}: the table names {} files", named.len());
        for name in named {
            assert!(is_there(name), "{readme}: {name} does not exist");
        }
    }
}

/// A page of the docs that names a source file that has moved misleads.
#[test]
fn the_docs_name_sources_that_exist() {
    let mut pages = vec![root().join("README.md"), root().join("README.zh-CN.md")];
    for folder in ["docs", "docs/adr"] {
        let entries = fs::read_dir(root().join(folder)).expect("docs is readable");
        pages.extend(entries.map(|entry| entry.expect("readable").path()));
    }
    for page in pages.iter().filter(|page| page.extension().is_some_and(|it| it == "md")) {
        let text = fs::read_to_string(page).expect("docs are UTF-8");
        for name in text.lines().flat_map(in_backticks) {
            let is_source = ["src/", "tests/", "scripts/", "migrations/", "docs/", "packaging/"]
                .iter()
                .any(|top| name.starts_with(top));
            if is_source && !name.contains([' ', '*', '…', '<', '{']) {
                assert!(is_there(name), "{}: {name} does not exist", page.display());
            }
        }
    }
}

fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// `src/a.rs`, a folder, or `src/a.rs:name` of an item in it.
fn is_there(name: &str) -> bool {
    let (path, item) = name.split_once(':').map_or((name, None), |(path, item)| (path, Some(item)));
    let path = root().join(path);
    match item {
        None => path.exists(),
        Some(item) => fs::read_to_string(path).is_ok_and(|text| text.contains(item)),
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
