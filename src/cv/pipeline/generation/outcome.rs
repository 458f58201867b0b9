//! Temporary: proposals as outcomes, until the brain judges them.
use crate::cv::brain::types::*;
use serde_json::{Value, json};

fn edit(
    input: &StepInput,
    section: &str,
    item: Option<u32>,
    field: &str,
    after: Value,
    reason: &str,
) -> Option<Modification> {
    let path = match item {
        Some(i) => format!("/{section}/{i}/{field}"),
        None => format!("/{section}/{field}"),
    };
    let before = input.cv.pointer(&path).cloned();
    if before.as_ref() == Some(&after) {
        return None;
    }
    let action = if before.is_some() { ChangeAction::Modify } else { ChangeAction::Add };
    Some(Modification {
        section: section.into(),
        field: field.into(),
        item_index: item,
        path,
        before: before.unwrap_or(Value::Null),
        after,
        reason: reason.into(),
        action,
    })
}
fn outcome(modifications: Vec<Option<Modification>>) -> Outcome {
    Outcome { after: Value::Null, modifications: modifications.into_iter().flatten().collect() }
}
pub fn classification(_input: &StepInput, found: Classification) -> Classification {
    found
}
pub fn experience(input: &StepInput, p: &ExperienceProposal) -> Outcome {
    outcome(vec![
        p.summary.as_ref().and_then(|e| edit(input, "work", input.index, "summary", json!(e.text), &e.reason)),
        p.highlights.as_ref().and_then(|e| edit(input, "work", input.index, "highlights", json!(e.items), &e.reason)),
    ])
}
pub fn project(input: &StepInput, p: &ProjectProposal) -> Outcome {
    outcome(vec![
        p.description
            .as_ref()
            .and_then(|e| edit(input, "projects", input.index, "description", json!(e.text), &e.reason)),
    ])
}
pub fn extras(_input: &StepInput, _p: &ExtrasProposal) -> Outcome {
    outcome(vec![])
}
pub fn skills(_input: &StepInput, _p: &SkillsProposal) -> Outcome {
    outcome(vec![])
}
pub fn summary(input: &StepInput, p: &SummaryProposal) -> Outcome {
    outcome(vec![
        p.label.as_ref().and_then(|e| edit(input, "basics", None, "label", json!(e.text), &e.reason)),
        p.summary.as_ref().and_then(|e| edit(input, "basics", None, "summary", json!(e.text), &e.reason)),
    ])
}
