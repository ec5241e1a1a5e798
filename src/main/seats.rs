//! Two seats of the demo hospital, with phones that pick up by themselves: whoever tries the
//! desk needs no softphone.

use std::{sync::Arc, time::Duration};

use suifang::{
    base::{Pii, UserId},
    engine::{Clock, Core, SystemClock},
    sim::{Phone, PhoneConfig, PhoneSound, PicksUp},
    store::{Principal, agent},
};
use tracing::warn;

const SEATS: [(&str, &str, f32); 2] = [("demo", "8001", 440.0), ("demo2", "8002", 660.0)];

/// Registered until the task is ended.
pub(super) async fn demo_seats(core: Arc<Core>, secret: String) {
    let mut phones = Vec::new();
    match seat(&core, &secret).await {
        Ok(found) => phones.extend(found),
        Err(error) => warn!(error, "the demo's seats have no phones"),
    }
    std::future::pending::<()>().await;
    drop(phones);
}

async fn seat(core: &Core, secret: &str) -> Result<Vec<Phone>, String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let sound = PhoneSound::start(Arc::clone(&clock)).map_err(|error| error.to_string())?;
    let config = core.config();
    let interface = config.interface.first().ok_or("there is no interface")?;
    let server = (interface.bind, interface.port).into();
    for (login, account, _) in SEATS {
        take(core, login, account, secret).await?;
    }
    let mut phones = Vec::new();
    for (_, account, tone) in SEATS {
        let phone = PhoneConfig {
            account: account.to_owned(),
            password: secret.to_owned(),
            server,
            picks_up: PicksUp::After(Duration::from_millis(1500)),
            tone_hertz: Some(tone),
            keeps_in: None,
        };
        let started = Phone::start(phone, Arc::clone(&sound), Arc::clone(&clock)).await;
        phones.push(started.map_err(|error| error.to_string())?);
    }
    Ok(phones)
}

/// The account's phone and queues, where it has none yet.
async fn take(core: &Core, login: &str, account: &str, secret: &str) -> Result<(), String> {
    let (by, at) = (Principal::System("demo"), core.clock.wall());
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let realm = core.config().sip.realm.clone();
    let secret = Pii::new(secret.to_owned());
    let app = &core.app;
    app.put_phone(&by, &realm, account, &secret, at).await.map_err(|e| failed(&e))?;
    let mut scope = app.database().scope(&by).await.map_err(|e| failed(&e))?;
    let known = agent::list(&mut scope).await.map_err(|e| failed(&e))?;
    let user = agent::user_of(&mut scope, login).await.map_err(|e| failed(&e))?;
    drop(scope);
    if known.iter().any(|agent| agent.login == login) {
        return Ok(());
    }
    let new = agent::NewAgent {
        user: UserId::from_uuid(user.ok_or("the demo's account is missing")?),
        endpoint_kind: "phone",
        endpoint: account,
        wrap_up_s: 60,
        queues: &["centre", "enquiry", "complaint"].map(str::to_owned),
        skills: &[3, 3, 3],
    };
    app.put_agent(&by, &new, at).await.map_err(|e| failed(&e))
}
