/** What the console takes from the SDK's state machinery. */
export { createTopicStore, type Fold, type TopicStore, type TopicView } from "../../../src/store";
export { reduceCv } from "../../../src/fold/cv";
export { reduceTask, reduceTaskLive, reduceTexts, type Texts } from "../../../src/fold/task";
export { reduceUser } from "../../../src/fold/user";
