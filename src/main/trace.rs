//! `trace`: the signalling of one call, as text or as a capture file.

use std::path::Path;

use suifang::{
    base::{CallId, UserId},
    config::Config,
    engine::{Reading, ladder, pcap, read_trace},
    store::{Departments, Principal},
};

use super::{
    Failure,
    args::TraceAsk,
    setting::{self, Record},
};

pub(super) fn trace(config: Option<&Path>, ask: &TraceAsk) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    let call = ask.call.parse().map(CallId::from_uuid);
    let call =
        call.map_err(|_| Failure::usage(format!("{:?} is not the id of a call", ask.call)))?;
    if ask.pcap.is_some() && !ask.in_clear {
        // Numbers of another length would make another message: it is whole or it is not made.
        let what = "a capture holds whole numbers and pressed keys: say --in-clear and --reason";
        return Err(Failure::usage(what));
    }
    if ask.in_clear && ask.reason.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(Failure::usage("--in-clear needs --reason: it stands in the audit"));
    }
    setting::runtime()?.block_on(async {
        let record = Record::open(&config).await?;
        let done = told(&config, &record, call, ask).await;
        record.close().await;
        print!("{}", done?);
        Ok(())
    })
}

async fn told(
    config: &Config,
    record: &Record,
    call: CallId,
    ask: &TraceAsk,
) -> Result<String, Failure> {
    // Who sits at the machine; the name is the one given.
    let by = Principal::Person {
        user: UserId::from_uuid(uuid::Uuid::nil()),
        login: ask.by.clone(),
        departments: Departments::All,
    };
    let did = match (ask.in_clear, &ask.pcap) {
        (_, Some(_)) => "exported",
        (true, None) => "unmasked",
        (false, None) => "traced",
    };
    let reason = ask.reason.as_deref().filter(|_| ask.in_clear);
    let reading = Reading { by: &by, did, reason, in_clear: ask.in_clear };
    let zone = config.hospital.timezone;
    let trace = read_trace(&record.app, call, reading, zone, record.now()).await;
    let trace = trace.map_err(Failure::usage)?;
    let Some(path) = &ask.pcap else { return Ok(ladder(&trace, zone, ask.english)) };
    let file = pcap(&trace);
    std::fs::write(path, &file)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    Ok(format!("{}: {} messages\n", path.display(), trace.messages.len()))
}
