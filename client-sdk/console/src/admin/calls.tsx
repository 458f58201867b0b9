import { Link } from "react-router";
import { aiFeature } from "../lib/costs";
import { useI18n } from "../i18n";
import { cost, dateTime, duration, number } from "../lib/format";
import type { AiCall } from "../model/operations";
import { CostViews } from "./cost-views";
import { Records } from "./records";
import styles from "./admin.module.css";

export default function Calls() {
  const { t, language } = useI18n();
  return (
    <>
      <CostViews />
      <Records<AiCall>
        title="ops.calls"
        path="/v1/cv/admin/ai/calls"
        topic="admin:costs"
        empty="ops.calls.empty"
        idOf={(call) => call.id}
        filters={[
          { name: "model", label: "ops.model" },
          { name: "feature_name", label: "ops.ai.feature" },
          { name: "user_id", label: "admin.user" },
          { name: "task_id", label: "ops.task" },
        ]}
        columns={[
          {
            key: "what",
            label: "ops.ai.feature",
            width: "minmax(160px, 1.5fr)",
            whole: true,
            cell: (call) => (
              <>
                <b className={styles.kind}>{aiFeature(t, call.feature_name)}</b>
                <div className={styles.sub}>{call.email ?? call.user_id}</div>
              </>
            ),
          },
          { key: "model", label: "ops.model", width: "minmax(120px, 1fr)", cell: (call) => <span className="mono">{call.model}</span> },
          { key: "tokens", label: "task.tokens", width: "84px", right: true, cell: (call) => number(language, call.total_tokens) },
          { key: "cost", label: "task.cost", width: "96px", right: true, cell: (call) => cost(language, call.estimated_cost) },
          { key: "took", label: "tasks.col.took", width: "84px", right: true, cell: (call) => (call.duration === null ? "–" : duration(language, call.duration)) },
          { key: "task", label: "ops.task", width: "minmax(90px, 1fr)", cell: (call) => <TaskOf metadata={call.metadata} /> },
          { key: "when", label: "ops.when", width: "160px", cell: (call) => <span className="num">{dateTime(language, call.created_at)}</span> },
        ]}
      />
    </>
  );
}

function TaskOf({ metadata }: { readonly metadata: unknown }) {
  const { task_id: task, step } = (metadata ?? {}) as { readonly task_id?: unknown; readonly step?: unknown };
  if (typeof task !== "string") return "–";
  return (
    <>
      <Link to={`/tasks/${task}`} className="mono">
        {task.slice(0, 14)}
      </Link>
      {typeof step === "string" ? <div className={styles.sub}>{step}</div> : null}
    </>
  );
}
