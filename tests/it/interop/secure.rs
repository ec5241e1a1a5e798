//! baresip as a phone of the house by UDP, TCP and TLS, with and without SRTP: it registers,
//! calls the menu, presses a key, holds, and is called. docs/INTEROP.md has what comes of it.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Child,
    sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use serde_json::{Value, json};
use suifang::{base::Pii, engine::Clock, store::Principal};

use super::start_baresip;
use crate::support::{
    Stage,
    desk::{channel, seconds_of},
    free_port,
    hospital::Hospital,
    manifest, said, until,
};

struct Ports {
    bare: u16,
    tls: u16,
    strict: u16,
    strict_tls: u16,
}

/// Two networks of phones: one where SRTP may be, one where it must.
async fn house(name: &str) -> (Hospital, Ports) {
    let [bare, tls, strict, strict_tls] = [free_port(), free_port(), free_port(), free_port()];
    let pem = manifest().join("tests/data/tls");
    let network = |name: &str, port: u16, tls: u16, srtp: &str| {
        let pem = pem.display();
        format!(
            "[[interface]]\nname = \"{name}\"\nbind = \"127.0.0.1\"\nport = {port}\n\
             tls_port = {tls}\ntls_cert = \"{pem}/ours-cert.pem\"\ntls_key = \"{pem}/ours-key.pem\"\n\
             registrar = true\nsrtp = \"{srtp}\"\n"
        )
    };
    let head =
        network("open", bare, tls, "optional") + &network("strict", strict, strict_tls, "required");
    let hospital = Hospital::open_with(
        name,
        "2025-01-06T10:00",
        &head,
        "interface = \"lo\"\npeer = \"127.0.0.9:5080\"",
    )
    .await;
    let (app, by) = (&hospital.server.core.app, Principal::System("test"));
    let realm = hospital.server.core.config().sip.realm.clone();
    let (secret, at) = (Pii::new("secret".to_owned()), hospital.clock.wall());
    app.put_phone(&by, &realm, "8001", &secret, at).await.unwrap();
    (hospital, Ports { bare, tls, strict, strict_tls })
}

#[tokio::test(flavor = "multi_thread")]
async fn f039_baresip_calls_and_is_called_by_each_transport_in_clear_and_sealed() {
    if !Path::new("/usr/bin/baresip").exists() {
        println!("NOT RUN (1): baresip is not installed");
        return;
    }
    let (hospital, ports) = house("secure").await;
    let mut heard_sealed = 0;
    for (transport, port, encryption) in [
        ("udp", ports.bare, None),
        ("tcp", ports.bare, None),
        ("tls", ports.tls, None),
        ("udp", ports.bare, Some("srtp")),
        ("tcp", ports.bare, Some("srtp")),
        ("tls", ports.tls, Some("srtp")),
        ("tls", ports.strict_tls, Some("srtp-mand")),
    ] {
        let mut phone = Softphone::of_the_house(&hospital, transport, port, encryption);
        phone.registers(&hospital, transport);
        calls_the_menu(&hospital, &mut phone, port, transport).await;
        is_called(&hospital, &mut phone).await;
        let sealed = phone.log().matches("SRTP is Enabled").count();
        assert_eq!(
            sealed >= 2,
            encryption.is_some(),
            "{transport} {encryption:?}\n{}",
            phone.log()
        );
        heard_sealed += sealed;
    }
    assert!(heard_sealed >= 8);
    assert_eq!(hospital.server.core.media.metrics().forged.load(Relaxed), 0);
}

/// Where SRTP must be, a phone without it gets no call; it hears why.
#[tokio::test(flavor = "multi_thread")]
async fn f039_baresip_without_srtp_is_refused_where_it_is_required() {
    if !Path::new("/usr/bin/baresip").exists() {
        println!("NOT RUN (1): baresip is not installed");
        return;
    }
    let (hospital, ports) = house("strict").await;
    for (transport, port) in [("udp", ports.strict), ("tls", ports.strict_tls)] {
        let mut phone = Softphone::of_the_house(&hospital, transport, port, None);
        phone.registers(&hospital, transport);
        phone.command("dial", &format!("sip:1000@127.0.0.1:{port};transport={transport}"));
        let refused = until(Duration::from_secs(30), || phone.log().contains("488 "));
        assert!(refused, "{}", phone.log());
        assert!(!phone.log().contains("Call established"), "{}", phone.log());
        // It was a call for as long as its row was being written.
        let live = &hospital.server.core.live;
        assert!(until(Duration::from_secs(30), || live.count() == 0));
    }
}

/// baresip as the carrier: our requests go to it by TLS, its certificate is looked at, and
/// its answer must have a key.
#[test]
fn f028_a_trunk_by_tls_is_called_with_srtp_or_not_at_all() {
    if !Path::new("/usr/bin/baresip").exists() {
        println!("NOT RUN (1): baresip is not installed");
        return;
    }
    let pem = manifest().join("tests/data/tls");
    let trunk = |authority: &str| {
        let (bare, tls, pem) = (free_port(), free_port(), pem.display());
        format!(
            "interface = \"tls\"\ntransport = \"tls\"\ntls_ca = \"{pem}/{authority}-ca.pem\"\n\
             srtp = \"required\"\nprofile = {{ options_interval_s = 1 }}\n\
             [[interface]]\nname = \"tls\"\nbind = \"127.0.0.1\"\nport = {bare}\n\
             tls_port = {tls}\ntls_cert = \"{pem}/ours-cert.pem\"\ntls_key = \"{pem}/ours-key.pem\"\n"
        )
    };
    for (authority, encryption, expected) in [
        ("ours", ";mediaenc=srtp-mand", "answered, SIP status 200"),
        ("ours", "", "not answered, SIP status 488"),
        ("theirs", ";mediaenc=srtp-mand", "not answered, SIP status none"),
    ] {
        let mut stage = Stage::new("tls-trunk", &trunk(authority));
        let own = stage.carrier_port - 1;
        let account = format!(
            "<sip:13800000001@127.0.0.1:{own}>;regint=0;answermode=auto;\
             audio_codecs=PCMA{encryption}\n"
        );
        let mut phone = Softphone::start(&stage.folder.join("phone"), &account, own);
        stage.start();
        let args = ["call", "13800000001", "--trunk", "sim", "--dialplan", "ring_test"];
        let call = std::thread::scope(|scope| {
            let call = scope.spawn(|| stage.run(&args));
            let up = || phone.log().contains("Call established") || call.is_finished();
            until(Duration::from_secs(60), up);
            until(Duration::from_secs(1), || call.is_finished());
            phone.command("hangup", "");
            call.join().unwrap()
        });
        assert!(said(&call).contains(expected), "{}\n{}", said(&call), phone.log());
        let sealed = phone.log().contains("SRTP is Enabled");
        assert_eq!(sealed, expected.contains("200"), "{}", phone.log());
        let is_distrusted = stage.log().contains("no TLS with the trunk of this name");
        assert_eq!(is_distrusted, authority == "theirs", "{}", stage.log());
    }
}

/// Its own tone is in the recording, the menu is in what it heard, and its key arrives after
/// a hold.
async fn calls_the_menu(hospital: &Hospital, phone: &mut Softphone, port: u16, transport: &str) {
    let live = &hospital.server.core.live;
    phone.command("dial", &format!("sip:1000@127.0.0.1:{port};transport={transport}"));
    assert!(until(Duration::from_secs(30), || live.count() == 1), "{}", phone.log());
    let call = live.list()[0].call;
    assert!(until(Duration::from_secs(30), || phone.log().contains("Call established")));
    tokio::time::sleep(Duration::from_secs(3)).await;
    phone.command("hold", "");
    tokio::time::sleep(Duration::from_secs(1)).await;
    phone.command("resume", "");
    tokio::time::sleep(Duration::from_secs(3)).await;
    phone.command("sndcode", "2");
    let pressed = until(Duration::from_secs(30), || live.list().iter().any(|it| it.keys > 0));
    assert!(pressed, "no key came\n{}", phone.log());
    tokio::time::sleep(Duration::from_secs(1)).await;
    phone.command("hangup", "");
    assert!(until(Duration::from_secs(30), || live.count() == 0), "{}", phone.log());
    let shown = || hospital.get(&format!("/api/calls/{}", call)).ok();
    let recording = || {
        let all = shown()["recordings"].as_array().cloned().unwrap_or_default();
        let is_whole = |it: &&Value| it["kind"] == "call" && it["state"] == "finished";
        all.iter().find(is_whole).map(|it| it["recording_id"].as_str().unwrap().to_owned())
    };
    assert!(until(Duration::from_secs(30), || recording().is_some()), "{}", shown());
    let file = hospital.folder.join("fetched.wav");
    let path = format!("/api/recordings/{}/audio", recording().unwrap());
    fs::write(&file, hospital.bytes(&path)).unwrap();
    let said = seconds_of(&channel(&file, 0), 440.0);
    assert!(said > 4.0, "{said} s of its tone were heard\n{}", phone.log());
}

/// The prompt studio rings it; it picks up by itself.
async fn is_called(hospital: &Hospital, phone: &mut Softphone) {
    let live = &hospital.server.core.live;
    let begun = hospital.post("/api/prompts/studio", &json!({ "to": "8001" }));
    assert!(begun.status < 300, "{begun:?}");
    let established = || phone.log().matches("Call established").count() >= 2;
    assert!(until(Duration::from_secs(30), established), "{}", phone.log());
    tokio::time::sleep(Duration::from_secs(2)).await;
    phone.command("hangup", "");
    assert!(until(Duration::from_secs(30), || live.count() == 0), "{}", phone.log());
}

struct Softphone {
    child: Child,
    folder: PathBuf,
    control: TcpStream,
}

impl Softphone {
    fn of_the_house(
        hospital: &Hospital,
        transport: &str,
        port: u16,
        encryption: Option<&str>,
    ) -> Self {
        let sealed = encryption.map(|how| format!(";mediaenc={how}")).unwrap_or_default();
        let account = format!(
            "<sip:8001@127.0.0.1:{port};transport={transport}>;auth_user=8001;auth_pass=secret;\
             regint=60;answermode=auto;audio_codecs=PCMA{sealed}\n"
        );
        Self::start(&hospital.folder.join("softphone"), &account, free_port())
    }

    /// It listens by UDP and TCP, and at the next port by TLS.
    fn start(folder: &Path, account: &str, own: u16) -> Self {
        let folder = folder.to_owned();
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let (control, at) = (free_port(), folder.display());
        let pem = manifest().join("tests/data/tls");
        let both = ["ours-cert.pem", "ours-key.pem"].map(|name| fs::read(pem.join(name)).unwrap());
        fs::write(folder.join("both.pem"), both.concat()).unwrap();
        let config = format!(
            "sip_listen 127.0.0.1:{own}\nnet_interface 127.0.0.1\nsip_cafile {}\n\
             sip_certificate {at}/both.pem\n\
             audio_player aufile,{at}/heard.wav\naudio_source ausine,440\n\
             audio_alert aufile,{at}/alert.wav\nausrc_srate 48000\nauplay_srate 8000\n\
             ausrc_channels 2\nauplay_channels 1\nrtp_ports 54000-54100\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule ausine.so\n\
             module aufile.so\nmodule srtp.so\nmodule_tmp account.so\nmodule_app menu.so\n\
             module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\n",
            pem.join("ours-ca.pem").display()
        );
        let child = start_baresip(&folder, &config, account);
        let mut found = None;
        until(Duration::from_secs(30), || {
            found = TcpStream::connect(("127.0.0.1", control)).ok();
            found.is_some()
        });
        Self { child, folder, control: found.expect("baresip's control port") }
    }

    fn registers(&self, hospital: &Hospital, transport: &str) {
        let core = &hospital.server.core;
        let way = || {
            let phone = core.phones.find("8001", core.clock.instant())?;
            Some(phone.flow.transport.as_str().to_ascii_lowercase())
        };
        let registered = || way().as_deref() == Some(transport) && self.log().contains("200 OK");
        assert!(until(Duration::from_secs(30), registered), "{:?}\n{}", way(), self.log());
    }

    /// A netstring; the answer is read away.
    fn command(&mut self, command: &str, params: &str) {
        let text = json!({ "command": command, "params": params }).to_string();
        self.control.write_all(format!("{}:{text},", text.len()).as_bytes()).unwrap();
        self.control.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let _ = self.control.read(&mut [0; 4096]);
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Softphone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
