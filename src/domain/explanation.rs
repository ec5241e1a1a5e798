//! Why a call came to what it came to, in words for whoever looks for a fault: which facts, by
//! which row of the table in [`DialFacts::outcome`], and what became of the task.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Announcement, Conversation, DialFacts, Outcome, TaskState};

/// The same in both languages of the page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said {
    pub zh: String,
    pub en: String,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Explanation {
    pub facts: Vec<Said>,
    /// Absent for a call that was no dial for a follow-up, and while it goes on.
    pub rule: Option<Said>,
    pub outcome: Option<Said>,
    /// What became of the task.
    pub next: Option<Said>,
}

/// What the record says of a call.
#[derive(Clone, Debug, Default)]
pub struct CallFacts {
    pub is_outbound: bool,
    pub is_over: bool,
    pub was_answered: bool,
    /// `we`, `they`, `timeout`, `fault`, `crash`, or which limit ended it.
    pub end_why: Option<String>,
    /// Of the patient's leg.
    pub last_status: Option<u16>,
    pub q850: Option<u8>,
    /// Sound was offered before the answer.
    pub had_early_media: bool,
    /// Trunks that have carried it to nobody, with what they said.
    pub tried: Vec<(String, Option<u16>)>,
    pub dial: Option<DialRecord>,
    pub task: Option<TaskRecord>,
}

/// The dial for a follow-up.
#[derive(Clone, Debug, Default)]
pub struct DialRecord {
    pub facts: DialFacts,
    pub voice_heard: bool,
    pub keys_given: bool,
    /// Absent: not asked for, or not answered.
    pub identity: Option<bool>,
    pub conversation: Option<Conversation>,
    pub outcome: Option<Outcome>,
}

#[derive(Clone, Debug)]
pub struct TaskRecord {
    pub state: TaskState,
    /// As it was decided at the end of this dial.
    pub until: Option<DateTime<Utc>>,
    pub because: Option<String>,
}

pub fn explain(call: &CallFacts, zone: Tz) -> Explanation {
    let judged = call.dial.as_ref().and_then(|dial| Some((dial, dial.outcome?)));
    Explanation {
        facts: facts(call),
        rule: judged.map(|(dial, outcome)| rule_said(dial, outcome)),
        outcome: judged.map(|(_, outcome)| outcome_said(outcome)),
        next: call.task.as_ref().filter(|_| judged.is_some()).map(|task| next(task, zone)),
    }
}

fn facts(call: &CallFacts) -> Vec<Said> {
    let mut facts = vec![match call.is_outbound {
        true => said("我方呼出", "we called out"),
        false => said("对方呼入", "they called in"),
    }];
    for (trunk, status) in &call.tried {
        let what = status.map_or(("无响应".to_owned(), "no response".to_owned()), |status| {
            (format!("SIP {status}"), format!("SIP {status}"))
        });
        facts.push(Said {
            zh: format!("线路 {trunk} 未能送达（{}），改走下一条线路", what.0),
            en: format!("trunk {trunk} carried it to nobody ({}); the next one took it", what.1),
        });
    }
    let (status, q850) = match &call.dial {
        Some(dial) => (dial.facts.sip_status, dial.facts.q850),
        None => (call.last_status, call.q850),
    };
    if call.is_outbound {
        facts.push(match status {
            Some(status) => Said {
                zh: format!("最后的响应：SIP {status}"),
                en: format!("the last response: SIP {status}"),
            },
            None if call.is_over => said("线路没有任何响应", "no response at all"),
            None => said("还没有响应", "no response yet"),
        });
    }
    if let Some(cause) = q850 {
        let (zh, en) = cause_words(cause);
        facts.push(Said {
            zh: format!("Q.850 原因 {cause}{zh}"),
            en: format!("Q.850 cause {cause}{en}"),
        });
    }
    if call.had_early_media {
        facts.push(said("接通前有声音（早期语音）", "sound before the answer (early media)"));
    }
    if let Some(dial) = &call.dial {
        of_dial(dial, &mut facts);
    }
    facts.push(match call.was_answered {
        true => said("已接通", "answered"),
        false => said("未接通", "not answered"),
    });
    facts.extend(call.end_why.as_deref().filter(|_| call.is_over).map(ended));
    facts
}

fn of_dial(dial: &DialRecord, facts: &mut Vec<Said>) {
    let DialRecord { facts: wire, voice_heard, keys_given, identity, .. } = dial;
    facts.push(match wire.rang {
        true => said("对方振铃", "it rang"),
        false => said("没有听到振铃", "it was not heard to ring"),
    });
    if wire.we_cancelled {
        facts.push(said("我方取消（振铃超时或停呼）", "we cancelled (ring time-out, or stopped)"));
    }
    if let Some(announcement) = wire.early_media {
        facts.push(Said {
            zh: format!("接通前的提示音：{announcement}"),
            en: format!("announcement before the answer: {announcement}"),
        });
    }
    if let Some(tone) = wire.tone {
        facts.push(Said {
            zh: format!("接通前的信号音：{tone}"),
            en: format!("tone before the answer: {tone}"),
        });
    }
    if !wire.answered {
        return;
    }
    facts.push(match (voice_heard, keys_given) {
        (_, true) => said("有按键", "keys were pressed"),
        (true, false) => said("听到人声，没有按键", "a voice was heard, no key was pressed"),
        (false, false) => said("没有人声，没有按键", "neither a voice nor a key"),
    });
    facts.push(match identity {
        Some(true) => said("身份已确认", "the identity was confirmed"),
        Some(false) => said("身份不符", "the identity was not confirmed"),
        None => said("没有核对身份", "the identity was not asked for, or not answered"),
    });
}

fn ended(why: &str) -> Said {
    match why {
        "we" => said("我方挂机", "we hung up"),
        "they" => said("对方挂机", "they hung up"),
        "timeout" => said("超时结束", "it ended by a time-out"),
        "fault" => said("故障结束", "it ended by a fault"),
        "crash" => said("服务器中断", "the server had stopped"),
        other => Said { zh: format!("结束原因：{other}"), en: format!("ended: {other}") },
    }
}

fn rule_said(dial: &DialRecord, outcome: Outcome) -> Said {
    let (rule, derived) = rule(&dial.facts, dial.conversation);
    match (outcome == derived, outcome) {
        (true, _) => said(rule.0, rule.1),
        (false, Outcome::SystemFault) => {
            said("我方故障，与线路给出的结果无关", "a fault of ours, whatever the wire said")
        }
        (false, Outcome::Uncertain) => said(
            "服务器中断时正在拨打，线路结果不足为据",
            "the server stopped while it was dialled: the wire cannot tell",
        ),
        (false, _) => said(
            "由线路配置（status_outcomes）或人工判定，不按通用规则",
            "judged by the trunk's own profile (status_outcomes) or by a person, not by the table",
        ),
    }
}

/// The row of the table that fits, in both languages, and its outcome: a test holds it to
/// [`DialFacts::outcome`].
fn rule(
    facts: &DialFacts,
    conversation: Option<Conversation>,
) -> ((&'static str, &'static str), Outcome) {
    use Outcome::*;
    if facts.answered {
        return match conversation {
            Some(talk) => (
                ("已接通：以谈话的结果为准", "answered: the conversation decides"),
                Outcome::of_conversation(talk),
            ),
            None => (
                ("已接通但没有任何作答", "answered, and nothing was said or keyed"),
                AnsweredNoKeys,
            ),
        };
    }
    if let Some(announcement) = facts.early_media
        && !facts.is_certain()
    {
        let announced = DialFacts { early_media: Some(announcement), ..DialFacts::default() };
        let words = match announcement {
            Announcement::Voicemail => ("接通前是语音信箱", "a voicemail before the answer"),
            _ => ("以接通前的提示音为准", "the announcement before the answer decides"),
        };
        return (words, announced.outcome(None));
    }
    if let Some(tone) = facts.tone
        && facts.says_nothing()
    {
        let words = (
            "以接通前的信号音为准：响应码说明不了什么",
            "the tone before the answer decides: the code says nothing",
        );
        let heard = DialFacts { tone: Some(tone), ..DialFacts::default() };
        return (words, heard.outcome(None));
    }
    of_codes(facts)
}

fn of_codes(facts: &DialFacts) -> ((&'static str, &'static str), Outcome) {
    use Outcome::*;
    match (facts.sip_status, facts.q850) {
        (None, _) => (("线路没有响应：线路故障", "no response: the trunk's fault"), TrunkFault),
        (Some(603 | 607 | 608), _) => {
            (("603/607/608：接话人当面拒接", "603, 607, 608: a hand at the phone"), Declined)
        }
        (Some(403), Some(21 | 55)) => {
            (("403 且原因 21/55：呼叫受限", "403 with cause 21 or 55: barred"), Barred)
        }
        (_, Some(21)) => (("原因 21：拒接", "cause 21: declined"), Declined),
        (Some(486 | 600), _) | (_, Some(17)) => {
            (("486/600 或原因 17：忙", "486, 600 or cause 17: busy"), Busy)
        }
        (_, Some(34 | 38 | 41 | 42 | 127)) => (
            (
                "原因 34/38/41/42/127：线路自身故障，振铃与否都不计患者",
                "cause 34, 38, 41, 42 or 127: the line's own fault, also after it rang",
            ),
            TrunkFault,
        ),
        (Some(408 | 480 | 487 | 404 | 484 | 604), _) if facts.rang => (
            (
                "振过铃，号码和线路都正常：无人接听",
                "it rang, so number and line are right: no answer",
            ),
            NoAnswer,
        ),
        _ if facts.we_cancelled && !facts.rang => (
            (
                "我方取消时还没有振铃：对患者一无所知",
                "we gave up before it rang: nothing is known of the patient",
            ),
            TrunkFault,
        ),
        _ if facts.we_cancelled => {
            (("振铃后我方取消：无人接听", "it rang until we gave up: no answer"), NoAnswer)
        }
        _ => by_cause(facts),
    }
}

/// Nobody was heard to ring, or the code says nothing of it: the cause first, then the code.
const fn by_cause(facts: &DialFacts) -> ((&'static str, &'static str), Outcome) {
    use Outcome::*;
    match (facts.sip_status, facts.q850) {
        (_, Some(1 | 22 | 28)) => (
            ("原因 1/22/28：空号、改号或号码不全", "cause 1, 22 or 28: no such number"),
            NotInService,
        ),
        (_, Some(18 | 19)) => (("原因 18/19：无人接听", "cause 18 or 19: no answer"), NoAnswer),
        (_, Some(20 | 27)) => (
            ("原因 20/27：关机或不在服务区", "cause 20 or 27: switched off or out of reach"),
            Unreachable,
        ),
        (_, Some(54 | 55 | 87)) => {
            (("原因 54/55/87：呼叫受限", "cause 54, 55 or 87: barred"), Barred)
        }
        (_, Some(2 | 3 | 32..=127)) => (
            ("其他交换机原因：线路故障", "another cause of the switch: the trunk's fault"),
            TrunkFault,
        ),
        (Some(301 | 404 | 410 | 484 | 604), _) => (
            ("301/404/410/484/604：空号", "301, 404, 410, 484 or 604: no such number"),
            NotInService,
        ),
        (Some(480 | 502), _) => {
            (("480/502：关机或不在服务区", "480 or 502: out of reach"), Unreachable)
        }
        (Some(606), _) => {
            (("606：对方不接受我方的媒体", "606: our offer was not acceptable"), TrunkFault)
        }
        (Some(601..=699), _) => (("其他 6xx 视同 600：忙", "another 6xx is a 600: busy"), Busy),
        (Some(200..=299), _) => {
            (("对方已应答而我方不在", "they answered and we were not there"), SystemFault)
        }
        _ => (
            ("没有更具体的规则：线路故障", "nothing more particular: the trunk's fault"),
            TrunkFault,
        ),
    }
}

fn outcome_said(outcome: Outcome) -> Said {
    let zh = match outcome {
        Outcome::Completed => "完成",
        Outcome::Partial => "部分完成",
        Outcome::BreakOff => "中断",
        Outcome::Refused => "拒访",
        Outcome::Declined => "拒接",
        Outcome::WrongNumber => "打错了",
        Outcome::WrongPerson => "非本人且不知情",
        Outcome::Postponed => "改约",
        Outcome::AnsweredNoKeys => "接通未按键",
        Outcome::IdentityNotConfirmed => "身份未确认",
        Outcome::CarrierVoicemail => "语音信箱/秘书台",
        Outcome::CallAssistant => "手机助理代接",
        Outcome::NoAnswer => "无人接听",
        Outcome::Busy => "忙",
        Outcome::Unreachable => "关机/不在服务区",
        Outcome::Barred => "呼叫受限",
        Outcome::NotInService => "空号/停机/改号",
        Outcome::TrunkFault => "线路故障",
        Outcome::Unable => "无法应答",
        Outcome::NotEligible => "不适合随访",
        Outcome::SystemFault => "系统故障",
        Outcome::Uncertain => "待核实",
    };
    Said { zh: zh.to_owned(), en: outcome.as_str().replace('_', " ") }
}

fn next(task: &TaskRecord, zone: Tz) -> Said {
    if let Some(until) = task.until {
        let at = until.with_timezone(&zone).format("%Y-%m-%d %H:%M");
        let because = task.because.as_deref().unwrap_or_default();
        let between = if because.is_empty() { "" } else { " · " };
        return Said {
            zh: format!("等待重拨，不早于 {at}{between}{because}"),
            en: format!("to be dialled again, not before {at}{between}{because}"),
        };
    }
    let (zh, en) = match task.state {
        TaskState::Completed => ("任务已完成", "the task is completed"),
        TaskState::Partial => ("任务部分完成", "the task is partly completed"),
        TaskState::Cancelled => {
            ("任务已取消，不再拨打", "the task is cancelled: nobody calls again")
        }
        TaskState::WaitingRepair => ("待人工修正号码", "a person repairs the number first"),
        TaskState::NeedsPerson => ("转人工随访", "a nurse takes over"),
        TaskState::Uncertain => {
            ("待人工核实，不自动重拨", "a person resolves it; it is not dialled again")
        }
        TaskState::Expired => ("任务已失效", "the task has expired"),
        TaskState::WaitingRetry => ("等待重拨", "to be dialled again"),
        TaskState::Pending | TaskState::Due | TaskState::Assigned | TaskState::InProgress => {
            ("任务还没有结束", "the task goes on")
        }
    };
    said(zh, en)
}

/// ITU-T Q.850, table 1, as far as calls of ours meet it.
const fn cause_words(cause: u8) -> (&'static str, &'static str) {
    match cause {
        1 => ("（未分配的号码）", " (unallocated number)"),
        3 => ("（无至目的地的路由）", " (no route to destination)"),
        16 => ("（正常释放）", " (normal call clearing)"),
        17 => ("（用户忙）", " (user busy)"),
        18 => ("（用户无响应）", " (no user responding)"),
        19 => ("（用户不应答）", " (no answer from user)"),
        20 => ("（用户不在）", " (subscriber absent)"),
        21 => ("（呼叫拒绝）", " (call rejected)"),
        22 => ("（号码改变）", " (number changed)"),
        27 => ("（目的地故障）", " (destination out of order)"),
        28 => ("（号码不完整）", " (invalid number format)"),
        31 => ("（正常，未指定）", " (normal, unspecified)"),
        34 => ("（无可用电路）", " (no circuit available)"),
        38 => ("（网络故障）", " (network out of order)"),
        41 => ("（临时故障）", " (temporary failure)"),
        42 => ("（设备拥塞）", " (switching equipment congestion)"),
        55 | 87 => ("（闭合用户群内受限）", " (barred within the user group)"),
        102 => ("（定时器超时）", " (recovery on timer expiry)"),
        127 => ("（互通，未指定）", " (interworking, unspecified)"),
        _ => ("", ""),
    }
}

fn said(zh: &str, en: &str) -> Said {
    Said { zh: zh.to_owned(), en: en.to_owned() }
}

#[cfg(test)]
mod tests;
