use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Child,
    time::Duration,
};

use suifang::sim::{Truth, compare};

use super::start_baresip;
use crate::support::{Stage, answers, free_port, number, said, until};

/// baresip as the patient: it is called, picks up, and answers the questionnaire by its own
/// telephone-events.
#[tokio::test(flavor = "multi_thread")]
async fn f032_baresip_as_a_patient_answers_the_questionnaire_with_its_keys() {
    if !Path::new("/usr/bin/baresip").exists() {
        println!("NOT RUN (1): baresip is not installed");
        return;
    }
    let patients = vec![answers(1)];
    let mut stage = Stage::new("baresip", "dial = { zero_before_far_mobile = false }");
    let phone = Phone::start(&stage);
    stage.start();
    let file = stage.discharges(&patients);
    let imported = stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(imported.status.success(), "{}", said(&imported));
    let database = stage.database().await;
    let asked = || fs::read_to_string(stage.folder.join("phone/log")).unwrap_or_default();
    let rings = until(Duration::from_secs(60), || asked().contains("answering call"));
    assert!(rings, "{}\n{}", asked(), stage.log());
    // Each entry once its question is being spoken: a key ends the prompt.
    let mut control = phone.control();
    for entry in ["1", "42#", "1"] {
        let before = answered(&database).await;
        let mut tries = 0;
        while answered(&database).await == before && tries < 8 {
            tokio::time::sleep(Duration::from_secs(3)).await;
            // Stored meanwhile, after all: once more it would answer the next question, too.
            if answered(&database).await > before {
                break;
            }
            for key in entry.chars() {
                send(&mut control, key);
                tokio::time::sleep(Duration::from_millis(400)).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            tries += 1;
        }
    }
    let truth = Truth {
        seed: 1,
        listen: ([127, 0, 0, 1], stage.carrier_port).into(),
        log: None,
        username: None,
        password: None,
        patients,
    };
    let mut result = compare(&database, &truth).await.unwrap();
    for _ in 0..60 {
        if result.not_dialled == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        result = compare(&database, &truth).await.unwrap();
    }
    assert_eq!(result.differences, Vec::<String>::new(), "{}\n{}", asked(), stage.log());
    assert_eq!(result.compared, 1, "{}", asked());
}

async fn answered(database: &suifang::store::Database) -> usize {
    let by = suifang::store::Principal::System("test");
    let mut scope = database.scope(&by).await.unwrap();
    suifang::store::attempt::answers_of_number(&mut scope, &number(1)).await.unwrap().len()
}

/// A baresip of its own configuration, steered over its control port.
struct Phone {
    child: Child,
    control: u16,
}

impl Phone {
    fn start(stage: &Stage) -> Self {
        let folder = stage.folder.join("phone");
        fs::create_dir_all(&folder).unwrap();
        let (port, control) = (stage.carrier_port, free_port());
        let at = folder.display();
        let config = format!(
            "sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\naudio_player aufile,{at}/heard.wav\n\
             audio_source ausine,440\naudio_alert aufile,{at}/alert.wav\nausrc_srate 48000\n\
             auplay_srate 8000\nausrc_channels 2\nauplay_channels 1\nrtp_ports 52000-52100\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule ausine.so\n\
             module aufile.so\nmodule_tmp account.so\nmodule_app menu.so\n\
             module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\n"
        );
        let dialled = number(1).trim_start_matches("+86").to_owned();
        let account = format!(
            "<sip:{dialled}@127.0.0.1:{port}>;regint=0;answermode=auto;audio_codecs=PCMA\n"
        );
        let child = start_baresip(&folder, &config, &account);
        Self { child, control }
    }

    fn control(&self) -> TcpStream {
        let mut found = None;
        until(Duration::from_secs(30), || {
            found = TcpStream::connect(("127.0.0.1", self.control)).ok();
            found.is_some()
        });
        found.expect("baresip's control port")
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A netstring with one command; the answer is read away.
fn send(control: &mut TcpStream, key: char) {
    let command = format!("{{\"command\":\"sndcode\",\"params\":\"{key}\"}}");
    control.write_all(format!("{}:{command},", command.len()).as_bytes()).unwrap();
    control.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let _ = control.read(&mut [0; 4096]);
}
