//! A dialplan with its questionnaires in place: a flat list of nodes, each with a label
//! that `next` and `go_to` name.

use std::{collections::HashMap, sync::Arc};

use super::{
    Item, ItemType, Library, Questionnaire,
    dialplan::Action,
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
    pub(super) label: String,
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

impl Program {
    pub(super) fn build(library: &Arc<Library>, id: &str) -> Result<Self, String> {
        let dialplan = library.dialplan(id).ok_or_else(|| format!("no dialplan {id:?}"))?;
        let mut nodes = Vec::new();
        for step in &dialplan.value.steps {
            let when = step.when.clone();
            let mut push = |kind| {
                nodes.push(Node { label: step.id.clone(), when: when.clone(), kind });
            };
            match &step.action {
                Action::Say { say, neutral, barge_in } => push(NodeKind::Item {
                    item: Arc::new(Item {
                        barge_in: *barge_in,
                        ..step_item(&step.id, ItemType::Display, say, *neutral)
                    }),
                    form: None,
                    task: None,
                }),
                Action::Menu { say, neutral, option } => push(NodeKind::Item {
                    item: Arc::new(Item {
                        answer_option: option.clone(),
                        ..step_item(&step.id, ItemType::Choice, say, *neutral)
                    }),
                    form: None,
                    task: None,
                }),
                Action::Record { say, neutral, max_seconds, task } => push(NodeKind::Item {
                    item: Arc::new(Item {
                        max_seconds: Some(*max_seconds),
                        ..step_item(&step.id, ItemType::Attachment, say, *neutral)
                    }),
                    form: None,
                    task: Some(task.clone()),
                }),
                Action::Ask { questionnaire } => {
                    push_forms(library, &mut nodes, &step.id, &when, questionnaire)?;
                }
                Action::Transfer { to } => push(NodeKind::Transfer { to: to.clone() }),
                Action::HangUp => push(NodeKind::HangUp),
                Action::GoTo { step } => push(NodeKind::GoTo { step: step.clone() }),
            }
        }
        Self::labelled(library, id, nodes)
    }

    fn labelled(library: &Arc<Library>, id: &str, nodes: Vec<Node>) -> Result<Self, String> {
        let mut labels = HashMap::new();
        for (at, node) in nodes.iter().enumerate() {
            if matches!(node.kind, NodeKind::FormEnd { .. }) {
                continue;
            }
            // The step's own label leads to the first item of its form.
            if let Some(step) = &node.label.split_once('\u{1f}') {
                labels.entry(step.0.to_owned()).or_insert(at);
                labels.insert(step.1.to_owned(), at);
            } else if labels.insert(node.label.clone(), at).is_some() {
                return Err(format!("{:?} stands twice", node.label));
            }
        }
        let nodes = nodes.into_iter().map(|mut node| {
            if let Some((_, own)) = node.label.split_once('\u{1f}') {
                node.label = own.to_owned();
            }
            node
        });
        let nodes = nodes.collect();
        Ok(Self { library: Arc::clone(library), dialplan: id.to_owned(), nodes, labels })
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

fn push_forms(
    library: &Arc<Library>,
    nodes: &mut Vec<Node>,
    step: &str,
    when: &[String],
    id: &str,
) -> Result<(), String> {
    let find = |id: &str| {
        let kept = library.questionnaire(id).ok_or_else(|| format!("no questionnaire {id:?}"))?;
        Ok::<_, String>(Arc::clone(&kept.value))
    };
    let form = find(id)?;
    let opening = form.opening.as_deref().map(find).transpose()?;
    for form in opening.into_iter().chain([form]) {
        for item in &form.items {
            let kind = NodeKind::Item {
                item: Arc::new(item.clone()),
                form: Some(Arc::clone(&form)),
                task: None,
            };
            let label = format!("{step}\u{1f}{}", item.link_id);
            nodes.push(Node { label, when: when.to_vec(), kind });
        }
        let label = format!("{step}\u{1f}end of {}", form.id);
        nodes.push(Node { label, when: when.to_vec(), kind: NodeKind::FormEnd { form } });
    }
    Ok(())
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
        verify: None,
        tries: 2,
        on_wrong: None,
        max_seconds: None,
        note: String::new(),
    }
}
