//! A dialplan with its questionnaires in place: a flat list of nodes, each with a label
//! that `next` and `go_to` name.

use std::{collections::HashMap, sync::Arc};

use super::{
    Item, ItemType, Library, Questionnaire,
    dialplan::{Action, Step},
    questionnaire::{AnswerOption, Behavior, Say},
};

#[derive(Clone, Debug)]
pub struct Program {
    pub library: Arc<Library>,
    pub dialplan: String,
    pub(super) nodes: Vec<Node>,
    pub(super) labels: HashMap<String, usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) when: Vec<String>,
    pub(super) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    /// An item of a form; of a step when `form` is absent.
    Item {
        item: Arc<Item>,
        form: Option<Arc<Questionnaire>>,
        task: Option<String>,
    },
    /// A form has been asked to its end.
    FormEnd {
        form: Arc<Questionnaire>,
    },
    Transfer {
        to: String,
    },
    HangUp,
    GoTo {
        step: String,
    },
}

/// What a dialplan leaves open until a call is made.
#[derive(Clone, Debug, Default)]
pub struct Casting {
    /// The form of the caller's open task; absent: a person asks.
    pub open_task: Option<String>,
    /// A parent is called about a child.
    pub guardian: bool,
}

impl Program {
    pub(super) fn build(
        library: &Arc<Library>,
        id: &str,
        casting: &Casting,
    ) -> Result<Self, String> {
        let dialplan = library.dialplan(id).ok_or_else(|| format!("no dialplan {id:?}"))?;
        let mut builder = Builder { library, casting, nodes: Vec::new(), labels: HashMap::new() };
        for step in &dialplan.value.steps {
            builder.add(step)?;
        }
        let Builder { nodes, labels, .. } = builder;
        Ok(Self { library: Arc::clone(library), dialplan: id.to_owned(), nodes, labels })
    }

    /// Only the patient may be asked; for a relative nothing would be left.
    pub(super) fn is_for_the_patient_alone(&self) -> bool {
        let forms = self.forms();
        let mut asked = forms.iter().filter(|form| !form.is_opening()).peekable();
        asked.peek().is_some() && asked.all(|form| form.only.as_deref() == Some("patient"))
    }

    /// The year of birth is proof enough for everything that is asked.
    pub(super) fn takes_the_weaker_proof(&self) -> bool {
        let forms = self.forms();
        forms.iter().filter(|form| !form.is_opening()).all(|form| form.weak_identity)
    }

    /// Every questionnaire that is asked, the openings too.
    pub fn forms(&self) -> Vec<Arc<Questionnaire>> {
        let ends = self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::FormEnd { form } => Some(Arc::clone(form)),
            _ => None,
        });
        ends.collect()
    }
}

struct Builder<'a> {
    library: &'a Arc<Library>,
    casting: &'a Casting,
    nodes: Vec<Node>,
    labels: HashMap<String, usize>,
}

impl Builder<'_> {
    fn add(&mut self, step: &Step) -> Result<(), String> {
        let at = self.nodes.len();
        if self.labels.insert(step.id.clone(), at).is_some() {
            return Err(format!("{:?} stands twice", step.id));
        }
        let kind = match &step.action {
            Action::Ask { questionnaire, from } => {
                return self.add_forms(step, questionnaire, from.as_deref());
            }
            Action::Say { say, neutral, barge_in } => spoken(Item {
                barge_in: *barge_in,
                ..step_item(&step.id, ItemType::Display, say, *neutral)
            }),
            Action::Menu { say, neutral, option } => {
                spoken(menu_item(&step.id, say, *neutral, option))
            }
            Action::Record { say, neutral, max_seconds, task } => NodeKind::Item {
                item: Arc::new(Item {
                    max_seconds: Some(*max_seconds),
                    ..step_item(&step.id, ItemType::Attachment, say, *neutral)
                }),
                form: None,
                task: Some(task.clone()),
            },
            Action::Transfer { to } => NodeKind::Transfer { to: to.clone() },
            Action::HangUp => NodeKind::HangUp,
            Action::GoTo { step } => NodeKind::GoTo { step: step.clone() },
        };
        self.push(step, kind);
        Ok(())
    }

    fn push(&mut self, step: &Step, mut kind: NodeKind) {
        if let (NodeKind::Item { item, form: None, .. }, Some(text)) = (&mut kind, &step.text) {
            Arc::make_mut(item).text.clone_from(text);
        }
        self.nodes.push(Node { when: step.when.clone(), kind });
    }

    /// A form after its opening. Two forms may share an opening; the machine asks it once.
    fn add_forms(&mut self, step: &Step, id: &str, from: Option<&str>) -> Result<(), String> {
        let id = match (id, &self.casting.open_task) {
            (OPEN_TASK, Some(form)) => form,
            (OPEN_TASK, None) => {
                self.push(step, NodeKind::Transfer { to: "centre".to_owned() });
                return Ok(());
            }
            (id, _) => id,
        };
        let form = self.find(id)?;
        let opening = form.opening.as_deref().map(|id| self.find_opening(id)).transpose()?;
        // Where `from` is no item of the form, it begins at its beginning.
        self.labels.insert(step.id.clone(), self.nodes.len());
        for form in opening.into_iter().chain([form]) {
            for item in &form.items {
                let at = self.nodes.len();
                if from == Some(&item.link_id) {
                    self.labels.insert(step.id.clone(), at);
                }
                self.labels.insert(item.link_id.clone(), at);
                let item = Arc::new(item.clone());
                let form = Some(Arc::clone(&form));
                self.push(step, NodeKind::Item { item, form, task: None });
            }
            self.push(step, NodeKind::FormEnd { form });
        }
        Ok(())
    }

    fn find_opening(&self, id: &str) -> Result<Arc<Questionnaire>, String> {
        let guardian = self.casting.guardian.then(|| self.find(&format!("{id}_guardian")).ok());
        guardian.flatten().map_or_else(|| self.find(id), Ok)
    }

    fn find(&self, id: &str) -> Result<Arc<Questionnaire>, String> {
        let kept =
            self.library.questionnaire(id).ok_or_else(|| format!("no questionnaire {id:?}"))?;
        Ok(Arc::clone(&kept.value))
    }
}

/// An item of a step, which is no answer of a form.
fn spoken(item: Item) -> NodeKind {
    NodeKind::Item { item: Arc::new(item), form: None, task: None }
}

pub(super) fn menu_item(id: &str, say: &Say, neutral: bool, option: &[AnswerOption]) -> Item {
    Item { answer_option: option.to_vec(), ..step_item(id, ItemType::Choice, say, neutral) }
}

/// A step that speaks or asks is an item without a form.
fn step_item(id: &str, kind: ItemType, say: &Say, neutral: bool) -> Item {
    Item {
        link_id: id.to_owned(),
        kind,
        text: id.to_owned(),
        required: false,
        enough: false,
        repeats: false,
        page_only: false,
        say: Some(say.clone()),
        say_again: None,
        enable_when: Vec::new(),
        enable_behavior: Behavior::All,
        enable_when_fact: Vec::new(),
        only: None,
        identity: Some(0),
        neutral,
        barge_in: true,
        answer_option: Vec::<AnswerOption>::new(),
        unit: None,
        range: None,
        read_back: None,
        digits: None,
        empty: None,
        pair_with: None,
        less_than: None,
        red_flag: Vec::new(),
        doubt: None,
        verify: None,
        tries: 2,
        on_wrong: None,
        max_seconds: None,
        note: String::new(),
    }
}

/// In place of a form: the one that the caller's task asks for.
pub(super) const OPEN_TASK: &str = "open_task";
