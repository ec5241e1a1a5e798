//! Who hears whom in a call: a patient, agents, colleagues, and those who supervise.

/// What somebody is in a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Part {
    Patient,
    /// Whose call it is.
    Agent,
    /// A colleague who was asked, a doctor, a relative.
    Guest,
    /// 监听: hears, and is heard by nobody.
    Listener,
    /// 密语: hears all, and is heard by the agent alone.
    Whisperer,
    /// 强插: one of those who talk.
    Barger,
}

super::word::words! { Part, "a part in a call",
    Patient = "patient",
    Agent = "agent",
    Guest = "guest",
    Listener = "listen",
    Whisperer = "whisper",
    Barger = "barge",
}

impl Part {
    /// Keeps a call alive for the patient.
    pub const fn talks(self) -> bool {
        matches!(self, Self::Agent | Self::Guest | Self::Barger)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Member {
    pub part: Part,
    /// Picked up, and not only ringing.
    pub is_in: bool,
    pub on_hold: bool,
    pub muted: bool,
}

/// Does `ear` hear `mouth`?
pub const fn hears(ear: Member, mouth: Member) -> bool {
    if !ear.is_in || !mouth.is_in || ear.on_hold || mouth.muted {
        return false;
    }
    match (ear.part, mouth.part) {
        (_, Part::Listener) => false,
        (ear, Part::Whisperer) => matches!(ear, Part::Agent),
        // Who supervises hears both sides as they are, held or not.
        (Part::Listener | Part::Whisperer, _) => true,
        _ => !mouth.on_hold,
    }
}

/// For each member, the members that it hears.
pub fn ears(members: &[Member]) -> Vec<Vec<usize>> {
    let heard_by = |at: usize| {
        let hears = |other: &usize| *other != at && hears(members[at], members[*other]);
        (0..members.len()).filter(hears).collect()
    };
    (0..members.len()).map(heard_by).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn member(part: Part) -> Member {
        Member { part, is_in: true, on_hold: false, muted: false }
    }

    /// `P hears A` as `PA`; parts by their first letters, in the order given.
    fn check(members: &[(char, Member)], expected: &str) {
        let all: Vec<_> = members.iter().map(|(_, member)| *member).collect();
        let mut said: Vec<_> = ears(&all)
            .iter()
            .enumerate()
            .flat_map(|(ear, mouths)| {
                let ear = members[ear].0;
                mouths.iter().map(move |mouth| format!("{ear}{}", members[*mouth].0))
            })
            .collect();
        said.sort();
        assert_eq!(said.join(" "), expected);
    }

    #[test]
    fn who_hears_whom_follows_from_what_they_are() {
        let (patient, agent, guest) =
            (member(Part::Patient), member(Part::Agent), member(Part::Guest));
        let held = |member| Member { on_hold: true, ..member };
        let muted = |member| Member { muted: true, ..member };
        let ringing = |member| Member { is_in: false, ..member };
        check(&[('P', patient), ('A', agent)], "AP PA");
        check(&[('P', patient), ('A', muted(agent))], "AP");
        check(&[('P', held(patient)), ('A', agent)], "");
        check(&[('P', patient), ('A', agent), ('G', ringing(guest))], "AP PA");
        // A consultation: the patient hears music, and is not heard.
        check(&[('P', held(patient)), ('A', agent), ('G', guest)], "AG GA");
        check(&[('P', patient), ('A', agent), ('G', held(guest))], "AP PA");
        check(&[('P', patient), ('A', agent), ('G', guest)], "AG AP GA GP PA PG");
    }

    #[test]
    fn who_supervises_changes_nothing_for_those_who_are_not_to_know() {
        let (patient, agent) = (member(Part::Patient), member(Part::Agent));
        let held = Member { on_hold: true, ..patient };
        check(&[('P', patient), ('A', agent), ('L', member(Part::Listener))], "AP LA LP PA");
        check(&[('P', held), ('A', agent), ('L', member(Part::Listener))], "LA LP");
        check(&[('P', patient), ('A', agent), ('W', member(Part::Whisperer))], "AP AW PA WA WP");
        check(&[('P', patient), ('A', agent), ('B', member(Part::Barger))], "AB AP BA BP PA PB");
        check(
            &[('A', agent), ('L', member(Part::Listener)), ('W', member(Part::Whisperer))],
            "AW LA WA",
        );
    }
}
