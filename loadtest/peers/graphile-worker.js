// graphile-worker's worker: each step is a row and a notification, in one statement and so in one transaction. A task
// that is taken up again goes on after its last row.
import { Logger, run } from "graphile-worker";
import { say, serve } from "./lib/control.js";
import { begins, complain, pool, work } from "./lib/tasks.js";

const concurrency = Number(process.env.CONCURRENCY ?? 20);
const connections = pool(concurrency + 2);

const step = (id, number) => ({
  name: "step",
  text:
    "WITH step AS (INSERT INTO steps (task, step) VALUES ($1, $2))" +
    " SELECT pg_notify('tasks', json_build_object('id', $1::uuid, 'step', $2::int)::text)",
  values: [id, number],
});

const runner = await run({
  pgPool: connections,
  concurrency,
  noHandleSignals: true,
  logger: new Logger(complain),
  parsedCronItems: [],
  preset: { worker: { concurrentJobs: concurrency } },
  taskList: {
    task: async ({ id, steps, latency }, helpers) => {
      let from = 0;
      if (helpers.job.attempts > 1) {
        const found = await connections.query("SELECT max(step) AS last FROM steps WHERE task = $1", [id]);
        from = (found.rows[0].last ?? -1) + 1;
      }
      for (let number = from; number < steps; number += 1) {
        begins(id, number);
        await work(latency);
        await connections.query(step(id, number));
      }
      await connections.query({
        name: "end",
        text: "SELECT pg_notify('tasks', json_build_object('id', $1::uuid)::text)",
        values: [id],
      });
    },
  },
});
runner.promise.catch((error) => {
  console.error(error);
  process.exit(1);
});

serve({});
say({ ready: true, port: 0 });
