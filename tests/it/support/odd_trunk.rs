//! A trunk on which each word is written in the test.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use suifang::engine::{Clock as _, SystemClock};

/// What it says to an INVITE, and how long after it came.
/// `status|headers`, and after an empty line a body.
pub(crate) type Script = Vec<(u64, &'static str)>;

/// A trunk on which each word is written in the test.
pub(crate) struct OddTrunk {
    heard: Arc<Mutex<Vec<(Instant, String)>>>,
    script: Arc<Mutex<Script>>,
    ends: Arc<AtomicBool>,
}

impl OddTrunk {
    pub(crate) fn open(port: u16) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        let this = Self { heard: Arc::default(), script: Arc::default(), ends: Arc::default() };
        let (heard, script) = (Arc::clone(&this.heard), Arc::clone(&this.script));
        let ends = Arc::clone(&this.ends);
        std::thread::spawn(move || {
            let mut due: Vec<(Instant, SocketAddr, String)> = Vec::new();
            let mut buffer = [0; 4096];
            while !ends.load(Ordering::Relaxed) {
                let now = SystemClock.instant();
                due.retain(|(at, to, text)| {
                    let is_due = *at <= now;
                    if is_due {
                        socket.send_to(text.as_bytes(), to).unwrap();
                    }
                    !is_due
                });
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let is_again = heard.lock().unwrap().iter().any(|(_, known)| *known == text);
                let now = SystemClock.instant();
                heard.lock().unwrap().push((now, text.clone()));
                if text.starts_with("INVITE") && !is_again {
                    let script = script.lock().unwrap();
                    let said = script.iter().map(|(ms, status)| {
                        (now + Duration::from_millis(*ms), from, reply(&text, status))
                    });
                    due.extend(said);
                } else if !text.starts_with("INVITE") && !text.starts_with("ACK") {
                    socket.send_to(reply(&text, "200 OK").as_bytes(), from).unwrap();
                }
            }
        });
        this
    }

    pub(crate) fn says(&self, script: Script) {
        *self.script.lock().unwrap() = script;
        self.heard.lock().unwrap().clear();
    }

    /// When the first INVITE came; the same one may come again.
    pub(crate) fn first_invite(&self) -> Option<Instant> {
        let heard = self.heard.lock().unwrap();
        heard.iter().find(|(_, text)| text.starts_with("INVITE")).map(|(at, _)| *at)
    }

    /// The text of the first request with this method.
    pub(crate) fn request(&self, method: &str) -> Option<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().find(|(_, text)| text.starts_with(method)).map(|(_, text)| text.clone())
    }

    /// The methods that came, an INVITE that was said again once.
    pub(crate) fn methods(&self) -> Vec<String> {
        let mut seen = Vec::new();
        let mut methods = Vec::new();
        for (_, text) in self.heard.lock().unwrap().iter() {
            if !seen.contains(text) {
                methods.push(text.split(' ').next().unwrap().to_owned());
                seen.push(text.clone());
            }
        }
        methods
    }

    pub(crate) fn last_invite(&self) -> Option<Instant> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|(_, text)| text.starts_with("INVITE")).map(|(at, _)| *at).next_back()
    }
}

impl Drop for OddTrunk {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

fn reply(request: &str, status: &str) -> String {
    let (status, more) = status.split_once('|').unwrap_or((status, ""));
    let (more, body) = more.split_once("\r\n\r\n").unwrap_or((more, ""));
    let mut text = format!("SIP/2.0 {status}\r\n");
    for line in request.lines().take_while(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap();
        match name {
            "Via" | "From" | "Call-ID" | "CSeq" => text += &format!("{line}\r\n"),
            "To" if line.contains("tag=") => text += &format!("{line}\r\n"),
            "To" => text += &format!("{line};tag=odd\r\n"),
            _ => {}
        }
    }
    text += "Contact: <sip:odd@127.0.0.1>\r\n";
    if !more.is_empty() {
        text += &format!("{more}\r\n");
    }
    text + &format!("Content-Length: {}\r\n\r\n{body}", body.len())
}
