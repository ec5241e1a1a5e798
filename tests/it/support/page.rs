//! The page's side of the API: signed in, as a browser would be.

use serde_json::Value;

use super::{Stage, said};

pub(crate) struct Page {
    agent: ureq::Agent,
    base: String,
    cookie: String,
}

impl Page {
    /// Makes an account and signs in with it; the server must be running.
    pub(crate) fn sign_in(stage: &Stage, login: &str, role: &str) -> Self {
        let args = ["user", "add", login, "--role", role, "--whole-hospital"];
        let made = stage.run_with_config(&stage.config(), &args, "a long password\n");
        assert!(made.status.success(), "{}", said(&made));
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let base = format!("http://127.0.0.1:{}", stage.web_port);
        let mut page = Self { agent: config.into(), base, cookie: String::new() };
        let body = serde_json::json!({ "login": login, "password": "a long password" });
        let response = page.request("/api/session", &body);
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        page.cookie = cookie.split(';').next().unwrap().to_owned();
        page
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(path)).unwrap()
    }

    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        let asked = self.agent.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let mut response = asked.call().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.body_mut().read_to_vec().unwrap()
    }

    /// Status and answer; an answer without a body is null.
    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let mut response = self.request(path, body);
        let answer = response.body_mut().read_to_string().unwrap();
        let answer = serde_json::from_str(&answer).unwrap_or(Value::Null);
        (response.status().as_u16(), answer)
    }

    /// Whatever the status: the body as it is.
    pub(crate) fn answered(&self, path: &str, body: Option<&str>) -> (u16, String) {
        let url = format!("{}{path}", self.base);
        let mut response = match body {
            None => self.agent.get(url).header("cookie", &self.cookie).call().unwrap(),
            Some(body) => {
                let asked = self.agent.post(url).header("x-suifang", "1");
                let asked = asked.header("content-type", "application/json");
                asked.header("cookie", &self.cookie).send(body).unwrap()
            }
        };
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    fn request(&self, path: &str, body: &Value) -> ureq::http::Response<ureq::Body> {
        let asked = self.agent.post(format!("{}{path}", self.base)).header("x-suifang", "1");
        let asked = asked.header("content-type", "application/json");
        asked.header("cookie", &self.cookie).send(body.to_string()).unwrap()
    }
}
