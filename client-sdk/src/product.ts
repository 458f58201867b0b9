/** The topics and calls of the products that this SDK knows: the generated maps, open to declaration merging. */
import type { Calls, TopicEvents, TopicLive, TopicState } from "./generated/protocol.js";

interface Spec<Family extends keyof TopicState> {
  state: TopicState[Family];
  events: TopicEvents[Family];
  live: TopicLive[Family];
}
type Generated = { [Family in keyof TopicState]: Spec<Family> };

/** Family to what its snapshot, its durable and its volatile events carry. Extend it by declaration merging. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface, so that it can be merged with
export interface TopicMap extends Generated {}

/** Method to its parameters and its result. Extend it by declaration merging. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface, so that it can be merged with
export interface CallMap extends Calls {}
