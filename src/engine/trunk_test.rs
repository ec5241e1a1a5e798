//! A trunk is tried for the hospital's IT: is it registered, does it answer, and what does a
//! colleague hear, say, key and see who is called over it.

use std::sync::Arc;

use super::{Core, Dial, DialPurpose, call::dial, control, trunks};
use crate::{
    base::{CallId, Pii},
    config::Trunk,
    domain::{LineCall, Registered, TrunkFacts, TrunkFinding, judge_trunk},
    store::{Principal, answer},
};

/// Registration and one OPTIONS.
///
/// # Errors
/// When no trunk has this name.
pub(super) async fn test_trunk(core: &Core, name: &str) -> Result<Vec<TrunkFinding>, String> {
    let trunk = find(core, name)?;
    let state = core.trunks.state(name);
    let registration = match state.registered {
        None => Registered::NotWanted,
        Some(true) => Registered::Yes,
        Some(false) => Registered::No(state.trouble.as_deref().and_then(status_of)),
    };
    let options = trunks::ask_once(core, &trunk).await;
    Ok(judge_trunk(&TrunkFacts { registration: Some(registration), options, call: None }))
}

/// A call to a colleague's telephone over this trunk and no other; answers when it is over.
///
/// # Errors
/// When the number may not be called, or nothing can be called now.
pub(super) async fn test_trunk_by_call(
    core: &Arc<Core>,
    name: &str,
    number: &str,
) -> Result<Vec<TrunkFinding>, String> {
    find(core, name)?;
    if core.is_stopped() {
        return Err("全部停呼中,不能拨出 / all calls are stopped".to_owned());
    }
    let (trunk, digits) = control::by_trunk(core, number, Some(name.to_owned())).await?;
    let shown = last_four(&trunk.caller_number);
    let wanted = Dial {
        purpose: DialPurpose::Test,
        trunk,
        digits: Pii::new(digits),
        dialplan: DIALPLAN.to_owned(),
        contact: None,
        id: None,
        line: None,
    };
    let mut handle = dial(core, wanted).await.map_err(|error| error.to_string())?;
    let ending = handle.ended().await.ok_or("the call was lost")?;
    let keyed = keyed(core, handle.id()).await?;
    let call = LineCall {
        sip_status: ending.sip_status,
        answered: ending.answered,
        codec: ending.codec.map(str::to_owned),
        packets_received: ending.packets_received,
        packets_lost: ending.packets_lost,
        loud_ms: ending.far_loud_ms,
        keys_by: ending.keys_by,
        hears_us: keyed.hears_us,
        shown: keyed.shown,
        number: shown,
    };
    Ok(judge_trunk(&TrunkFacts { call: Some(call), ..TrunkFacts::default() }))
}

fn find(core: &Core, name: &str) -> Result<Trunk, String> {
    let config = core.config();
    let known = config.trunk.iter().find(|trunk| trunk.name == name);
    known.cloned().ok_or_else(|| {
        let names: Vec<_> = config.trunk.iter().map(|trunk| trunk.name.as_str()).collect();
        let all = names.join(", ");
        format!("没有线路 {name:?},有的是:{all} / there is no trunk {name:?}, but: {all}")
    })
}

#[derive(Default)]
struct Keyed {
    hears_us: Option<bool>,
    shown: Option<u16>,
}

/// What the colleague keyed: the answers of this call, which are nobody's.
async fn keyed(core: &Core, call: CallId) -> Result<Keyed, String> {
    let scope = core.app.database().scope(&Principal::System("trunk test")).await;
    let mut scope = scope.map_err(|error| error.to_string())?;
    let answers = answer::of_call(&mut scope, call).await.map_err(|error| error.to_string())?;
    let mut keyed = Keyed::default();
    for answer in answers {
        match &*answer.link_id {
            "line.hears" => {
                keyed.hears_us = answer.option_code.as_deref().map(|code| code == "clear");
            }
            "line.shown" => {
                let number = answer.value_number.as_deref().and_then(|text| text.parse().ok());
                keyed.shown = number.map(|number: f64| number as u16);
            }
            _ => {}
        }
    }
    Ok(keyed)
}

/// `REGISTER: 403`.
fn status_of(trouble: &str) -> Option<u16> {
    trouble.strip_prefix("REGISTER: ")?.parse().ok()
}

fn last_four(number: &str) -> u16 {
    let digits: Vec<_> = number.chars().filter(char::is_ascii_digit).collect();
    let last = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
    last.iter().collect::<String>().parse().unwrap_or_default()
}

const DIALPLAN: &str = "line_test";
