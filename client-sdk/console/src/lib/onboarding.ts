/** The first things to do; what is done is read off the person's CVs. */
import type { CvSummary } from "../model/types";

export interface FirstStep {
  readonly name: "cv" | "adapt" | "review";
  readonly done: boolean;
}

export function firstSteps(cvs: readonly Pick<CvSummary, "created_by" | "pending_count" | "optimise_status">[]): readonly FirstStep[] {
  const adapted = cvs.filter((cv) => cv.created_by === "generate-cv");
  return [
    { name: "cv", done: cvs.length > adapted.length || adapted.length > 0 },
    { name: "adapt", done: adapted.length > 0 },
    { name: "review", done: adapted.some((cv) => cv.pending_count === 0 && cv.optimise_status !== "done") },
  ];
}
