use std::net::TcpListener;

use crate::support::{Stage, free_port, said};

/// What a user can mend is one clear line and exit code 2, and nothing is half started.
#[test]
fn each_mistake_of_a_start_is_one_clear_line() {
    for (name, expected) in [
        ("key", "unknown field `lins`"),
        ("port", "web.bind"),
        ("sip", "a SIP port cannot be opened"),
        ("postgres", "PostgreSQL is not installed"),
        ("loop", "circle"),
        ("zero", "0"),
        ("disease", "高血压"),
    ] {
        let trunk = if name == "key" { "lins = 3" } else { "" };
        let stage = Stage::new(&format!("mistake-{name}"), trunk);
        let _taken = match name {
            "port" => Some(TcpListener::bind(("127.0.0.1", stage.web_port)).unwrap()),
            "sip" => Some(TcpListener::bind(("127.0.0.1", stage.sip_port)).unwrap()),
            _ => None,
        };
        spoil(&stage, name);
        let output = stage.run(&["serve"]);
        let text = said(&output);
        let errors: Vec<_> = text.lines().filter(|line| line.contains(expected)).collect();
        assert_eq!(output.status.code(), Some(2), "{name}: {text}");
        assert!(!errors.is_empty(), "{name}: {text}");
        assert!(text.lines().count() <= 3, "{name}: {text}");
        assert!(
            !stage.folder.join("data/postgres/postmaster.pid").exists(),
            "{name}: half started"
        );
    }
}

fn spoil(stage: &Stage, name: &str) {
    let append = |file: &str, text: &str| {
        let path = stage.folder.join(file);
        let old = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, old + text).unwrap();
    };
    match name {
        "postgres" => append("suifang.toml", "[database]\nbin_dir = \"/nowhere\"\n"),
        "loop" => {
            let path = stage.folder.join("dialplans/quick.toml");
            let old = std::fs::read_to_string(&path).unwrap();
            let round = "do = \"go_to\"\nstep = \"end\"";
            std::fs::write(path, old.replace("do = \"hang_up\"", round)).unwrap();
        }
        "zero" => {
            let path = stage.folder.join("dialplans/questionnaires/quick.toml");
            let old = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, old.replace("key = \"2\"", "key = \"0\"")).unwrap();
        }
        "disease" => {
            let path = stage.folder.join("dialplans/questionnaires/quick.toml");
            let old = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, old.replace("请按1或2。", "您的高血压好了,请按1或2。")).unwrap();
        }
        _ => {}
    }
}

#[test]
fn an_unreadable_csv_stores_nothing_and_says_why() {
    let stage = Stage::new("csv", "");
    let path = stage.folder.join("bad.csv");
    std::fs::write(&path, b"\xff\xff\xff\xff").unwrap();
    let output = stage.run(&["import", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("neither UTF-8 nor GB18030"), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
}

#[test]
fn a_second_server_with_the_same_data_is_refused() {
    let mut stage = Stage::new("twice", "");
    stage.start();
    let config = std::fs::read_to_string(stage.config()).unwrap();
    let other = stage.folder.join("other.toml");
    let moved = config
        .replace(&format!(":{}", stage.web_port), ":0")
        .replace(&format!("port = {}", stage.sip_port), &format!("port = {}", free_port()));
    std::fs::write(&other, moved).unwrap();
    let output = stage.run_with_config(&other, &["serve"], "");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("another suifang"), "{}", said(&output));
}
