use super::{check, check_opened};

#[test]
fn star_repeats_and_0_is_a_person() {
    check_opened(
        "followup",
        &[
            ("again", "key *\nkey 2\nexpect answer gen.status = k90"),
            ("again for ever", "keys *****\nkey *\nexpect person\nexpect transfer centre"),
            (
                "person",
                "key 0\nexpect said 正在为您转接\nexpect person\nnobody\nexpect said 尽快给您回电话\nexpect task 人工回电\nexpect outcome break_off\nexpect end",
            ),
            (
                "0 is a digit of a number",
                "key 1\nkey 1\nkey 2\nkeys 10#\nkey 1\nexpect answer pain.nrs = 10",
            ),
            ("person in a read-back", "key 1\nkey 1\nkey 2\nkeys 3#\nkey 0\nexpect person"),
            ("a key while it speaks", "key *\nkey! 2\nexpect answer gen.status = k90"),
        ],
    );
    check(
        "followup",
        &[
            ("person before identity", "key 0\nexpect person"),
            (
                "person instead of the birthday",
                "key 1\nkey 1\nsilence\nsilence\nexpect resumed\nexpect person",
            ),
            (
                "a key cannot shorten the notice",
                "key! 1\nexpect no answer open.who\nkey 1\nexpect answer open.who = patient",
            ),
            (
                "a key that skips a notice is no consent",
                "key 1\nkey! 9\nexpect no answer open.consent\nkey 1\nexpect answer open.consent = consent",
            ),
        ],
    );
}

#[test]
fn silence_and_wrong_keys_bring_a_person() {
    check(
        "followup",
        &[
            (
                "never a key",
                "silence\nexpect said 没有听到您按键\nsilence\nexpect said 我请工作人员和您说\nexpect outcome answered_no_keys\nexpect person",
            ),
            (
                "speech",
                "speech\nexpect said 这是自动电话\nspeech\nexpect person\nexpect outcome answered_no_keys",
            ),
            ("speech, then a key", "speech\nkey 1\nexpect answer open.who = patient"),
            (
                "wrong keys",
                "key 8\nexpect said 这个键不对\nkey 7\nexpect said 我请工作人员帮您\nexpect person",
            ),
            (
                "a whole number where a choice is asked is one mistake",
                "key 8\nkey! 7\nkey! #\nexpect said 请再听一遍\nkey 1\nexpect answer open.who = patient",
            ),
            ("a second mistake after that is a second one", "key 8\nkey! 7\nkey 6\nexpect person"),
            ("hash is no choice", "key #\nexpect said 这个键不对"),
        ],
    );
    check_opened(
        "followup",
        &[
            ("silent later", "silence\nsilence\nexpect person\nexpect outcome break_off"),
            (
                "one silence is forgiven",
                "silence\nkey 1\nsilence\nkey 1\nexpect answer sym.any = false",
            ),
        ],
    );
}

#[test]
fn a_number_is_understood_as_it_was_meant() {
    let to_temperature = "key 1\nkey 1\nkey 1\nkey 1\n";
    for (keys, expected) in [
        ("365#", "36.5"),
        ("36*5#", "36.5"),
        ("38#", "38.0"),
        ("3*6*5#", "nothing"),
        ("30#", "nothing"),
        ("99#", "nothing"),
        ("#", "nothing"),
    ] {
        let confirm = if expected == "nothing" { "" } else { "key 1\n" };
        let expect = match expected {
            "nothing" => "expect no answer temp.value".to_owned(),
            value => format!("expect answer temp.value = {value}"),
        };
        let script = format!("{to_temperature}keys {keys}\n{confirm}{expect}");
        check_opened("followup", &[(keys, &script)]);
    }
    check_opened(
        "followup",
        &[
            ("too low", &format!("{to_temperature}keys 30#\nexpect said 好像太小了")),
            ("too high", &format!("{to_temperature}keys 99#\nexpect said 好像太大了")),
            ("hash alone", &format!("{to_temperature}key #\nexpect said 这个键不对")),
            (
                "not right, again",
                &format!(
                    "{to_temperature}keys 365#\nkey 2\nkeys 366#\nkey 1\nexpect answer temp.value = 36.6"
                ),
            ),
            (
                "never right",
                &format!(
                    "{to_temperature}keys 365#\nkey 2\nkeys 366#\nkey 2\nkeys 367#\nkey 2\nexpect person"
                ),
            ),
            (
                "without a hash",
                &format!(
                    "{to_temperature}keys 365\nsilence\nexpect said 您按的是36.5度\nkey 1\nexpect answer temp.value = 36.5"
                ),
            ),
            (
                "a first star repeats",
                &format!(
                    "{to_temperature}key *\nkeys 365#\nkey 1\nexpect answer temp.value = 36.5"
                ),
            ),
            (
                "too many keys",
                &format!("{to_temperature}keys 1234567890123\nexpect said 这个键不对"),
            ),
        ],
    );
}

#[test]
fn blood_pressure_is_one_value_of_two() {
    let to_pressure = "key 1\nkey 1\n";
    check_opened(
        "htn",
        &[
            (
                "one by one",
                &format!(
                    "{to_pressure}keys 138#\nexpect no answer bp.sys\nkeys 88#\nkey 1\nexpect answer bp.sys = 138\nexpect answer bp.dia = 88"
                ),
            ),
            (
                "at once",
                &format!(
                    "{to_pressure}keys 138*88#\nexpect said 高压138,低压88\nkey 1\nexpect answer bp.sys = 138\nexpect answer bp.dia = 88\nkey #\nexpect answer hr = unknown"
                ),
            ),
            (
                "the wrong way round",
                &format!(
                    "{to_pressure}keys 88#\nkeys 138#\nexpect said 这两个数好像不对\nexpect no answer bp.sys\nkeys 138#\nkeys 88#\nkey 1\nexpect answer bp.dia = 88"
                ),
            ),
            ("equal", &format!("{to_pressure}keys 120#\nkeys 120#\nexpect said 这两个数好像不对")),
            (
                "not right, both again",
                &format!(
                    "{to_pressure}keys 138#\nkeys 88#\nkey 2\nexpect no answer bp.sys\nkeys 148#\nkeys 98#\nkey 1\nexpect answer bp.sys = 148"
                ),
            ),
            (
                "for ever the wrong way",
                &format!("{to_pressure}keys 88*138#\nkeys 88*138#\nkeys 88*138#\nexpect person"),
            ),
            (
                "urgent at the boundary",
                &format!(
                    "{to_pressure}keys 180*90#\nkey 1\nexpect alert bp.sys urgent\nnobody\nkey #\nexpect answer hr = unknown"
                ),
            ),
            (
                "not yet urgent",
                &format!(
                    "{to_pressure}keys 179*109#\nkey 1\nexpect not alert bp.sys urgent\nexpect not alert bp.dia urgent"
                ),
            ),
            (
                "the lower one",
                &format!("{to_pressure}keys 170*110#\nkey 1\nexpect alert bp.dia urgent"),
            ),
            ("out of range", &format!("{to_pressure}keys 300*90#\nexpect said 好像太大了")),
        ],
    );
    check_opened(
        "dm",
        &[
            ("68 is 6.8", "key 1\nkey 1\nkeys 68#\nkey 1\nexpect answer fpg = 6.8"),
            ("123 is 12.3", "key 1\nkey 1\nkeys 123#\nkey 1\nexpect answer fpg = 12.3"),
            ("12 is 12", "key 1\nkey 1\nkeys 12#\nkey 1\nexpect answer fpg = 12.0"),
            ("16.7 is urgent", "key 1\nkey 1\nkeys 16*7#\nkey 1\nexpect alert fpg urgent"),
            ("16.6 is not", "key 1\nkey 1\nkeys 16*6#\nkey 1\nexpect not alert fpg urgent"),
            (
                "3.9 is urgent",
                "key 1\nkey 1\nkeys 3*9#\nkey 1\nexpect alert fpg urgent\nexpect said 马上吃糖",
            ),
            ("4.0 is not", "key 1\nkey 1\nkeys 4*0#\nkey 1\nexpect not alert fpg urgent"),
        ],
    );
}

#[test]
fn a_weight_far_above_the_last_one_may_be_in_jin() {
    let to_weight = "key 1\nkey 1\nkeys 0815\nkey 1\nkey 2\n";
    check(
        "htn",
        &[
            (
                "jin",
                &format!(
                    "patient last.weight=60\n{to_weight}keys 130#\nexpect said 是公斤吗\nkey 2\nexpect said 您按的是65.0\nkey 1\nexpect answer weight = 65.0"
                ),
            ),
            (
                "kilograms",
                &format!(
                    "patient last.weight=60\n{to_weight}keys 130#\nkey *\nkey 1\nkey 1\nexpect answer weight = 130.0"
                ),
            ),
            (
                "not doubtful",
                &format!(
                    "patient last.weight=60\n{to_weight}keys 96#\nkey 1\nexpect answer weight = 96.0"
                ),
            ),
            (
                "never weighed",
                &format!(
                    "{to_weight}keys 130#\nkey 1\nexpect answer weight = 130.0\nexpect not said 是公斤吗"
                ),
            ),
        ],
    );
}
