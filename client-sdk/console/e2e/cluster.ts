/** Two servers on one Postgres and one Redis, which can be frozen and killed. */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type RealServer } from "../../test/e2e/server";

const REDIS_START_MS = 10_000;

export interface Redis {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), "estafette-redis-"));
  chmodSync(folder, 0o755);
  const socket = join(folder, "redis.sock");
  const child = spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "no"], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const end = performance.now() + REDIS_START_MS;
  while (!(await answers(socket))) {
    if (performance.now() > end || child.exitCode !== null || child.pid === undefined) {
      await stop();
      throw new Error("redis-server did not start: is it installed?");
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { url: `unix://${socket}`, stop };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** What `postmaster.pid` of a server's own Postgres says. */
function postmaster(server: RealServer): { readonly pid: string; readonly socket: string } {
  const lines = readFileSync(join(server.folder ?? "", "database/postgres/postmaster.pid"), "utf8").split("\n");
  return { pid: (lines[0] ?? "").trim(), socket: (lines[4] ?? "").trim() };
}

/** Another server on the database of the first. */
export function startBeside(first: RealServer, settings: Record<string, string>): Promise<RealServer> {
  return startServer({ ...settings, DATABASE_URL: `postgresql:///estafette?host=${postmaster(first).socket}&user=estafette` });
}

/** Freezes a server's own Postgres, with all of its processes; the answer lets it go on. */
export function freezePostgres(server: RealServer): () => void {
  const { pid } = postmaster(server);
  const children = readdirSync("/proc").filter((name) => /^\d+$/u.test(name) && parentOf(name) === pid);
  const all = [pid, ...children].map(Number);
  for (const each of all) signal(each, "SIGSTOP");
  return () => {
    for (const each of all) signal(each, "SIGCONT");
  };
}

function parentOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1];
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
