//! How many days before something a patient is told of it (F065).

use serde::{Deserialize, Serialize};

/// Absent: no notice of this kind.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NoticePolicy {
    pub return_visit: Option<u8>,
    pub admission: Option<u8>,
    pub examination: Option<u8>,
    /// Of a planned follow-up: off, for the follow-up itself is a call.
    pub follow_up: Option<u8>,
}

impl Default for NoticePolicy {
    fn default() -> Self {
        Self { return_visit: Some(1), admission: Some(1), examination: Some(1), follow_up: None }
    }
}

impl NoticePolicy {
    /// Every lead lies in 1 to 30 days: on the day itself it would come too late.
    pub fn is_sound(self) -> bool {
        let all = [self.return_visit, self.admission, self.examination, self.follow_up];
        all.into_iter().flatten().all(|days| (1..=LEAD_MAX_DAYS).contains(&days))
    }
}

/// Who is told earlier has forgotten it by then.
const LEAD_MAX_DAYS: u8 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_comes_before_its_day() {
        assert!(NoticePolicy::default().is_sound());
        for (days, sound) in [(0, false), (1, true), (30, true), (31, false)] {
            let policy = NoticePolicy { admission: Some(days), ..NoticePolicy::default() };
            assert_eq!(policy.is_sound(), sound, "{days}");
        }
    }
}
