// How `loadtest compare` talks to a program: one JSON object a line, in on standard input, out on standard output.
// The program ends when its input ends, so that none is left behind.
import { createInterface } from "node:readline";

/** Says something to the harness. */
export function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Answers commands: `commands[name](message)` returns the answer. */
export function serve(commands) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    try {
      const message = JSON.parse(line);
      const command = commands[message.command];
      if (!command) throw new Error(`no such command: ${message.command}`);
      say({ ok: (await command(message)) ?? null });
    } catch (error) {
      say({ error: String(error?.stack ?? error) });
    }
  });
  lines.on("close", () => process.exit(0));
}

/** Listens on a free port of the loopback and says that it is ready. */
export function listen(server, backlog = 4096) {
  server.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 0), backlog }, () => {
    say({ ready: true, port: server.address().port });
  });
}

/** The topics that a client named in its address. */
export function topicsOf(text) {
  return (text ?? "").split(",").filter((topic) => topic !== "");
}
