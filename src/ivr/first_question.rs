//! What is spoken before the first question: it must be over 8 s after the answer
//! (questionnaires.md: people hang up on a voice that asks nothing).

use std::{sync::Arc, time::Instant};

use super::{CallContext, Clip, Input, Machine, Output, Program};
use crate::base::Machine as _;

impl Program {
    /// Sentence by sentence, each with its pause. `None`: this program asks nothing.
    pub fn before_first_question(
        self: &Arc<Self>,
        context: CallContext,
        now: Instant,
    ) -> Option<Vec<Clip>> {
        let mut machine = Machine::new(Arc::clone(self), context);
        let mut said: Vec<Clip> = Vec::new();
        let mut input = Input::Start;
        for _ in 0..STEPS_MAX {
            machine.handle_input(input, now);
            let mut fresh = Vec::new();
            while let Some(output) = machine.poll_output() {
                if let Output::Say(saying) = output {
                    fresh.extend(saying.clips);
                }
            }
            if machine.is_asking() {
                return Some(said);
            }
            if fresh.is_empty() {
                return None;
            }
            said.extend(fresh);
            input = Input::Said;
        }
        None
    }
}

/// More display items in a row than any form has; a circle ends here.
const STEPS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::epoch, ivr::library::shipped};

    #[test]
    fn the_greeting_and_the_notice_stand_before_the_first_question() {
        let library = shipped::library();
        for (dialplan, expected) in [("followup", Some(2)), ("ring_test", Some(0))] {
            let program = Arc::new(library.program(dialplan).unwrap());
            let context = CallContext {
                language: "zh-CN".to_owned(),
                caller_name: "市第三医院".to_owned(),
                ..CallContext::default()
            };
            let before = program.before_first_question(context, epoch());
            assert_eq!(before.map(|clips| clips.len()), expected, "{dialplan}");
        }
    }
}
