/** The topics and calls of the products that this SDK knows. */
import type { CvSnapshot, CvEvents, CvLive, TaskEvents, TaskLive, TaskSnapshot, UserEvents, UserSnapshot } from "./payloads.js";

/** Family → what its snapshot, its durable and its volatile events carry. Extend it by declaration merging. */
export interface TopicMap {
  task: { state: TaskSnapshot; events: TaskEvents; live: TaskLive };
  cv: { state: CvSnapshot; events: CvEvents; live: CvLive };
  user: { state: UserSnapshot; events: UserEvents; live: Record<never, never> };
}

type OfferSource =
  | { url: string }
  | { text: string }
  | { upload_id: string }
  | { job_offer_id: string };

/** Method → its parameters and its result. Extend it by declaration merging. */
export interface CallMap {
  "cv.create": { params: { filename?: string; content: unknown }; result: CvSnapshot };
  "cv.update": { params: { id: string; rev: number; patch: unknown[] }; result: { rev: number } };
  "cv.generate": {
    params: { source_cv_id: string; mode: "adapt" | "optimize"; offers: OfferSource[] };
    result: { task_id: string };
  };
  "cv.score": { params: { id: string; job_offer_id?: string }; result: { task_id: string } };
  "cv.review": {
    params: { id: string; decisions: { change_id: string; accept: boolean }[] };
    result: CvSnapshot;
  };
  "cv.restore": { params: { id: string; version: number }; result: CvSnapshot };
  "task.cancel": { params: { id: string }; result: TaskSnapshot };
  "task.retry": { params: { id: string }; result: TaskSnapshot };
}
