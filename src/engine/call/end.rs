//! The call is over: sound closed, journal flushed, facts stored; in this order.

use std::time::Instant;

use chrono::{DateTime, Utc};

use super::{Call, Ending, Kind};
use crate::{
    app::{AppError, Ended, LegEnd},
    domain::{Conversation, DialFacts, Outcome},
    engine::{Core, FinalStats},
    sip::invite::{By, EndReport},
};

impl Call {
    pub(super) async fn finish(mut self) {
        self.core.live.update(self.id, |live| live.state = "ended");
        self.stop_recording();
        self.close_studio().await;
        let stats = match self.sound.media.take() {
            Some(media) => media.close().await.ok(),
            None => None,
        };
        self.store_recordings().await;
        let parties = std::mem::take(&mut self.room.parties);
        for mut party in parties {
            party.hang_up(self.core.clock.instant());
            party.drain(&self.core).await;
            self.keep_leg(party).await;
        }
        let said = self.talk.as_ref().map(super::Talk::verdict).unwrap_or_default();
        let verdict = self.before_rating.take().unwrap_or(said);
        if let Some(talk) = self.talk.take() {
            talk.journal.close().await;
        }
        let report = self.end.clone().unwrap_or_default();
        let end = self.leg_end(&report, stats.as_ref());
        if self.lacks_disposition() {
            self.store_end(&report, &end).await;
            self.wrap_up().await;
        }
        let verdict = self.said_by_agent(&verdict);
        let outcome = self.finish_attempt(&report, &verdict).await;
        self.release_caller().await;
        self.finish_duty().await;
        self.finish_ring(&report, &verdict).await;
        self.store_end(&report, &end).await;
        self.core.remove_call(self.id);
        let answered = self.times.answered.is_some();
        let sound = stats.unwrap_or_default();
        let ending = Ending {
            outcome,
            sip_status: report.last_status.filter(|_| report.heard),
            answered,
            codec: self.sound.codec,
            packets_received: sound.received,
            packets_lost: sound.lost,
            far_loud_ms: sound.far_loud_ms,
            keys_by: self.sound.keys_by,
        };
        self.ending.send_replace(Some(ending));
    }

    /// Once, however often it is asked for.
    async fn store_end(&mut self, report: &EndReport, end: &LegEnd) {
        if std::mem::replace(&mut self.is_stored, true) {
            return;
        }
        let at = self.core.clock.wall();
        let why = self.fault.or(self.why).unwrap_or(who(report));
        let app = &self.core.app;
        until_stored("the end of a call", || app.end_call(self.id, end, why, at)).await;
    }

    pub(super) async fn finish_attempt(
        &self,
        report: &EndReport,
        verdict: &crate::ivr::Verdict,
    ) -> Option<Outcome> {
        let claim = self.kind.asked()?;
        let answered = self.times.answered.is_some();
        let facts = self.dial_facts(report);
        let conversation = match self.fault {
            Some(_) => Some(Conversation::SystemFault),
            None => verdict.conversation.filter(|_| answered),
        };
        let ended = Ended {
            facts,
            conversation,
            voice_heard: verdict.voice_heard,
            keys_given: verdict.keys_given,
            promised: verdict.promised,
            wants_person: verdict.wants_person,
            why: self.fault.or(self.why).map(str::to_owned),
            judged: self.fault.map(|_| Outcome::SystemFault).or(self.carriers_word(report)),
            agent: self.agent_login(),
            heard: self.hearing.source(),
            respondent: self.room.disposition.as_ref().and_then(|said| said.respondent),
            ..Ended::default()
        };
        let dialler = self.core.dialler().await;
        let at = self.core.clock.wall();
        let app = &self.core.app;
        let finish = || app.finish_attempt(&dialler, claim.attempt, &ended, at);
        let outcome = until_stored("an attempt", finish).await?;
        self.core.counters.count_outcome(outcome.as_str());
        Some(outcome)
    }

    /// What this carrier means by its final status, where that is not what others mean.
    pub(super) fn carriers_word(&self, report: &EndReport) -> Option<Outcome> {
        if self.times.answered.is_some() || report.we_cancelled || !report.heard {
            return None;
        }
        let config = self.core.config();
        let trunk = config.trunk.iter().find(|trunk| trunk.name == self.route.trunk())?;
        let status = report.last_status?.to_string();
        trunk.profile.status_outcomes.get(&status)?.parse().ok()
    }

    fn agent_login(&self) -> Option<String> {
        self.room.owner.and_then(|user| self.core.acd.agent(user)).map(|agent| agent.login)
    }

    /// What the wire says of a dial of ours.
    pub(super) fn dial_facts(&self, report: &EndReport) -> DialFacts {
        let facts = DialFacts {
            sip_status: report.last_status.filter(|_| report.heard),
            q850: report.q850,
            rang: report.rang || self.rang,
            answered: self.times.answered.is_some(),
            we_cancelled: report.we_cancelled,
            ..DialFacts::default()
        };
        self.hearing.add_to(facts)
    }

    pub(super) const fn leg_role(&self) -> &'static str {
        match &self.kind {
            Kind::Duty(_) => "duty",
            _ => "patient",
        }
    }

    fn leg_end(&self, report: &EndReport, stats: Option<&FinalStats>) -> LegEnd {
        let session = stats.copied().unwrap_or_default();
        let lost = &self.core.counters.rtp_lost;
        lost.fetch_add(u64::from(session.lost), std::sync::atomic::Ordering::Relaxed);
        LegEnd {
            id: self.leg_id,
            role: self.leg_role(),
            user: None,
            sip_call_id: self.sip_call_id.clone(),
            started_at: self.times.started,
            answered_at: self.times.answered,
            sip_status: report.last_status,
            q850: report.q850,
            codec: self.sound.codec,
            packets_sent: u64::from(session.sent),
            packets_received: u64::from(session.received),
            packets_lost: u64::from(session.lost),
            jitter_ms: session.jitter_ms as f32,
            first_rtp_at: session.first_at.map(|at| wall_of(&self.core, at)),
            gap_max_ms: session.gap_max_ms,
            round_trip_ms: session.round_trip_ms,
        }
    }
}

/// What the wall clock said at a moment that is over.
pub(super) fn wall_of(core: &Core, at: Instant) -> DateTime<Utc> {
    let ago = core.clock.instant().saturating_duration_since(at);
    core.clock.wall() - ago
}

const fn who(report: &EndReport) -> &'static str {
    match report.by {
        By::Us => "we",
        By::Them => "they",
        By::Timeout => "timeout",
        By::Fault => "fault",
    }
}

/// Tries until the database takes it. After two minutes the next start finds it open.
pub(super) async fn until_stored<T, F: Future<Output = Result<T, AppError>>>(
    what: &str,
    mut store: impl FnMut() -> F,
) -> Option<T> {
    for attempt in 0..TRIES_MAX {
        match store().await {
            Ok(stored) => return Some(stored),
            Err(error) if attempt + 1 < TRIES_MAX => {
                tracing::warn!(%error, what, "waits for the database");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
            Err(error) => tracing::error!(%error, what, "could not be stored"),
        }
    }
    None
}

const TRIES_MAX: u32 = 60;
const AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::Outcome;
    use crate::config::STATUS_OUTCOMES;

    #[test]
    fn what_a_file_may_make_of_a_status_is_an_outcome_of_a_dial_that_nobody_answered() {
        for word in STATUS_OUTCOMES {
            let outcome: Outcome = word.parse().unwrap();
            assert!(!outcome.was_answered(), "{word}");
        }
    }
}
