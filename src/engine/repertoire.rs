//! How the sentences of this server stand: which of them a nurse has read, which the
//! machine reads, and how long a patient waits for the first question.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Voice, call::BEFORE_FIRST_WORD};
use crate::{
    config::{Config, Hospital},
    domain::expected_ms,
    ivr::{CallContext, Clip, KeptLine, Library, Line, LineState, Speaker, line_states},
    store::prompt,
};

pub fn speaker(hospital: &Hospital) -> Speaker<'_> {
    Speaker { caller: &hospital.spoken_name, callback: &hospital.callback_number }
}

/// The clips in use of a language, for [`standing`].
pub fn kept_lines(clips: &[prompt::Clip], language: &str) -> Vec<KeptLine> {
    let own = clips.iter().filter(|clip| clip.language == language && clip.state == "kept");
    own.map(|clip| KeptLine { text_sha256: clip.text_sha256.clone(), places: clip.places.clone() })
        .collect()
}

/// Every sentence, or those of a dialplan, each with its state.
pub fn standing(
    library: &Arc<Library>,
    speaker: Speaker<'_>,
    language: &str,
    kept: &[KeptLine],
    has_voice: bool,
    dialplan: Option<&str>,
) -> Vec<(Line, LineState)> {
    let all = library.repertoire(language, speaker);
    let states = line_states(&all, kept, has_voice);
    let own: Option<BTreeSet<String>> = dialplan.map(|id| {
        let lines = library.repertoire_of(id, language, speaker);
        lines.into_iter().map(|line| line.text_sha256).collect()
    });
    let is_own = |line: &Line| own.as_ref().is_none_or(|own| own.contains(&line.text_sha256));
    all.into_iter().zip(states).filter(|(line, _)| is_own(line)).collect()
}

/// One line a dialplan: how many of its sentences stand how.
pub fn prompt_counts(
    library: &Arc<Library>,
    config: &Config,
    clips: &[prompt::Clip],
    speaks: impl Fn(&str) -> bool,
) -> String {
    let mut text = String::new();
    let kept = kept_lines(clips, LANGUAGE);
    for plan in library.dialplans() {
        let id = &plan.value.id;
        let speaker = speaker(&config.hospital);
        let lines = standing(library, speaker, LANGUAGE, &kept, speaks(LANGUAGE), Some(id));
        let count = |wanted| lines.iter().filter(|(_, state)| *state == wanted).count();
        text += &format!(
            "{id}: {} sentences: {} recorded, {} outdated, {} synthetic, {} without a voice\n",
            lines.len(),
            count(LineState::Recorded),
            count(LineState::Outdated),
            count(LineState::Synthetic),
            count(LineState::Missing),
        );
    }
    text
}

/// One line for each dialplan whose first question comes too late.
pub async fn first_questions(
    voice: &Voice,
    library: &Arc<Library>,
    config: &Config,
    now: Instant,
) -> Vec<String> {
    let mut late = Vec::new();
    let ids: Vec<_> = library.dialplans().map(|kept| kept.value.id.clone()).collect();
    // A caller has called us: the menu may take its time.
    for id in ids.iter().filter(|id| **id != config.sip.inbound_dialplan) {
        let Ok(program) = library.program(id) else { continue };
        let hospital = &config.hospital;
        let context = CallContext {
            language: LANGUAGE.to_owned(),
            caller_name: hospital.spoken_name.clone(),
            callback_number: hospital.callback_number.clone(),
            ..CallContext::default()
        };
        let before = Arc::new(program).before_first_question(context, now);
        let Some(clips) = before else { continue };
        // A call plays each pause behind its sentence: the last one stands before the question.
        let mut whole = BEFORE_FIRST_WORD;
        for clip in &clips {
            whole += clip.pause + length(voice, clip).await;
        }
        if whole > FIRST_QUESTION {
            late.push(format!(
                "dialplan {id}: the first question begins {:.1} s after the answer, over {} s; \
                 shorten hospital.spoken_name ({} characters) or the texts before it",
                whole.as_secs_f64(),
                FIRST_QUESTION.as_secs(),
                hospital.spoken_name.chars().count(),
            ));
        }
    }
    late
}

/// As it will be played; by its characters where no voice can say.
async fn length(voice: &Voice, clip: &Clip) -> Duration {
    let by_count = u64::from(expected_ms(&clip.spoken));
    if clip.personal {
        return Duration::from_millis(by_count);
    }
    let played = voice.prompt(clip, false).await.map(|prompt| prompt.duration_ms());
    Duration::from_millis(played.unwrap_or(by_count))
}

/// People hang up on a voice that asks nothing (questionnaires.md §1).
const FIRST_QUESTION: Duration = Duration::from_secs(8);

/// What most patients hear.
const LANGUAGE: &str = "zh-CN";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{load_library, recorder::scratch::Scratch};

    /// 0.26 s a character: a long name is found, the default is not.
    #[tokio::test]
    async fn a_long_spoken_name_makes_the_first_question_late() {
        let folder = Scratch::new("first_question");
        let voice = Voice::new(crate::config::Tts::default(), &folder.join("voice")).unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let library = load_library(&root.join("dialplans")).unwrap();
        if std::process::Command::new("espeak-ng").arg("--version").output().is_err() {
            println!("NOT RUN (1): espeak-ng is not installed");
            return;
        }
        for (name, is_late) in
            [("市第三医院", false), ("某某某某某某某某市第一附属人民医院随访中心", true)]
        {
            let mut config = Config::parse("", "defaults").unwrap();
            config.hospital.spoken_name = name.to_owned();
            let late = first_questions(&voice, &library, &config, crate::base::epoch()).await;
            let found = late.iter().find(|line| line.starts_with("dialplan followup:"));
            assert_eq!(found.is_some(), is_late, "{name}: {late:?}");
            assert!(found.is_none_or(|line| line.contains("hospital.spoken_name (21 characters)")));
        }
    }
}
