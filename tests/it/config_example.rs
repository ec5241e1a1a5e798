//! `suifang.example.toml` is the documentation of the settings: it must be whole and true.

use std::{fs, path::Path};

use suifang::{config::Config, sim::Truth};

#[test]
fn the_example_as_it_stands_is_the_defaults() {
    let config = Config::parse(&example(), "example").expect("it parses");
    let defaults = Config::parse("", "nothing").expect("it parses");
    assert_eq!(format!("{config:?}"), format!("{defaults:?}"));
}

/// With every `#` removed it names only settings that exist, with their defaults.
#[test]
fn every_setting_of_the_example_exists_and_has_its_default() {
    let config = Config::parse(&uncommented(), "example").unwrap_or_else(|e| panic!("{e}"));
    let defaults = Config::parse("", "nothing").expect("it parses");
    let same = |what, a: String, b: String| assert_eq!(a, b, "[{what}]");
    same("hospital", format!("{:?}", config.hospital), format!("{:?}", defaults.hospital));
    same("paths", format!("{:?}", config.paths), format!("{:?}", defaults.paths));
    same("sip", format!("{:?}", config.sip), format!("{:?}", defaults.sip));
    same("dialer", format!("{:?}", config.dialer), format!("{:?}", defaults.dialer));
    same("media", format!("{:?}", config.media), format!("{:?}", defaults.media));
    same("log", format!("{:?}", config.log), format!("{:?}", defaults.log));
    same("tts.voice", format!("{:?}", config.tts.voice), format!("{:?}", defaults.tts.voice));
    same("tts.command", format!("{:?}", config.tts.command), format!("{:?}", defaults.tts.command));
    let mut hl7 = config.hl7.clone();
    assert_eq!(hl7.bind.take().map(|bind| bind.port()), Some(2575), "off by default");
    same("hl7", format!("{hl7:?}"), format!("{:?}", defaults.hl7));
    let bare = "[[source]]\nname = \"drop\"\nkind = \"folder\"\npath = \"drop\"\n";
    let bare = Config::parse(bare, "bare").expect("it parses").source.remove(0);
    same("source", format!("{:?}", config.source[0]), format!("{bare:?}"));
    assert_eq!(config.web.bind, defaults.web.bind);
    assert_eq!(config.limits.disk_min_mib, defaults.limits.disk_min_mib);
    assert_eq!(config.limits.sip_lab_days, defaults.limits.sip_lab_days);
    assert_eq!(config.limits.sip_lab_messages_max, defaults.limits.sip_lab_messages_max);
    let profile = suifang::config::CarrierProfile::default();
    same("trunk.profile", format!("{:?}", config.trunk[0].profile), format!("{profile:?}"));
    let dial = suifang::config::DialRule::default();
    same("trunk.dial", format!("{:?}", config.trunk[0].dial), format!("{dial:?}"));
}

#[test]
fn every_setting_of_the_code_stands_in_the_example() {
    let example = uncommented();
    for file in [
        "src/config.rs",
        "src/config/trunk.rs",
        "src/config/profile.rs",
        "src/config/intake.rs",
        "src/config/source.rs",
        "src/config/syslog.rs",
        "src/config/homer.rs",
    ] {
        let text = fs::read_to_string(root().join(file)).expect("sources are UTF-8");
        for line in text.lines() {
            let Some(field) = line.strip_prefix("    pub ") else { continue };
            let Some((name, _)) = field.split_once(": ") else { continue };
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                continue;
            }
            let is_named = example.lines().any(|line| {
                line.split(" = ").next() == Some(name)
                    || line.trim_matches(['[', ']']).split('.').any(|word| word == name)
            });
            assert!(is_named, "suifang.example.toml says nothing of {name} ({file})");
        }
    }
}

#[test]
fn the_truth_file_of_the_docs_can_be_run() {
    let page = fs::read_to_string(root().join("docs/CARRIER.md")).expect("it is readable");
    let (_, after) = page.split_once("```toml\nseed").expect("the page has its example");
    let example = format!("seed{}", after.split("```").next().unwrap_or_default());
    let truth = Truth::parse(&example, "docs/CARRIER.md").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(truth.patients.len(), 2);
    let trunk = page.split("```toml\n[hospital]").nth(1).and_then(|rest| rest.split("```").next());
    let trunk = format!("[hospital]{}", trunk.unwrap_or_default());
    let config = Config::parse(&trunk, "docs/CARRIER.md").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.trunk[0].peer, truth.listen);
}

/// `#name` is a setting that is not set, `# text` is for the reader.
fn uncommented() -> String {
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => {
            format!("{rest}\n")
        }
        _ => format!("{line}\n"),
    };
    example().lines().map(uncomment).collect()
}

fn example() -> String {
    fs::read_to_string(root().join("suifang.example.toml")).expect("the example is readable")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
