//! `doctor`: what works, what does not, and what to do; each line one finding.

use std::{
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    path::Path,
    sync::Arc,
    time::Duration,
};

use suifang::{
    config::Config,
    engine::{
        Clock, ControlRequest, LegEvent, MediaSettings, MediaThreads, OpenLeg, PortPool,
        SystemClock, ask_server, free_mib, load_library, try_source,
    },
    media::{Codec, Direction, Event, Prompt, Remote},
};

use super::{
    Failure,
    setting::{self, Record},
};

struct Doctor {
    english: bool,
    bad: usize,
}

impl Doctor {
    /// One line: good or bad, what, and for the bad what to do.
    fn tell(&mut self, zh: &str, en: &str, found: Result<String, String>) {
        let name = if self.english { en } else { zh };
        match found {
            Ok(what) => println!("✓ {name}: {what}"),
            Err(what) => {
                self.bad += 1;
                let half =
                    what.split_once(" / ").map(|(zh, en)| if self.english { en } else { zh });
                println!("✗ {name}: {}", half.unwrap_or(&what));
            }
        }
    }
}

pub(super) fn doctor(path: Option<&Path>, english: bool) -> Result<(), Failure> {
    let mut doctor = Doctor { english, bad: 0 };
    let (config, found) = setting::load(path)?;
    let name = found.map_or("built-in defaults".to_owned(), |path| path.display().to_string());
    doctor.tell("配置", "configuration", Ok(name));
    setting::runtime()?.block_on(async {
        let running = ask_server(&config.paths.data, &ControlRequest::Status).await.ok();
        let is_running = running.is_some();
        let said = running.map_or_else(|| "not running".to_owned(), |reply| reply.said);
        doctor.tell("服务", "server", Ok(said));
        for (zh, en, found) in places(&config, is_running) {
            doctor.tell(&zh, &en, found);
        }
        doctor.tell("语音流程", "dialplans", dialplans(&config));
        doctor.tell("磁盘", "disk", disk(&config));
        doctor.tell("时钟", "clock", clock());
        doctor.tell("合成语音", "voice", voice(&config).await);
        doctor.tell("数据库", "database", database(&config).await);
        for trunk in &config.trunk {
            doctor.tell(
                &format!("线路 {}", trunk.name),
                &format!("trunk {}", trunk.name),
                options(trunk.hop()),
            );
        }
        for source in &config.source {
            doctor.tell(
                &format!("来源 {}", source.name),
                &format!("source {}", source.name),
                try_source(source).await,
            );
        }
        doctor.tell("双向声音", "sound both ways", sound(&config).await);
    });
    match doctor.bad {
        0 => Ok(()),
        n => Err(Failure::other(format!("{n} findings"))),
    }
}

type Finding = (String, String, Result<String, String>);

fn places(config: &Config, is_running: bool) -> Vec<Finding> {
    let taken = |address: SocketAddr| match is_running {
        true => Ok(format!("{address} (the server's)")),
        false => Err(format!(
            "{address} 打不开:被别的程序占用,或不是本机地址,请改配置 / {address} cannot be opened: \
             another program holds it, or it is not this machine's; change the configuration"
        )),
    };
    let web = config.web.bind;
    let page = TcpListener::bind(web).map_or_else(|_| taken(web), |_| Ok(web.to_string()));
    let mut found = vec![("网页端口".to_owned(), "page port".to_owned(), page)];
    for interface in &config.interface {
        let address = SocketAddr::from((interface.bind, interface.port));
        let sip =
            UdpSocket::bind(address).map_or_else(|_| taken(address), |_| Ok(address.to_string()));
        found.push((format!("SIP {}", interface.name), format!("SIP {}", interface.name), sip));
    }
    found
}

fn dialplans(config: &Config) -> Result<String, String> {
    let library = load_library(&config.paths.dialplans).map_err(|error| error.to_string())?;
    Ok(format!("{} + {}", library.dialplans().count(), library.questionnaires().count()))
}

fn disk(config: &Config) -> Result<String, String> {
    let free =
        free_mib(&config.paths.recordings).ok_or("the folder of recordings cannot be read")?;
    match free >= config.limits.disk_min_mib {
        true => Ok(format!("{free} MiB")),
        false => Err(format!(
            "只剩 {free} MiB,录音盘要清理或扩容 / only {free} MiB left for recordings: make room"
        )),
    }
}

fn clock() -> Result<String, String> {
    let now = SystemClock.wall();
    match now.timestamp() > EARLIEST {
        true => Ok(now.to_rfc3339()),
        false => {
            Err("系统时间不对,请启用时间同步 / the clock is wrong: enable time synchronisation"
                .to_owned())
        }
    }
}

async fn voice(config: &Config) -> Result<String, String> {
    let folder = config.paths.data.join("voice");
    let voice = suifang::engine::Voice::new(config.tts.clone(), &folder);
    let voice = voice.map_err(|error| error.to_string())?;
    let clip = suifang::ivr::Clip {
        written: "您好。".to_owned(),
        spoken: "您好。".to_owned(),
        language: "zh-CN".to_owned(),
        personal: false,
        pause: Duration::ZERO,
    };
    let prompt = voice.prompt(&clip, false).await.map_err(|error| error.to_string())?;
    Ok(format!("{} ms", prompt.duration_ms()))
}

async fn database(config: &Config) -> Result<String, String> {
    let record = Record::open(config).await.map_err(|failure| failure.what)?;
    let is_writable = record.app.database().is_writable().await;
    record.close().await;
    match is_writable {
        true => Ok("writable".to_owned()),
        false => Err("不能写入 / cannot be written".to_owned()),
    }
}

/// Does anything answer OPTIONS there? Many carriers do not, and say nothing.
fn options(peer: SocketAddr) -> Result<String, String> {
    let silent = || {
        format!(
            "{peer} 对 OPTIONS 无应答:检查地址、防火墙;有的运营商本来就不答 / {peer} does not answer \
             OPTIONS: check address and firewall; some carriers never answer"
        )
    };
    let any = if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).map_err(|error| error.to_string())?;
    socket.connect(peer).map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(OPTIONS_WAIT)).map_err(|error| error.to_string())?;
    let own = socket.local_addr().map_err(|error| error.to_string())?;
    let branch = rand::random::<u64>();
    let text = format!(
        "OPTIONS sip:{peer} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{branch:x};rport\r\n\
         From: <sip:doctor@{own}>;tag={branch:x}\r\nTo: <sip:{peer}>\r\nCall-ID: {branch:x}\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    );
    socket.send(text.as_bytes()).map_err(|_| silent())?;
    let mut buffer = [0; 2048];
    let length = socket.recv(&mut buffer).map_err(|_| silent())?;
    let line = String::from_utf8_lossy(&buffer[..length]);
    Ok(line.lines().next().unwrap_or_default().to_owned())
}

/// Two legs of our own hear each other's tone.
async fn sound(config: &Config) -> Result<String, String> {
    let bind: IpAddr = config.interface.first().map_or([127, 0, 0, 1].into(), |i| i.bind);
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let threads = MediaThreads::start(MediaSettings::default(), Arc::new(SystemClock));
    let threads = threads.map_err(|e| text(&e))?;
    let (low, high) = config.interface.first().map_or((20_000, 30_000), |i| i.rtp_ports);
    let ports = PortPool::new(low..=high);
    let mut legs = Vec::new();
    for _ in 0..2 {
        let (events, heard) = tokio::sync::mpsc::channel(64);
        let open = OpenLeg { bind, ports: &ports, learns_any: false, events, beside: None };
        legs.push((threads.open(open).map_err(|e| text(&e))?, heard));
    }
    let [(a, mut heard_a), (b, mut heard_b)] =
        <[_; 2]>::try_from(legs).map_err(|_| "two legs".to_owned())?;
    for (own, other) in [(&a, &b), (&b, &a)] {
        let remote = Remote {
            codec: Codec::Pcma,
            payload_type: 8,
            event_payload_type: Some(101),
            rtp: (bind, other.rtp_port()).into(),
            rtcp: None,
            direction: Direction::SendRecv,
            srtp: None,
        };
        own.configure(remote).map_err(|e| text(&e))?;
        own.play(suifang::media::PlayId(1), vec![voice_like().into()], false)
            .map_err(|e| text(&e))?;
    }
    for heard in [&mut heard_a, &mut heard_b] {
        let until_heard = async {
            while let Some(event) = heard.recv().await {
                if matches!(event.event, LegEvent::Sound(Event::SpeechStarted)) {
                    return true;
                }
            }
            false
        };
        if !tokio::time::timeout(SOUND_WAIT, until_heard).await.unwrap_or(false) {
            return Err(
                "听不到自己:检查 RTP 端口和防火墙 / we do not hear ourselves: check the RTP \
                        ports and the firewall"
                    .to_owned(),
            );
        }
    }
    Ok(format!("PCMA, {bind}"))
}

fn voice_like() -> Prompt {
    let sample = |n: u32| {
        let t = n as f32 / 8000.0;
        let swell = (t * 12.0).sin().abs();
        ((t * 1200.0).sin() * swell * 9000.0) as i16
    };
    Prompt::new((0..16_000).map(sample).collect::<Vec<_>>())
}

/// No server of ours was ever started before.
const EARLIEST: i64 = 1_780_000_000;
const OPTIONS_WAIT: Duration = Duration::from_secs(2);
const SOUND_WAIT: Duration = Duration::from_secs(5);
