// BullMQ's worker: each step is a row, then progress. A task that is taken up again goes on after the last step whose
// progress was stored.
import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { say, serve } from "./lib/control.js";
import { begins, pool, work } from "./lib/tasks.js";

const connections = pool(20);
const connection = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });

const worker = new Worker(
  "tasks",
  async (job) => {
    const { steps, latency } = job.data;
    const done = typeof job.progress === "object" ? job.progress.step : -1;
    for (let step = done + 1; step < steps; step += 1) {
      begins(job.id, step);
      await work(latency);
      await connections.query({
        name: "step",
        text: "INSERT INTO steps (task, step) VALUES ($1, $2)",
        values: [job.id, step],
      });
      await job.updateProgress({ step });
    }
  },
  { connection, concurrency: Number(process.env.CONCURRENCY ?? 100) },
);
worker.on("error", (error) => console.error(error));
await worker.waitUntilReady();

serve({});
say({ ready: true, port: 0 });
