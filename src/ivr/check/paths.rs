//! The steps of a dialplan as a graph: every step is reached, and from every step the
//! call comes to an end.

use std::collections::BTreeSet;

use super::{
    Page, options, step_say,
    words::{Heard, check_say},
};
use crate::ivr::{
    Dialplan, Library, SERIES, Step,
    dialplan::Action,
    program::{self, OPEN_TASK},
};

pub(super) fn check_dialplan(library: &Library, dialplan: &Dialplan, page: &mut Page<'_>) {
    check_names(library, dialplan, page);
    let targets = targets(library, dialplan);
    for step in &dialplan.steps {
        check_step(library, step, &targets, page);
    }
    let graph = Graph::of(dialplan);
    let reached = graph.reached_from(0);
    for (at, step) in dialplan.steps.iter().enumerate() {
        let id = &step.id;
        if !reached.contains(&at) {
            page.find(id, format!("the step {id:?} is never reached"));
        } else if graph.runs_in_a_circle(at) {
            page.find(id, format!("the step {id:?} runs in a circle that never waits for a key"));
        } else if !graph.reached_from(at).iter().any(|at| graph.exits.contains(at)) {
            page.find(id, format!("from the step {id:?} no end of the call is reached"));
        }
    }
}

fn check_names(library: &Library, dialplan: &Dialplan, page: &mut Page<'_>) {
    let mut seen = BTreeSet::new();
    for step in &dialplan.steps {
        if !seen.insert(&step.id) {
            page.find_last(&step.id, format!("the step {:?} stands twice", step.id));
        }
    }
    let items: BTreeSet<_> = item_names(library, dialplan).collect();
    for step in dialplan.steps.iter().filter(|step| items.contains(&step.id)) {
        page.find(&step.id, format!("{:?} is a step and an item of its form", step.id));
    }
}

fn check_step(library: &Library, step: &Step, targets: &[String], page: &mut Page<'_>) {
    let id = &step.id;
    // Whoever takes the call hears a step; identity belongs to forms.
    let heard = Heard { by_anybody: true, disclosed: false };
    if let Some(say) = step_say(&step.action) {
        check_say(library, id, say, heard, page);
    }
    match &step.action {
        Action::Say { neutral, .. } | Action::Record { neutral, .. } if !neutral => {
            page.find(id, format!("{id} is spoken before identity and is not marked neutral"));
        }
        Action::Menu { say, neutral, option } => {
            if !neutral {
                page.find(id, format!("{id} is spoken before identity and is not marked neutral"));
            }
            let item = program::menu_item(id, say, *neutral, option);
            let scope = options::Scope { library, form: None, heard, targets };
            options::check_options(&scope, id, &item, page);
        }
        Action::Ask { questionnaire, from } => {
            // A series is known when the database is; a run asks for it when it is made.
            let is_later = questionnaire == OPEN_TASK || questionnaire.starts_with(SERIES);
            if !is_later && library.questionnaire(questionnaire).is_none() {
                let what = format!("{id}: there is no questionnaire {questionnaire:?}");
                page.find_in(id, questionnaire, what);
            }
            if let Some(from) = from.as_ref().filter(|from| !targets.contains(from)) {
                page.find_in(id, from, format!("{id}: there is no {from:?} to go to"));
            }
        }
        Action::GoTo { step } if !targets.contains(step) => {
            page.find_in(id, "step =", format!("{id}: there is no {step:?} to go to"));
        }
        Action::Transfer { to } if !options::PLACES.contains(&to.as_str()) => {
            page.find_in(id, "to =", format!("{id}: {to:?} is no place to transfer to"));
        }
        _ => {}
    }
}

fn targets(library: &Library, dialplan: &Dialplan) -> Vec<String> {
    let steps = dialplan.steps.iter().map(|step| step.id.clone());
    steps.chain(item_names(library, dialplan)).collect()
}

/// The items of the forms that are asked, and of their openings.
fn item_names(library: &Library, dialplan: &Dialplan) -> impl Iterator<Item = String> {
    let asked = dialplan.steps.iter().filter_map(|step| match &step.action {
        Action::Ask { questionnaire, .. } => Some(questionnaire.as_str()),
        _ => None,
    });
    let mut names = Vec::new();
    for id in asked {
        // Any form may be the open task's; what all have is the opening.
        let form = library.questionnaire(id).map(|kept| &kept.value);
        let opening = form.map_or(Some("opening"), |form| form.opening.as_deref());
        let opening = opening.and_then(|id| library.questionnaire(id)).map(|kept| &kept.value);
        for form in form.into_iter().chain(opening) {
            names.extend(form.items.iter().map(|item| item.link_id.clone()));
        }
    }
    names.into_iter()
}

/// Which step may follow which; `exits` are those after which the call may end.
struct Graph {
    next: Vec<BTreeSet<usize>>,
    /// Where the call goes on at once, without waiting for anybody.
    at_once: Vec<Option<usize>>,
    exits: BTreeSet<usize>,
}

impl Graph {
    fn of(dialplan: &Dialplan) -> Self {
        let steps = &dialplan.steps;
        let place = |id: &str| steps.iter().position(|step| step.id == id);
        let mut graph = Self { next: Vec::new(), at_once: Vec::new(), exits: BTreeSet::new() };
        for (at, step) in steps.iter().enumerate() {
            let mut next = BTreeSet::new();
            let mut at_once = None;
            let mut ends = false;
            let mut goes_on = !step.when.is_empty();
            match &step.action {
                Action::Say { .. } => {
                    goes_on = true;
                    at_once = Some(at + 1);
                }
                Action::Ask { .. } | Action::Record { .. } => goes_on = true,
                Action::HangUp => ends = true,
                Action::Transfer { .. } => {
                    ends = true;
                    next.extend(place("nobody"));
                }
                Action::GoTo { step } => {
                    next.extend(place(step));
                    at_once = place(step);
                }
                Action::Menu { option, .. } => {
                    // 0 and silence ask for a person, who may not be there.
                    next.extend(place("nobody"));
                    for option in option {
                        let next_step = option.next.as_deref();
                        ends |= option.transfer.is_some();
                        ends |= option.outcome.is_some() && next_step.is_none();
                        // An item of a form: its end is beyond this graph.
                        ends |= next_step.is_some_and(|next| place(next).is_none());
                        next.extend(next_step.and_then(place));
                        goes_on |= next_step.is_none()
                            && option.outcome.is_none()
                            && option.transfer.is_none();
                    }
                }
            }
            if goes_on && at + 1 == steps.len() {
                ends = true;
            } else if goes_on {
                next.insert(at + 1);
            }
            if ends {
                graph.exits.insert(at);
            }
            graph.next.push(next);
            graph.at_once.push(at_once);
        }
        graph
    }

    fn reached_from(&self, at: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            if at < self.next.len() && reached.insert(at) {
                open.extend(&self.next[at]);
            }
        }
        reached
    }

    fn runs_in_a_circle(&self, from: usize) -> bool {
        let mut at = from;
        for _ in 0..=self.at_once.len() {
            match self.at_once.get(at).copied().flatten() {
                Some(next) if next == from => return true,
                Some(next) => at = next,
                None => return false,
            }
        }
        false
    }
}
