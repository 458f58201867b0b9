import type { StepView } from "../model/types";

const ORDER = ["extract", "classify", "batch_experience", "batch_project", "batch_extras", "batch_skills", "batch_summary", "recompose", "match_score", "settle"];

/** The steps of a lane in the order in which they depend on each other; what is not known comes last. */
export function orderSteps(steps: readonly StepView[]): StepView[] {
  const rank = (step: StepView) => {
    const place = ORDER.indexOf(step.type);
    return place === -1 ? ORDER.length : place;
  };
  return [...steps].sort((a, b) => rank(a) - rank(b) || (a.item_index ?? 0) - (b.item_index ?? 0) || a.step.localeCompare(b.step));
}
