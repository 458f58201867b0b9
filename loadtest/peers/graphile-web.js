// graphile-worker's web process: it queues in Postgres, listens to Postgres' notifications, and tells the browsers by
// Socket.IO.
import { Logger, makeWorkerUtils } from "graphile-worker";
import pg from "pg";
import { listen, serve } from "./lib/control.js";
import { complain, migrate, pool, web } from "./lib/tasks.js";

const connections = pool(10);
await migrate(connections);
const queue = await makeWorkerUtils({ pgPool: connections, logger: new Logger(complain) });
await queue.migrate();

const { server, io } = web(({ id, steps, latency }) =>
  queue.addJob("task", { id, steps, latency }, { jobKey: id, maxAttempts: 3 }),
);

const listener = new pg.Client({ connectionString: process.env.DATABASE_URL });
await listener.connect();
listener.on("notification", ({ payload }) => {
  const { id, step } = JSON.parse(payload);
  const room = io.to(`task:${id}`);
  if (step !== undefined) return room.emit("progress", { id, step });
  room.emit("completed", { id });
  io.in(`task:${id}`).socketsLeave(`task:${id}`);
});
await listener.query("LISTEN tasks");

serve({});
listen(server);
