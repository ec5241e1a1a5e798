use std::{fs, path::Path, process::Child, time::Duration};

use serde_json::{Value, json};
use suifang::{
    base::Pii,
    engine::Clock,
    sim::{Behaviour, Dial, Patient},
    store::Principal,
};

use super::start_baresip;
use crate::support::{
    desk::{channel, seconds_of},
    dial, free_port,
    hospital::Hospital,
};

/// F030, F039: baresip is the agent's phone. It registers, picks up, and both are heard in the
/// recording: its 440 Hz on our side, the patient's 1000 Hz on the other.
#[tokio::test(flavor = "multi_thread")]
async fn f039_baresip_as_an_agents_phone_takes_a_click_to_dial_and_both_are_heard() {
    if !Path::new("/usr/bin/baresip").exists() {
        println!("NOT RUN (1): baresip is not installed");
        return;
    }
    let trunk = "lines = 5\ncalls_per_s = 10.0";
    let hospital = Hospital::open_with("baragent", "2025-01-06T10:00", "", trunk).await;
    let hums = Dial { hums_hz: Some(1000.0), ..dial(Behaviour::Answer) };
    let number = "+8613800000001".to_owned();
    let patients = vec![Patient { number, dials: vec![hums], truth: None }];
    let _carrier = hospital.carrier(patients).await;
    let row = "张Z1,男,1960-02-03,Z1,心内科,一病区,2024-12-20,2025-01-01,1,13800000001,J18,肺炎";
    hospital.discharges(&[row]).await;
    let run = hospital.post("/api/runs", &json!({ "name": "r", "dialplan": "quick" })).ok();
    let tasks = hospital.get(&format!("/api/runs/{}/tasks", run["run_id"].as_str().unwrap())).ok();
    let task = tasks["items"][0]["task_id"].clone();
    hospital.add_user("li", "agent").await;
    let (app, by) = (&hospital.server.core.app, Principal::System("test"));
    let realm = hospital.server.core.config().sip.realm.clone();
    let (secret, at) = (Pii::new("secret".to_owned()), hospital.clock.wall());
    app.put_phone(&by, &realm, "8001", &secret, at).await.unwrap();
    let ask = json!({ "endpoint_kind": "phone", "endpoint": "8001", "wrap_up_s": 5, "queues": [] });
    hospital.put("/api/agents/li", &ask).ok();
    let phone = Softphone::start(&hospital);
    let cookie = hospital.sign_in("li");
    hospital.post_as(&cookie, "/api/desk/enter", &json!({})).ok();
    let desk = || hospital.get_as(&cookie, "/api/desk").ok();
    wait(&phone, "idle", || desk()["state"] == "idle").await;
    hospital.post_as(&cookie, "/api/desk/dial", &json!({ "task_id": task })).ok();
    wait(&phone, "talking", || desk()["call"]["state"] == "answered").await;
    let call = desk()["call"]["call_id"].as_str().unwrap().to_owned();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let path = format!("/api/desk/calls/{call}/act");
    hospital.post_as(&cookie, &path, &json!({ "act": "hang_up" })).ok();
    let shown = || hospital.get(&format!("/api/calls/{call}")).ok();
    let finished = |shown: &Value| {
        let all = shown["recordings"].as_array().unwrap();
        all.iter().any(|it| it["kind"] == "call" && it["state"] == "finished")
    };
    wait(&phone, "recorded", || finished(&shown())).await;
    let recordings = shown()["recordings"].clone();
    let of_call = recordings.as_array().unwrap().iter().find(|it| it["kind"] == "call").unwrap();
    let id = of_call["recording_id"].as_str().unwrap();
    let file = hospital.folder.join("fetched.wav");
    fs::write(&file, hospital.bytes(&format!("/api/recordings/{id}/audio"))).unwrap();
    let (patient, agent) = (channel(&file, 0), channel(&file, 1));
    assert!(seconds_of(&patient, 1000.0) > 2.0, "{}", seconds_of(&patient, 1000.0));
    assert!(seconds_of(&agent, 440.0) > 2.0, "{}", seconds_of(&agent, 440.0));
}

async fn wait(phone: &Softphone, what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {what}: {}", fs::read_to_string(phone.folder.join("log")).unwrap_or_default());
}

struct Softphone {
    child: Child,
    folder: std::path::PathBuf,
}

impl Softphone {
    fn start(hospital: &Hospital) -> Self {
        let folder = hospital.folder.join("softphone");
        fs::create_dir_all(&folder).unwrap();
        let (port, at, server) = (free_port(), folder.display(), hospital.sip());
        let config = format!(
            "sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\naudio_player aufile,{at}/heard.wav\n\
             audio_source ausine,440\naudio_alert aufile,{at}/alert.wav\nausrc_srate 48000\n\
             auplay_srate 8000\nausrc_channels 2\nauplay_channels 1\nrtp_ports 53000-53100\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule ausine.so\n\
             module aufile.so\nmodule_tmp account.so\nmodule_app menu.so\n"
        );
        let account = format!(
            "<sip:8001@{server}>;auth_user=8001;auth_pass=secret;regint=60;answermode=auto;audio_codecs=PCMA\n"
        );
        let child = start_baresip(&folder, &config, &account);
        Self { child, folder }
    }
}

impl Drop for Softphone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
