//! A dial whose end a crash has hidden (rules.md §1, `uncertain`): what the stored facts say
//! at once, and what they are taken for when nobody has said better within a day.

use super::{Conversation, Outcome};

/// What was durable when the crash came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CutOff {
    pub answered: bool,
    /// What the conversation would have come to if it had ended then.
    pub so_far: Option<Conversation>,
}

impl CutOff {
    /// The respondent had said all that decides: no later word could have changed it.
    pub fn at_once(self) -> Option<Conversation> {
        use Conversation::*;
        self.so_far.filter(|so_far| {
            self.answered
                && matches!(
                    so_far,
                    Completed | Refused | WrongNumber | WrongPerson | Postponed | Unable
                )
        })
    }

    /// Nobody spoke before the 200 was stored, for it is stored before it takes effect.
    pub fn after_a_day(self) -> Outcome {
        if self.answered {
            Outcome::of_conversation(self.so_far.unwrap_or(Conversation::AnsweredNoKeys))
        } else {
            Outcome::NoAnswer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_later_word_could_change_is_judged_at_once() {
        for conversation in Conversation::ALL.iter().copied() {
            let cut = CutOff { answered: true, so_far: Some(conversation) };
            let is_open = matches!(
                conversation,
                Conversation::Partial
                    | Conversation::BreakOff
                    | Conversation::AnsweredNoKeys
                    | Conversation::IdentityNotConfirmed
                    | Conversation::SystemFault
            );
            assert_eq!(cut.at_once().is_none(), is_open, "{conversation}");
            assert_eq!(cut.after_a_day(), Outcome::of_conversation(conversation));
            let unanswered = CutOff { answered: false, ..cut };
            assert_eq!(unanswered.at_once(), None);
            assert_eq!(unanswered.after_a_day(), Outcome::NoAnswer);
        }
        let silent = CutOff { answered: true, so_far: None };
        assert_eq!(silent.after_a_day(), Outcome::AnsweredNoKeys);
    }
}
