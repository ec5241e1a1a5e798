//! The prompt studio's door: whom to call, which sentences, and how far each call is.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

use super::{Core, Dial, DialPurpose, call::dial, control, kept_lines, speaker, standing};
use crate::{
    base::{CallId, Pii},
    config::{DialRule, Governor, Srtp, Transport, Trunk},
    ivr::{Line, LineState, studio::Progress},
    sip::message,
    store::Principal,
};

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct StudioWish {
    /// A phone registered with us, or a number over a trunk.
    pub to: Pii<String>,
    pub trunk: Option<String>,
    pub language: String,
    pub wanted: Wanted,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// Those without a clip, the outdated ones too.
    Missing,
    Outdated,
    All,
    /// By the SHA-256 of their text.
    Texts(Vec<String>),
}

/// One call of a nurse, as the page shows it.
#[derive(Clone, Debug)]
pub struct StudioSession {
    pub call: CallId,
    pub by: String,
    pub to: Pii<String>,
    pub language: String,
    pub since: DateTime<Utc>,
    pub lines: usize,
    pub progress: Option<Progress>,
    /// The sentence that is being read.
    pub text: Option<String>,
    pub is_over: bool,
}

#[derive(Debug, Default)]
pub struct StudioBoard(Mutex<VecDeque<StudioSession>>);

impl StudioBoard {
    /// The latest first.
    pub fn list(&self) -> Vec<StudioSession> {
        self.sessions().iter().rev().cloned().collect()
    }

    fn put(&self, session: StudioSession) {
        let mut sessions = self.sessions();
        sessions.push_back(session);
        while sessions.len() > SESSIONS_SHOWN {
            sessions.pop_front();
        }
    }

    pub(super) fn update(&self, call: CallId, change: impl FnOnce(&mut StudioSession)) {
        if let Some(session) = self.sessions().iter_mut().find(|session| session.call == call) {
            change(session);
        }
    }

    fn live(&self) -> usize {
        self.sessions().iter().filter(|session| !session.is_over).count()
    }

    fn sessions(&self) -> MutexGuard<'_, VecDeque<StudioSession>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything of a studio call that its task needs.
pub struct StudioScript {
    pub(super) lines: Vec<Line>,
    pub(super) language: String,
    pub(super) by: Principal,
}

/// Calls the phone; answers which call it is and how many sentences it will read.
///
/// # Errors
/// In both languages, before anything was sent.
pub async fn record_prompts(
    core: &Arc<Core>,
    by: &Principal,
    wish: StudioWish,
) -> Result<(CallId, usize), String> {
    if core.is_stopped() {
        return Err("全部停呼中,不能拨出 / all calls are stopped".to_owned());
    }
    if !core.room_for_a_call() || core.studio.live() >= SESSIONS_MAX {
        return Err("线路已满,请稍后再试 / too many calls at once; try again later".to_owned());
    }
    let mut lines = wanted_lines(core, &wish).await?;
    lines.truncate(LINES_MAX);
    let count = lines.len();
    if count == 0 {
        return Err("没有要录的句子 / there is nothing to record".to_owned());
    }
    let target = way_to(core, &wish.to, wish.trunk.clone()).await?;
    let script = StudioScript { lines, language: wish.language.clone(), by: by.clone() };
    let wanted = Dial {
        purpose: DialPurpose::Studio(Box::new(script)),
        trunk: target.trunk,
        digits: target.digits,
        contact: target.contact,
        id: None,
        line: None,
        dialplan: DIALPLAN.to_owned(),
    };
    let mut handle = dial(core, wanted).await.map_err(|error| {
        tracing::warn!(%error, "a studio call could not be made");
        format!("没有拨出:{error} / not called: {error}")
    })?;
    core.studio.put(StudioSession {
        call: handle.id(),
        by: by.name().to_owned(),
        to: wish.to,
        language: wish.language,
        since: core.clock.wall(),
        lines: count,
        progress: None,
        text: None,
        is_over: false,
    });
    let (core, call) = (Arc::clone(core), handle.id());
    tokio::spawn(async move {
        // However it ends, the board hears of it.
        let _ = handle.ended().await;
        core.studio.update(call, |session| session.is_over = true);
    });
    Ok((call, count))
}

async fn wanted_lines(core: &Core, wish: &StudioWish) -> Result<Vec<Line>, String> {
    let clips = core.app.kept_clips().await.map_err(|error| error.to_string())?;
    let kept = kept_lines(&clips, &wish.language);
    let has_voice = core.voice.speaks(&wish.language);
    let config = core.config();
    let speaker = speaker(&config.hospital);
    let all = standing(&core.library(), speaker, &wish.language, &kept, has_voice, None);
    let is_wanted = |line: &Line, state: LineState| match &wish.wanted {
        Wanted::All => true,
        Wanted::Missing => state != LineState::Recorded,
        Wanted::Outdated => state == LineState::Outdated,
        Wanted::Texts(texts) => texts.contains(&line.text_sha256),
    };
    Ok(all.into_iter().filter(|(line, state)| is_wanted(line, *state)).map(|(l, _)| l).collect())
}

/// The way to a phone of staff.
#[derive(Clone)]
pub struct Target {
    pub(crate) trunk: Trunk,
    pub(crate) digits: Pii<String>,
    pub(crate) contact: Option<super::call::Contact>,
}

/// A phone registered with us, or a number over a trunk.
pub(super) async fn way_to(
    core: &Core,
    to: &Pii<String>,
    trunk: Option<String>,
) -> Result<Target, String> {
    let to = to.reveal().trim();
    let now = core.clock.instant();
    let Some(phone) = core.phones.find(to, now) else {
        let found = control::by_trunk(core, to, trunk).await;
        let (trunk, digits) = found.map_err(|what| {
            format!(
                "没有这部注册话机,也不能经线路拨打:{what} / no such registered phone, and {what}"
            )
        })?;
        return Ok(Target { trunk, digits: Pii::new(digits), contact: None });
    };
    let interface = core.interface(phone.flow.interface).ok_or("no such interface")?;
    let transport = match phone.flow.transport {
        message::Transport::Udp => Transport::Udp,
        message::Transport::Tcp => Transport::Tcp,
        message::Transport::Tls => Transport::Tls,
    };
    let trunk =
        house_trunk("phone", &interface.name, phone.flow.remote, (transport, interface.srtp));
    let contact = super::call::Contact { uri: phone.contact, routes: phone.path };
    Ok(Target { trunk, digits: Pii::new(to.to_owned()), contact: Some(contact) })
}

/// The way to a phone of ours: no carrier, no registration.
pub(super) fn house_trunk(
    name: &str,
    interface: &str,
    peer: std::net::SocketAddr,
    (transport, srtp): (Transport, Srtp),
) -> Trunk {
    Trunk {
        name: name.to_owned(),
        interface: Some(interface.to_owned()),
        peer,
        outbound_proxy: None,
        numbers: Vec::new(),
        also_from: Vec::new(),
        transport,
        tls_ca: None,
        srtp,
        domain: None,
        register: false,
        username: None,
        auth_username: None,
        password: None,
        password_file: None,
        password_env: None,
        realm: None,
        caller_number: "suifang".to_owned(),
        lines: 1,
        calls_per_s: 1.0,
        fails_over_to: Vec::new(),
        hold_off_s: 0,
        profile: crate::config::CarrierProfile::default(),
        governor: Governor::default(),
        dial: DialRule::default(),
    }
}

/// Stands in the call's row in place of a dialplan.
const DIALPLAN: &str = "prompt_studio";

/// An hour of reading; nobody's voice lasts longer.
const LINES_MAX: usize = 200;

/// As many nurses as find a quiet room at once.
const SESSIONS_MAX: usize = 4;

/// The page shows how the last ones ended.
const SESSIONS_SHOWN: usize = 20;
