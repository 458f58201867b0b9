// What both task queues share: the steps' table, the browser's side, and the marks of steps that began.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import pg from "pg";
import { Server } from "socket.io";

/** A pool of the size that this program is told; one for each kind of process. */
export function pool(max) {
  return new pg.Pool({ connectionString: process.env.DATABASE_URL, max });
}

/** Makes the table of steps. A step that runs twice leaves two rows, so that they can be counted. */
export async function migrate(connections) {
  await connections.query(
    "CREATE TABLE IF NOT EXISTS steps (id bigserial PRIMARY KEY, task uuid NOT NULL, step int NOT NULL," +
      " at timestamptz NOT NULL DEFAULT now())",
  );
}

/** Only what is wrong, and on the errors: standard output is for the harness. For graphile-worker's `Logger`. */
export const complain = () => (level, message) => {
  if (level === "error" || level === "warning") console.error(message);
};

const began = process.env.BEGAN;

/** Where the harness asked for it: notes that a step began, in a file, so that a SIGKILL does not take it along. */
export function begins(task, step) {
  if (began) appendFileSync(began, `${task} ${step}\n`);
}

/** The work of a step. */
export function work(ms) {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined;
}

/** The web process: a browser asks for a task and hears of it in the task's room. */
export function web(enqueue) {
  const server = createServer();
  const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false });
  io.engine.on("connection", (raw) => {
    raw.request = null;
  });
  io.on("connection", (socket) => {
    socket.on("start", async ({ id, steps, latency }, answer) => {
      try {
        // Before it is queued, so that no event can be missed.
        socket.join(`task:${id}`);
        await enqueue({ id, steps, latency });
        answer({ ok: true });
      } catch (error) {
        answer({ ok: false, error: String(error) });
      }
    });
  });
  return { server, io };
}
