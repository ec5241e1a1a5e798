//! Agents of a hospital in a test: accounts, phones that ring, and what each hears.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde_json::{Value, json};
use suifang::{
    engine::SystemClock,
    sim::{Phone, PhoneConfig, PhoneSound, PicksUp},
    store::Principal,
};

use super::hospital::{Answer, Hospital};

/// One agent: account, browser and phone.
pub(crate) struct Agent {
    pub(crate) login: String,
    pub(crate) user: String,
    pub(crate) cookie: String,
    pub(crate) phone: Phone,
    pub(crate) keeps_in: PathBuf,
}

pub(crate) struct House {
    pub(crate) sound: Arc<PhoneSound>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self { sound: PhoneSound::start(Arc::new(SystemClock)).unwrap() }
    }

    /// An agent of the queue `centre` at the desk, whose phone has registered.
    pub(crate) async fn agent(
        &self,
        hospital: &Hospital,
        login: &str,
        tone_hertz: f32,
        picks_up: PicksUp,
    ) -> Agent {
        self.staff(hospital, login, "agent", tone_hertz, picks_up, &["centre"]).await
    }

    pub(crate) async fn staff(
        &self,
        hospital: &Hospital,
        login: &str,
        role: &str,
        tone_hertz: f32,
        picks_up: PicksUp,
        queues: &[&str],
    ) -> Agent {
        hospital.add_user(login, role).await;
        let account = format!("8{:03}", login.bytes().map(u32::from).sum::<u32>() % 1000);
        let app = &hospital.server.core.app;
        let by = Principal::System("test");
        let at = suifang::engine::Clock::wall(&*hospital.clock);
        let secret = suifang::base::Pii::new("secret".to_owned());
        let realm = hospital.server.core.config().sip.realm.clone();
        app.put_phone(&by, &realm, &account, &secret, at).await.unwrap();
        let queues: Vec<_> =
            queues.iter().map(|queue| json!({ "queue": queue, "skill": 3 })).collect();
        let ask = json!({ "endpoint_kind": "phone", "endpoint": account, "wrap_up_s": 5,
            "queues": queues });
        hospital.put(&format!("/api/agents/{login}"), &ask).ok();
        let keeps_in = hospital.folder.join(format!("heard-{login}"));
        std::fs::create_dir_all(&keeps_in).unwrap();
        let config = PhoneConfig {
            account,
            password: "secret".to_owned(),
            server: hospital.sip(),
            picks_up,
            tone_hertz: Some(tone_hertz),
            keeps_in: Some(keeps_in.clone()),
        };
        let phone =
            Phone::start(config, Arc::clone(&self.sound), Arc::new(SystemClock)).await.unwrap();
        let registered = tokio::time::timeout(Duration::from_secs(30), phone.is_registered());
        assert!(registered.await.unwrap_or(false), "{login}'s phone was not let in");
        let cookie = hospital.sign_in(login);
        let agents = hospital.get("/api/agents").ok();
        let row = agents.as_array().unwrap().iter().find(|agent| agent["login"] == login);
        let user = row.unwrap()["user_id"].as_str().unwrap().to_owned();
        let agent = Agent { login: login.to_owned(), user, cookie, phone, keeps_in };
        agent.enter(hospital).await;
        agent
    }
}

impl Agent {
    /// Comes to the desk; idle as soon as the server knows of the phone.
    pub(crate) async fn enter(&self, hospital: &Hospital) {
        hospital.post_as(&self.cookie, "/api/desk/enter", &json!({})).ok();
        self.is(hospital, "idle").await;
    }

    pub(crate) fn desk(&self, hospital: &Hospital) -> Value {
        hospital.get_as(&self.cookie, "/api/desk").ok()
    }

    /// Waits for a state.
    ///
    /// # Panics
    /// When it does not come.
    pub(crate) async fn is(&self, hospital: &Hospital, state: &str) {
        self.wait(hospital, state, |desk| desk["state"] == state).await;
    }

    pub(crate) async fn wait(
        &self,
        hospital: &Hospital,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        for n in 0..1200 {
            if n % 20 == 0 {
                // A browser is there all the time; without one the desk is empty after 35 s.
                hospital.post_as(&self.cookie, "/api/desk/enter", &json!({})).ok();
            }
            let desk = self.desk(hospital);
            if holds(&desk) {
                return desk;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}: never {what}: {:#}", self.login, self.desk(hospital));
    }

    pub(crate) fn post(&self, hospital: &Hospital, path: &str, body: &Value) -> Answer {
        hospital.post_as(&self.cookie, path, body)
    }

    pub(crate) fn act(&self, hospital: &Hospital, call: &str, act: &Value) -> Answer {
        self.post(hospital, &format!("/api/desk/calls/{call}/act"), act)
    }

    /// What the phone heard in its call of this number.
    pub(crate) fn heard(&self, call: usize) -> Vec<i16> {
        channel(&self.keeps_in.join(format!("{call}.wav")), 0)
    }
}

/// One channel of a recording: 0 the far side, 1 ours.
pub(crate) fn channel(path: &std::path::Path, channel: usize) -> Vec<i16> {
    let mut reader =
        hound::WavReader::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let channels = usize::from(reader.spec().channels);
    reader.samples::<i16>().skip(channel).step_by(channels).map(Result::unwrap).collect()
}

/// For how many seconds a tone within 5 Hz of this is heard, and no other is louder.
pub(crate) fn seconds_of(sound: &[i16], hertz: f32) -> f32 {
    const WINDOW: usize = 1600;
    let windows = sound.chunks_exact(WINDOW).filter(|window| {
        let own =
            [-5.0, 0.0, 5.0].map(|off| power(window, hertz + off)).into_iter().fold(0.0, f32::max);
        let all = window.iter().map(|s| f32::from(*s) * f32::from(*s)).sum::<f32>() / WINDOW as f32;
        all > 10_000.0 && own > 0.15 * all
    });
    windows.count() as f32 * WINDOW as f32 / 8000.0
}

/// Of one frequency, as a share of what a full sine of it would have (Goertzel).
fn power(window: &[i16], hertz: f32) -> f32 {
    let step = std::f32::consts::TAU * hertz / 8000.0;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in window.iter().enumerate() {
        re += f32::from(*sample) * (step * n as f32).cos();
        im += f32::from(*sample) * (step * n as f32).sin();
    }
    let n = window.len() as f32;
    2.0 * (re * re + im * im) / (n * n)
}
