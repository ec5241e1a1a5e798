use super::*;

fn read(text: &str) -> Message {
    Message::read(text.as_bytes()).unwrap()
}

#[test]
fn fields_are_counted_as_the_standard_counts_them() {
    let message = read(
        "MSH|^~\\&|HIS|H1|||20251125||ADT^A03|7|P|2.5\rPID|1||1001^^^HIS~350203^^^ID||张^三&z||1952|M\nZVN|a|b",
    );
    for (segment, field, component, expected) in [
        ("MSH", 1, 1, ""),
        ("MSH", 3, 1, "HIS"),
        ("MSH", 9, 2, "A03"),
        ("MSH", 10, 1, "7"),
        ("PID", 3, 1, "1001"),
        ("PID", 3, 4, "HIS"),
        ("PID", 5, 1, "张"),
        ("PID", 5, 2, "三"),
        ("PID", 5, 9, ""),
        ("PID", 99, 1, ""),
        ("PID", 0, 1, ""),
        ("PID", 5, 0, ""),
        ("PV1", 3, 1, ""),
        ("ZVN", 2, 1, "b"),
    ] {
        assert_eq!(
            message.value(segment, field, component),
            expected,
            "{segment}-{field}.{component}"
        );
    }
    let ids: Vec<_> =
        message.segment("PID").unwrap().repetitions(3).map(|id| id.component(1)).collect();
    assert_eq!(ids, ["1001", "350203"]);
    assert_eq!(message.segment("ZVN").unwrap().written(), "ZVN|a|b");
}

#[test]
fn other_separators_are_taken_from_the_header() {
    let message = read("MSH#*!/$#HIS\rPID#1##a*b!c#x/F/y");
    let pid = message.segment("PID").unwrap();
    assert_eq!((pid.value(3, 2).as_str(), pid.repetitions(3).count()), ("b", 2));
    assert_eq!(pid.value(4, 1), "x#y");
}

#[test]
fn escapes_are_undone_and_unknown_ones_left_alone() {
    for (raw, expected) in [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"\H\bold\N\", "bold"),
        (r"\XE5BCA0\", "张"),
        (r"\XD5C5\", "张"),
        (r"\X\", r"\X\"),
        (r"\XZZ\", r"\XZZ\"),
        (r"\XE5B\", r"\XE5B\"),
        (r"a\.br\b", "a b"),
        (r"C:\dir", r"C:\dir"),
        (r"C:\dir\F\x", r"C:\dir|x"),
        (r"\", r"\"),
        ("\"\"", ""),
        ("  x ", "x"),
    ] {
        let message = read(&format!("MSH|^~\\&|\rZXX|{raw}"));
        assert_eq!(message.value("ZXX", 1, 1), expected, "{raw}");
    }
    let marks = Marks::read(b"MSH|^~\\&|").unwrap();
    for text in [r"a|b^c&d~e\f", "张三", ""] {
        assert_eq!(marks.unescape(&marks.escape(text)), text);
    }
    assert_eq!(marks.escape("a\rb"), "a b");
}

#[test]
fn the_character_set_is_the_one_of_msh_18_or_found_out() {
    let text =
        |charset: &str| format!("MSH|^~\\&|||||||ADT^A01|1|P|2.5||||||{charset}\rPID|||1||张三");
    let gb = |charset: &str| Charset::Gb18030.encode(&text(charset));
    for (bytes, expected) in [
        (text("UNICODE UTF-8").into_bytes(), Ok(Charset::Utf8)),
        (text("").into_bytes(), Ok(Charset::Utf8)),
        ([b"\xEF\xBB\xBF", text("").as_bytes()].concat(), Ok(Charset::Utf8)),
        (gb("GB 18030-2000"), Ok(Charset::Gb18030)),
        (gb("gb18030"), Ok(Charset::Gb18030)),
        (gb("GB 18030-2000~UNICODE UTF-8"), Ok(Charset::Gb18030)),
        (gb(""), Ok(Charset::Gb18030)),
        (gb("ASCII"), Ok(Charset::Gb18030)),
        (text("8859/1").into_bytes(), Ok(Charset::Utf8)),
        // The second byte of each of these is 0x7C, the field separator's.
        (Charset::Gb18030.encode(&text("").replace("&|||", "&|弢唡亅|弢||")), Ok(Charset::Gb18030)),
        (gb("UNICODE UTF-8"), Err(MessageError::Encoding)),
        (text("ISO IR87").into_bytes(), Err(MessageError::Charset)),
    ] {
        let found = Message::read(&bytes);
        if let Ok(message) = &found {
            assert_eq!(message.value("PID", 5, 1), "张三");
        }
        assert_eq!(found.map(|message| message.charset), expected);
    }
}

#[test]
fn what_is_no_message_says_why() {
    let long = format!("MSH|^~\\&|{}", "\rOBX|1".repeat(5001));
    for (text, expected) in [
        ("", MessageError::NoHeader),
        ("PID|1", MessageError::NoHeader),
        ("MSH", MessageError::Separators),
        ("MSH|", MessageError::Separators),
        ("MSH||x", MessageError::Separators),
        ("MSH|^^^^|x", MessageError::Separators),
        ("MSHa^~\\&a", MessageError::Separators),
        (&long, MessageError::TooLong),
    ] {
        assert_eq!(Message::read(text.as_bytes()).map(drop), Err(expected), "{text:.20}");
    }
}

#[test]
fn a_batch_is_its_messages() {
    let one = "MSH|^~\\&|a\rPID|1\r";
    let two = "MSH|^~\\&|b\r";
    for (batch, expected) in [
        (one.to_owned(), vec![one]),
        (format!("{one}{two}"), vec![one, two]),
        (format!("FHS|^~\\&\rBHS|^~\\&\r{one}{two}BTS|2\rFTS|1\r"), vec![one, two]),
        (format!("BHS|^~\\&\n{}", one.replace('\r', "\r\n")), vec![one]),
        ("BHS|^~\\&\rBTS|0\r".to_owned(), vec![]),
        ("PID|1\rPV1|1".to_owned(), vec!["PID|1\rPV1|1\r"]),
        (String::new(), vec![]),
    ] {
        let found = split_batch(batch.as_bytes());
        let found: Vec<_> = found.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect();
        assert_eq!(found, expected, "{batch:?}");
    }
}

#[test]
fn padding_with_zero_characters_is_no_part_of_a_value() {
    let text = "MSH|^~\\&|HIS|A|S|B|20250101||ADT^A01|1|P|2.4\rPID|1||P1\0\0||张^\0三\r";
    let message = Message::read(text.as_bytes()).unwrap();
    assert_eq!(message.value("PID", 3, 1), "P1");
    assert_eq!(message.value("PID", 5, 2), "三");
}
