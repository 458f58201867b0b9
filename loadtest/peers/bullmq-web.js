// BullMQ's web process: it queues, listens to the queue's events (a Redis stream), and tells the browsers by Socket.IO.
import { Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import { listen, serve } from "./lib/control.js";
import { migrate, pool, web } from "./lib/tasks.js";

const connections = pool(2);
await migrate(connections);
await connections.end();

const connection = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue("tasks", { connection });
const events = new QueueEvents("tasks", { connection: connection.duplicate() });
await events.waitUntilReady();

const { server, io } = web(({ id, steps, latency }) =>
  queue.add("task", { steps, latency }, { jobId: id, attempts: 3, removeOnComplete: true, removeOnFail: 1000 }),
);
events.on("progress", ({ jobId, data }) => {
  io.to(`task:${jobId}`).emit("progress", { id: jobId, step: data.step });
});
events.on("completed", ({ jobId }) => {
  io.to(`task:${jobId}`).emit("completed", { id: jobId });
  io.in(`task:${jobId}`).socketsLeave(`task:${jobId}`);
});

serve({});
listen(server);
