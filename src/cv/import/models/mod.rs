//! The mapping, model by model, as data. The order is the order of writing: what a row refers to comes before it.
//!
//! | module | models |
//! |---|---|
//! | [`identity`] | people, their accounts elsewhere, one-time tokens |
//! | [`documents`] | job offers, CVs, versions, export templates |
//! | [`tasks`] | background tasks, generations with their offers and steps |
//! | [`money`] | plans, packs, subscriptions, the ledger, codes |
//! | [`activity`] | e-mail, AI usage, telemetry, feedback, consents, links, settings |
//! | [`shapes`] | what JSON columns must look like |

mod activity;
mod documents;
mod identity;
mod money;
mod shapes;
mod tasks;

use super::model::Model;

/// All models, in the order of writing. `CreditBalance` is not among them: see [`super::ledger`].
pub fn all() -> impl Iterator<Item = &'static Model> {
    [
        identity::MODELS,
        money::PRICES,
        activity::CONFIGURATION,
        documents::MODELS,
        tasks::MODELS,
        money::MODELS,
        activity::MODELS,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cv::import::model::How;
    use std::collections::HashSet;

    #[test]
    fn what_a_row_refers_to_is_written_before_it() {
        let mut tables = HashSet::new();
        let names: HashSet<&str> = all().map(|model| model.name).collect();
        for model in all() {
            for column in model.columns {
                match column.how {
                    How::Owner(table) | How::Owned(table) | How::Ref(table) => {
                        assert!(tables.contains(table), "{}.{} before {table}", model.name, column.new);
                    }
                    How::Link(table) => assert!(all().any(|other| other.table == table)),
                    How::Mapped(name) => assert!(names.contains(name)),
                    _ => {}
                }
            }
            assert!(model.columns.iter().any(|column| column.new == model.key.new && column.old == model.key.old));
            assert!(tables.insert(model.table), "{} twice", model.table);
        }
    }

    #[test]
    fn every_model_is_in_the_readme() {
        let text = include_str!("../README.md");
        for name in all().map(|model| model.name).chain(["CreditBalance"]) {
            assert!(text.contains(&format!("| `{name}` |")), "{name} has no row in README.md");
        }
    }
}
