use super::*;

#[test]
fn an_empty_file_is_a_server_on_loopback() {
    let config = Config::parse("", "suifang.toml").unwrap();
    assert!(config.web.bind.ip().is_loopback());
    assert_eq!(config.interface.len(), 1);
    assert!(config.interface[0].bind.is_loopback());
}

#[test]
fn each_mistake_is_one_line_with_file_and_line() {
    const TRUNK: &str = "[[trunk]]\nname = \"ims\"\npeer = \"127.0.0.1:5070\"\n\
                         caller_number = \"05925027064\"\n";
    for (text, expected) in [
        ("[web]\nbnd = 3", "suifang.toml:2: unknown field `bnd`"),
        ("[web\n", "suifang.toml:1: "),
        ("\n[web]\nbind = '0.0.0.0:80'", "suifang.toml:3: web.bind 0.0.0.0:80 would show"),
        ("[media]\nthreads = 0", "suifang.toml:2: media.threads must be"),
        (
            "[[interface]]\nname = \"a\"\nbind = '127.0.0.1'\nrtp_ports = [9, 10]",
            "suifang.toml:2: interface \"a\": rtp_ports",
        ),
        (&format!("{TRUNK}interface = \"wan\""), "suifang.toml:2: trunk \"ims\": there is no"),
        (&format!("{TRUNK}register = true"), "suifang.toml:2: trunk \"ims\": register needs"),
        (&format!("{TRUNK}calls_per_s = 0.0"), "suifang.toml:2: trunk \"ims\": calls_per_s"),
        (
            &format!("{TRUNK}fails_over_to = \"b\""),
            "suifang.toml:2: trunk \"ims\": fails_over_to: there is no trunk \"b\"",
        ),
        (
            &format!("{TRUNK}fails_over_to = [\"ims\"]"),
            "suifang.toml:2: trunk \"ims\": fails_over_to names the trunk itself",
        ),
        (
            &format!("{TRUNK}fails_over_to = 3"),
            "suifang.toml:5: invalid type: integer `3`, expected the name of a trunk",
        ),
        (&format!("{TRUNK}{TRUNK}"), "suifang.toml:2: trunk \"ims\": stands twice"),
        (
            "[[interface]]\nname = \"a\"\nbind = '127.0.0.1'\ntls_cert = 'c'",
            "suifang.toml:2: interface \"a\": tls_cert and tls_key go together",
        ),
        (
            "[[interface]]\nname = \"a\"\nbind = '127.0.0.1'\ntls_port = 5071",
            "suifang.toml:2: interface \"a\": tls_cert and tls_key go together",
        ),
        (
            "[[interface]]\nname = \"a\"\nbind = '127.0.0.1'\ntls_cert = 'c'\ntls_key = 'k'\n\
             tls_port = 5060",
            "suifang.toml:2: \"a\" and \"a\" bind the same port",
        ),
        (
            &format!("{TRUNK}transport = \"tls\""),
            "suifang.toml:2: trunk \"ims\": transport = \"tls\" needs tls_cert",
        ),
        (
            "[[source]]\nname = 'a'\nkind = 'folder'\npth = 'x'",
            "suifang.toml:4: unknown field `pth`",
        ),
        ("[[source]]\nname = 'a'\nkind = 'http'", "suifang.toml:3: unknown variant `http`"),
        (
            "[[source]]\nname = \"a\"\nkind = 'folder'",
            "suifang.toml:2: source \"a\": a folder needs",
        ),
        (
            "[[source]]\nname = \"a\"\nkind = 'command'",
            "suifang.toml:2: source \"a\": a command needs command",
        ),
        (
            "[[source]]\nname = \"a\"\nkind = 'folder'\npath = 'x'\nevery_s = 0",
            "suifang.toml:2: source \"a\": every_s, timeout_s",
        ),
        ("[pilot]\nallow_numbers = ['138']", "suifang.toml:2: a number like +8613800138000"),
    ] {
        let error = Config::parse(text, "suifang.toml").unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?}\n gave {error}\n not  {expected}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_password_never_shows_in_debug_output() {
    let text = "[[trunk]]\nname = 'a'\npeer = '127.0.0.1:5070'\ncaller_number = '1'\n\
                password = 'geheim'";
    let config = Config::parse(text, "suifang.toml").unwrap();
    assert!(!format!("{config:?}").contains("geheim"));
}
