use super::{check, check_opened};

#[test]
fn each_answer_of_the_opening_leads_where_it_should() {
    check(
        "followup",
        &[
            (
                "wrong number",
                "key 3\nexpect outcome wrong_number\nexpect effect wrong_number\nexpect said 不再打给您\nexpect end",
            ),
            (
                "later",
                "key 4\nkey 2\nexpect outcome postponed\nexpect promise afternoon\nexpect end",
            ),
            ("later, and gone", "key 4\nhang up\nexpect outcome postponed"),
            (
                "uninformed relative",
                "key 2\nkey 2\nkey 1\nexpect outcome wrong_person\nexpect promise morning",
            ),
            ("uninformed, and gone", "key 2\nkey 2\nhang up\nexpect outcome wrong_person"),
            (
                "cannot take part",
                "key 2\nkey 3\nexpect outcome unable\nexpect effect cannot_take_part\nexpect task 核实患者状态(人工)\nexpect end",
            ),
            (
                "informed relative",
                "key 2\nkey 1\nkey 1\nkeys 0815\nexpect answer open.identity = confirmed\nexpect said 您最近身体",
            ),
            (
                "never again",
                "key 1\nkey 9\nexpect outcome refused\nexpect effect opt_out\nexpect said 以后不再给您打回访电话\nexpect end",
            ),
            (
                "consent",
                "key 1\nkey 1\nexpect effect consent_given\nexpect answer open.consent = consent",
            ),
            (
                "birthday wrong twice",
                "key 1\nkey 1\nkeys 0101\nkeys 0102\nexpect said 生日没有对上\nexpect task 人工核对身份后随访\nexpect outcome identity_not_confirmed\nexpect not said 喘不上气\nexpect end",
            ),
            (
                "birthday right the second time",
                "key 1\nkey 1\nkeys 0101\nkeys 0815\nexpect answer open.identity = confirmed\nexpect said 喘不上气",
            ),
            (
                "no birthday is known",
                "patient birth=1972-08-16\nkey 1\nkey 1\nkeys 0815\nkeys 0815\nexpect outcome identity_not_confirmed",
            ),
            ("hang up at once", "hang up\nexpect outcome answered_no_keys"),
            ("hang up after who", "key 1\nhang up\nexpect outcome break_off"),
            ("English", "patient language=en\nexpect said This is a follow-up call"),
            (
                "a parent",
                "patient guardian\nkey 1\nkey 1\nkeys 0815\nexpect answer open.who = guardian\nexpect said 的家长\nexpect said 孩子最近身体怎么样",
            ),
        ],
    );
}

#[test]
fn no_recording_destroys_what_was_taken_and_stays() {
    check(
        "followup",
        &[
            (
                "no recording",
                "key 1\nkey 2\nexpect effect no_recording\nexpect destroyed\nkeys 0815\n\
         expect not resumed\nexpect paused\nkey 1\nkey 1\nkey 1\nkey 2\nkey 1\nkey 1\nkey 1\n\
         key 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nexpect no answer message\n\
         expect outcome completed",
            ),
            ("recorded", "key 1\nkey 1\nkeys 0815\nexpect resumed\nexpect not destroyed"),
        ],
    );
}

#[test]
fn a_discharge_form_is_asked_as_its_answers_demand() {
    let core = "key 1\nkey 1\nkey 1\nkey 2\nkey 1\n";
    check_opened(
        "followup",
        &[
            (
                "stops at the offer",
                &format!(
                    "{core}key 1\nkey 1\nkey 2\nexpect said 请记得复查\nexpect no answer diet\nexpect outcome completed"
                ),
            ),
            (
                "no medicine, no reaction",
                &format!(
                    "{core}key 4\nexpect no answer med.reaction\nkey 2\nexpect outcome completed"
                ),
            ),
            ("enough", &format!("{core}key 1\nhang up\nexpect outcome partial")),
            ("not enough", &format!("{core}hang up\nexpect outcome break_off")),
            (
                "gone while goodbye is said",
                &format!("{core}key 1\nkey 1\nkey 2\nhang up\nexpect outcome completed"),
            ),
            (
                "no wound without an operation",
                &format!("{core}expect no answer wound\nexpect not said 伤口怎么样"),
            ),
            (
                "symptoms",
                "key 2\nkey 2\nkey 2\nkey 2\nkey 2\nkey 1\nkey 1\nkey 1\nkey 1\nexpect answer sym.headache = mild\nexpect alert sym.bloody_nose prompt",
            ),
            (
                "a prompt flag is promised before goodbye",
                &format!(
                    "{core}key 3\nexpect alert med.adherence prompt\nkey 2\nexpect said 护士会再给您打电话。请记得复查\nexpect outcome completed"
                ),
            ),
            ("advice follows its answer", "key 4\nexpect said 起床慢一点"),
            (
                "unhappy",
                &format!(
                    "{core}key 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nexpect task 投诉线索(不显示给被评价科室)\nkey #\nexpect answer message = answered\nexpect outcome completed"
                ),
            ),
            (
                "gone in mid-message",
                &format!(
                    "{core}key 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 3\nexpect no answer message\nhang up\nexpect answer message = answered\nexpect outcome completed"
                ),
            ),
        ],
    );
    check(
        "followup",
        &[
            (
                "a relative hears their own goodbye",
                "key 2\nkey 1\nkey 1\nkeys 0815\nkey 1\nkey 1\nkey 1\nkey 2\nkey 1\nkey 1\nkey 1\nkey 2\nexpect said 谢谢您的照顾\nexpect not said 祝您早日康复\nexpect outcome completed",
            ),
            (
                "a known date",
                "patient visit=2026-12-01\nkey 1\nkey 1\nkeys 0815\nkey 1\nkey 1\nkey 1\nkey 2\nkey 1\nkey 1\nkey 1\nkey 2\nexpect said 您的复查时间是\nexpect not said 请记得复查",
            ),
        ],
    );
}

#[test]
fn a_red_flag_calls_a_nurse_or_says_when_she_calls() {
    check_opened(
        "followup",
        &[
            (
                "emergency, nobody",
                "key 5\nexpect alert gen.status emergency\nexpect transfer duty\nexpect said 马上请护士\nnobody\nexpect said 喘不上气、胸口很痛、流血不止的,请马上挂机,拨打120。护士会在5分钟内\nexpect end\nexpect outcome break_off",
            ),
            (
                "urgent, nobody, goes on",
                "key 1\nkey 2\nkey 3\nexpect alert sym.headache urgent\nnobody\nexpect said 护士会在30分钟内\nkey 1\nexpect answer sym.vomit = none",
            ),
            (
                "a second urgent is only an alert",
                "key 1\nkey 2\nkey 3\nnobody\nkey 3\nexpect alert sym.vomit urgent\nkey 1\nexpect answer sym.bloody_nose = none",
            ),
            (
                "urgent, then emergency",
                "key 1\nkey 2\nkey 3\nnobody\nkey 1\nkey 3\nexpect alert sym.bloody_nose emergency\nnobody\nexpect end",
            ),
            (
                "prompt goes on at once",
                "key 1\nkey 2\nkey 1\nkey 1\nkey 2\nexpect alert sym.bloody_nose prompt\nkey 1\nexpect answer sym.bloody_sputum = none",
            ),
            (
                "fever",
                "key 1\nkey 1\nkey 1\nkey 1\nkeys 385#\nkey 1\nexpect alert temp.value prompt\nexpect said 多喝水",
            ),
            (
                "high fever",
                "key 1\nkey 1\nkey 1\nkey 1\nkeys 390#\nkey 1\nexpect alert temp.value urgent",
            ),
            (
                "cold",
                "key 1\nkey 1\nkey 1\nkey 1\nkeys 349#\nkey 1\nexpect alert temp.value prompt",
            ),
            ("pain", "key 1\nkey 1\nkey 2\nkeys 7#\nkey 1\nexpect alert pain.nrs urgent"),
            (
                "some pain",
                "key 1\nkey 1\nkey 2\nkeys 4#\nkey 1\nexpect alert pain.nrs prompt\nexpect said 按医生说的吃药",
            ),
            (
                "little pain",
                "key 1\nkey 1\nkey 2\nkeys 3#\nkey 1\nexpect not alert pain.nrs prompt\nexpect not alert pain.nrs urgent",
            ),
        ],
    );
    check(
        "followup",
        &[(
            "fever without defences",
            "patient immune_risk\nkey 1\nkey 1\nkeys 0815\nkey 1\nkey 1\nkey 1\nkey 1\nkeys 380#\nkey 1\nexpect alert temp.value urgent\nexpect said 请马上来医院或打",
        )],
    );
}

#[test]
fn the_mood_is_asked_of_the_patient_alone_and_death_ends_it() {
    check_opened(
        "phq",
        &[
            (
                "two are enough",
                "key 1\nkey 1\nkey 3\nexpect no answer phq.3\nexpect said 谢谢您,问完了\nexpect outcome completed",
            ),
            ("others can hear", "key 4\nkey 3\nexpect promise evening\nexpect outcome postponed"),
        ],
    );
    check(
        "phq",
        &[
            (
                "a relative",
                "key 2\nkey 1\nkey 2\nexpect outcome wrong_person\nexpect promise afternoon\nexpect no answer phq.private",
            ),
            (
                "nine and a doctor",
                "patient person_on_duty\nkey 1\nkey 1\nkeys 0815\nkey 1\nkey 4\nkey 4\nkey 3\nkey 3\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nexpect answer phq.9 = 0\nkey 2\nexpect answer phq.10 = 1\nexpect said 医生会再和您联系\nexpect outcome completed",
            ),
            (
                "item 9 always",
                "patient person_on_duty ask_item_9_always\nkey 1\nkey 1\nkeys 0815\nkey 1\nkey 1\nkey 1\nkey 2\nexpect alert phq.9 suicide",
            ),
            (
                "suicide",
                "patient person_on_duty\nkey 1\nkey 1\nkeys 0815\nkey 1\nkey 4\nkey 4\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 1\nkey 4\nexpect said 马上有人和您说话\nnobody\nexpect said 我们会在5分钟内打给您\nexpect not said 医生会再\nexpect end",
            ),
        ],
    );
}

#[test]
fn an_interrupted_form_goes_on_where_it_stopped() {
    check(
        "phq",
        &[(
            "scores of the first call count",
            "answered phq phq.private go_on\nanswered phq phq.1 3\nkey 1\nkey 1\nkeys 0815\n\
         expect said 上次的电话没有打完\nkey 1\nexpect answer phq.2 = 0\nkey 1\nexpect answer phq.3 = 0",
        )],
    );
    check(
        "followup",
        &[
            (
                "only an opening was answered before",
                "answered opening open.who patient\nkey 1\nkey 1\nkeys 0815\nexpect not said 上次的电话没有打完",
            ),
            (
                "the enough mark is remembered",
                "answered discharge_general med.adherence none\nkey 1\nkey 1\nkeys 0815\nkey 1\nkey 1\n\
         key 1\nkey 2\nkey 1\nhang up\nexpect outcome partial",
            ),
        ],
    );
}

#[test]
fn the_year_will_do_for_marks_only() {
    check(
        "satisfaction",
        &[
            (
                "year",
                "key 1\nkey 1\nkeys 0101\nkeys 0102\nkeys 1972\nexpect answer open.identity.year = confirmed\nexpect said 护士对您尊重",
            ),
            (
                "not the year",
                "key 1\nkey 1\nkeys 0101\nkeys 0102\nkeys 1973\nexpect outcome identity_not_confirmed\nexpect end",
            ),
        ],
    );
}

#[test]
fn who_calls_us_gets_where_they_want() {
    check(
        "inbound",
        &[
            (
                "0 by day",
                "key 0\nexpect transfer centre\nnobody\nexpect said 工作人员都在忙\nexpect task 人工回电\nhang up\nexpect task 来电留言",
            ),
            ("medicine", "key 2\nexpect transfer enquiry"),
            ("complaint", "key 3\nexpect transfer complaint"),
            (
                "complaint in the evening",
                "patient evening\nkey 3\nkey #\nexpect task 来电留言\nexpect end",
            ),
            (
                "tomorrow",
                "patient night\nkey 2\nkey 2\nexpect promise morning\nexpect task 次日首个时段回电\nexpect end",
            ),
            (
                "message",
                "patient night\nkey 2\nkey 3\nrecorded\nexpect task 来电留言\nexpect said 收到了\nexpect end",
            ),
            ("later", "key 1\nkey 2\nkey 3\nexpect promise evening\nexpect outcome postponed"),
            ("now, but no task", "key 1\nkey 1\nexpect transfer centre"),
            (
                "now",
                "patient open_task task=ip_satisfaction\nkey 2\nkey 1\nkey 1\nkey 1\nkey 1\nkeys 0815\nexpect said 护士对您尊重",
            ),
            (
                "silence",
                "silence\nsilence\nexpect transfer centre\nnobody\nrecorded\nexpect task 来电留言",
            ),
            ("neither", "key 1\nkey 9\nkey 2\nkey 3\nexpect transfer complaint"),
        ],
    );
}

#[test]
fn the_red_button_ends_a_call_with_a_word() {
    check_opened(
        "followup",
        &[(
            "stop",
            "key 1\nstop\nexpect said 您的回答已经保存\nexpect outcome break_off\nexpect end",
        )],
    );
}
