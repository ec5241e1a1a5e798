//! `user add`, `user password`, `user phone`.

use std::{io::BufRead, path::Path};

use suifang::{app::NewUser, base::Pii};

use super::{
    Failure,
    args::User,
    content::person,
    setting::{self, Record},
};

pub(super) fn user(config: Option<&Path>, user: User) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    let password = read_password()?;
    setting::runtime()?.block_on(async {
        let record = Record::open(&config).await?;
        let (at, by) = (record.now(), person("user command"));
        let done = match user {
            User::Add { login, role, name, may_stop_all, whole_hospital } => {
                let display_name = name.unwrap_or_else(|| login.clone());
                let new =
                    NewUser { login, display_name, password, role, may_stop_all, whole_hospital };
                record.app.create_user(&by, &new, at).await
            }
            User::Password { login } => record.app.set_password(&by, &login, &password, at).await,
            User::Phone { phone } => {
                record.app.put_phone(&by, &config.sip.realm, &phone, &password, at).await
            }
        };
        record.close().await;
        done.map_err(Failure::usage)
    })
}

/// Not an argument: those are seen by everybody on the machine.
fn read_password() -> Result<Pii<String>, Failure> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::usage(format!("the password on standard input: {error}")))?;
    Ok(Pii::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}
