use serde_json::{Value, json};
use suifang::engine::{Clock, erase_old_recordings};

use crate::support::hospital::Hospital;

/// Recordings with their files: of inpatients, of a person without a stay, of nobody.
async fn recordings(name: &str, count: u32) -> Hospital {
    let hospital = Hospital::open(name, "2025-01-06T10:00").await;
    let rows: Vec<_> = (1..=count)
        .map(|n| {
            format!("王{n},女,1952-08-15,Z{n},心内科,一病区,2024-12-20,2025-01-02,1,138{n:08},I10,高血压")
        })
        .collect();
    hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    hospital.sql(
        "insert into call (call_id, person_id, department_id, direction, state, remote, dialplan,
             dialplan_sha256, owner_node, owner_epoch, started_at, answered_at, ended_at)
         select ('00000000-0000-7000-8000-1' || lpad(row_number() over (order by a.admission_no)::text,
                 11, '0'))::uuid, a.person_id, a.department_id, 'outbound', 'ended',
             '+8613800000000', 'followup', '', 'n', 1, '2025-01-05T02:00Z', '2025-01-05T02:00Z',
             '2025-01-05T02:03Z' from admission a;
         insert into recording (recording_id, call_id, department_id, kind, path, state, started_at)
         select ('00000000-0000-7000-8000-2' || right(call_id::text, 11))::uuid, call_id,
             department_id, 'call', right(call_id::text, 4) || '.wav', 'finished', started_at from call",
    );
    let folder = hospital.server.core.recordings();
    std::fs::create_dir_all(&folder).unwrap();
    for n in 1..=count {
        std::fs::write(folder.join(format!("{n:04}.wav")), b"sound").unwrap();
    }
    hospital
}

fn template(weights: [u32; 2]) -> Value {
    json!({ "name": "随访通话", "items": [
        { "code": "greet", "text": "问候与身份核对", "weight": weights[0], "max": 5 },
        { "code": "privacy", "text": "未泄露病情", "weight": weights[1], "max": 1, "fatal": true } ] })
}

/// 质检: a template weighs 100, a sample is drawn by its seed, each recording is scored once
/// and not by whose call it was; who scored whom is told.
#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_drawn_by_a_seed_and_scored_once_by_somebody_else() {
    let hospital = recordings("quality", 20).await;
    let put = |weights| hospital.put("/api/quality/templates/call", &template(weights));
    assert_eq!(put([50, 40]).status, 422);
    assert_eq!(put([40, 60]).ok()["version"], 1);
    let draw = |seed: i64, count: i32| {
        let ask = json!({ "template": "call", "from": "2025-01-05", "to": "2025-01-05",
            "seed": seed, "count": count });
        hospital.post("/api/quality/draws", &ask)
    };
    let drawn = |seed: i64| {
        let made = draw(seed, 5).ok();
        assert_eq!(made["drawn"], 5);
        let path = format!("/api/quality/reviews?draw_id={}", made["draw_id"].as_str().unwrap());
        let found = hospital.get(&path).ok()["items"].as_array().unwrap().clone();
        let ids = found.iter().map(|row| row["recording_id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), found[0]["review_id"].as_str().unwrap().to_owned())
    };
    let ((first, review), (again, _), (other, _)) = (drawn(7), drawn(7), drawn(8));
    assert_eq!(first, again, "the same seed draws the same");
    assert_ne!(first, other);
    assert_eq!((draw(1, 0).status, draw(1, 501).status), (422, 422));
    let nothing = json!({ "template": "call", "from": "2024-01-05", "to": "2024-01-05", "seed": 1,
        "count": 5 });
    assert_eq!(hospital.post("/api/quality/draws", &nothing).status, 409);
    // A change of the template does not change what is under review.
    assert_eq!(put([90, 10]).ok()["version"], 2);
    hospital.add_user("chief", "supervisor").await;
    let chief = hospital.sign_in("chief");
    let score = |review: &str, marks: Value| {
        let ask = json!({ "marks": marks, "remark": "语速偏快" });
        hospital.post_as(&chief, &format!("/api/quality/reviews/{review}/score"), &ask)
    };
    for wrong in [
        json!({ "greet": 4 }),
        json!({ "greet": 6, "privacy": 1 }),
        json!({ "greet": 4, "privacy": 1, "tone": 1 }),
    ] {
        assert_eq!(score(&review, wrong.clone()).status, 422, "{wrong}");
    }
    assert_eq!(score(&review, json!({ "greet": 4, "privacy": 1 })).ok()["total"], 92.0);
    assert_eq!(score(&review, json!({ "greet": 5, "privacy": 1 })).status, 409, "once");
    let open = |recording: &str| {
        let ask = json!({ "recording_id": recording, "template": "call" });
        hospital.post("/api/quality/reviews", &ask)
    };
    let failed = open(&first[1]).ok()["review_id"].as_str().unwrap().to_owned();
    assert_eq!(open(&first[1]).status, 409, "it is under review");
    let whole = score(&failed, json!({ "greet": 5, "privacy": 0 })).ok();
    assert_eq!((&whole["total"], &whole["failed_by"]), (&json!(0.0), &json!("privacy")));
    // A ring that a nurse asked for is her call.
    hospital.sql(
        "insert into ring_test (ring_test_id, person_id, number_id, e164, asked_by, trunk, call_id,
             owner_node, owner_epoch, begun_at, ended_at, outcome)
         select gen_random_uuid(), c.person_id, n.number_id, n.e164, 'chief', 'sim', c.call_id, 'n', 1,
             c.started_at, c.ended_at, 'completed'
         from call c join contact k using (person_id) join number n using (contact_id)
         where c.call_id = '00000000-0000-7000-8000-100000000020'",
    );
    let own = open("00000000-0000-7000-8000-200000000020").ok()["review_id"].clone();
    let own = own.as_str().unwrap();
    assert_eq!(score(own, json!({ "greet": 5, "privacy": 1 })).status, 403, "her own");
    let sums = hospital.get("/api/quality/summary?from=2025-01-06&to=2025-01-06").ok();
    let sum = &sums[0];
    assert_eq!((&sum["agent"], &sum["reviewer"]), (&json!("ivr"), &json!("chief")), "{sums}");
    assert_eq!(
        (&sum["reviews"], &sum["mean"], &sum["failed"]),
        (&json!(2), &json!(46.0), &json!(1))
    );
    let draws = hospital.get("/api/quality/draws").ok();
    let scored: i64 =
        draws.as_array().unwrap().iter().map(|row| row["scored"].as_i64().unwrap()).sum();
    assert_eq!((scored, &draws[0]["population"]), (1, &json!(20)));
    hospital.add_user("nurse", "nurse").await;
    assert_eq!(hospital.get_as(&hospital.sign_in("nurse"), "/api/quality/draws").status, 403);
    let audit = "select count(*) from audit where subject = 'quality_review' and did = 'scored'";
    assert_eq!(hospital.sql(audit), "2");
}

/// 封存: what is held is never removed; the others go when their class's time is over, file and
/// row, and say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_held_recording_stays_and_others_go_when_their_time_is_over() {
    let hospital = recordings("holds", 4).await;
    // The third is of a person without a stay, the fourth of nobody.
    hospital.sql(
        "update call set person_id = null where call_id = '00000000-0000-7000-8000-100000000004';
         insert into person (person_id, name, created_at, updated_at)
         values ('00000000-0000-7000-8000-300000000003', '李三', '2025-01-01', '2025-01-01');
         update call set person_id = '00000000-0000-7000-8000-300000000003'
         where call_id = '00000000-0000-7000-8000-100000000003'",
    );
    let id = |n: u32| format!("00000000-0000-7000-8000-2{n:011}");
    let act = |n: u32, what: &str, reason: &str| {
        let path = format!("/api/recordings/{}/{what}", id(n));
        hospital.post(&path, &json!({ "reason": reason })).status
    };
    assert_eq!(act(1, "hold", " "), 422);
    assert_eq!((act(1, "hold", "医疗纠纷"), act(1, "hold", "再次")), (204, 409));
    assert_eq!((act(4, "hold", "投诉"), act(2, "release", "没有")), (204, 409));
    hospital.add_user("nurse", "nurse").await;
    let nurse = hospital.sign_in("nurse");
    let path = format!("/api/recordings/{}/hold", id(2));
    assert_eq!(hospital.post_as(&nurse, &path, &json!({ "reason": "x" })).status, 403);
    let policy = |inpatient: u32, other: u32| {
        let ask =
            json!({ "inpatient_days": inpatient, "outpatient_days": 60, "other_days": other });
        hospital.put("/api/policies/retention", &ask).status
    };
    assert_eq!((policy(90, 29), policy(90, 30)), (422, 204));
    let left = || {
        let folder = hospital.server.core.recordings();
        (1..=4).filter(|n| folder.join(format!("{n:04}.wav")).exists()).collect::<Vec<u32>>()
    };
    let rows = || {
        hospital.sql(
            "select string_agg(right(recording_id::text, 1), '' order by recording_id)
             from recording where state = 'finished'",
        )
    };
    let core = &hospital.server.core;
    for (day, expected) in [
        ("2025-02-03T10:00", vec![1, 2, 3, 4]),
        ("2025-02-05T10:00", vec![1, 2, 3, 4]),
        ("2025-03-08T10:00", vec![1, 2, 4]),
        ("2025-04-08T10:00", vec![1, 4]),
    ] {
        hospital.on(day).await;
        erase_old_recordings(core).await;
        assert_eq!(left(), expected, "{day}");
        let named: String = expected.iter().map(u32::to_string).collect();
        assert_eq!(rows(), named, "{day}: files and rows agree");
    }
    // No way leads past a hold, the database's own neither.
    let id_1 = id(1).parse().unwrap();
    let at = hospital.clock.wall();
    assert!(!core.app.erase_recording(id_1, |_| panic!("it is held"), at).await.unwrap());
    let forced = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        hospital.sql(&format!(
            "update recording set state = 'destroyed' where recording_id = '{}'",
            id(1)
        ))
    }));
    assert!(forced.is_err(), "the table lets a held recording go");
    let held = hospital.get("/api/recordings/holds").ok();
    assert_eq!(held["items"].as_array().unwrap().len(), 2);
    assert_eq!(act(4, "release", "已结案"), 204);
    erase_old_recordings(core).await;
    assert_eq!((left(), rows()), (vec![1], "1".to_owned()));
    assert_eq!(act(4, "hold", "晚了"), 409, "it is gone");
    let all = hospital.get("/api/recordings/holds?all=true").ok();
    let freed = all["items"].as_array().unwrap().iter().find(|row| row["recording_id"] == id(4));
    assert_eq!(freed.unwrap()["release_reason"], "已结案");
    let audit = "select string_agg(did, ' ' order by audit_id) from audit
         where subject = 'recording' and did in ('held', 'released', 'erased')";
    assert_eq!(hospital.sql(audit), "held held erased erased released erased");
}
