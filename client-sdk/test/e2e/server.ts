/**
 * The server of the end-to-end tests: the one at `ESTAFETTE_URL`, or one that is started here from `ESTAFETTE_BIN`
 * (default `target/debug/estafette`) on a free port, with a database of its own in a folder that goes with it.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;

const run = promisify(execFile);

export interface RealServer {
  /** `http://127.0.0.1:port` */
  readonly baseUrl: string;
  readonly liveUrl: string;
  /** Runs the program's own command line beside the server; `undefined` for a server that was not started here. */
  readonly command: ((...words: string[]) => Promise<string>) | undefined;
  /** Its data folder; `undefined` for a server that was not started here. */
  readonly folder: string | undefined;
  /** To the server's process and to nothing else; nothing for a server that was not started here. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** `settings`: further environment variables of a server that is started here. With `DATABASE_URL` among them it has no database of its own. */
export async function startServer(settings: Record<string, string> = {}): Promise<RealServer> {
  const given = process.env["ESTAFETTE_URL"];
  if (given !== undefined && given !== "") return { ...addresses(given.replace(/\/+$/, "")), command: undefined, folder: undefined, signal: () => undefined, stop: () => Promise.resolve() };
  const binary = process.env["ESTAFETTE_BIN"] ?? fileURLToPath(new URL("../../../target/debug/estafette", import.meta.url));
  if (!existsSync(binary)) throw new Error(`no server at ${binary}: build it, or set ESTAFETTE_BIN or ESTAFETTE_URL`);
  const folder = mkdtempSync(join(tmpdir(), "estafette-e2e-"));
  // Where this runs as root, Postgres runs as somebody else and must get in, or its data would be kept elsewhere.
  chmodSync(folder, 0o755);
  const listen = `127.0.0.1:${String(await freePort())}`;
  const around = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "DATABASE_URL"));
  const env = { ...around, ESTAFETTE_DATA_DIR: folder, ...settings };
  const child = spawn(binary, ["serve", "--listen", listen], { env, stdio: ["ignore", "pipe", "pipe"] });
  const log: string[] = [];
  const keep = (chunk: Buffer): void => {
    log.push(chunk.toString());
    if (log.length > 200) log.shift();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(`http://${listen}`, child);
  } catch (error) {
    await stop();
    throw new Error(`the server did not become ready; its last words:\n${log.join("")}`, { cause: error });
  }
  const command = async (...words: string[]): Promise<string> => (await run(binary, words, { env, cwd: folder })).stdout;
  return { ...addresses(`http://${listen}`), command, folder, signal: (name) => child.kill(name), stop };
}

function addresses(baseUrl: string): Pick<RealServer, "baseUrl" | "liveUrl"> {
  return { baseUrl, liveUrl: `${baseUrl.replace(/^http/, "ws")}/v1/live` };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function ready(baseUrl: string, child: ChildProcess): Promise<void> {
  const end = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`it ended with ${String(child.exitCode)}`);
    try {
      if ((await fetch(`${baseUrl}/health/ready`)).ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("time is up");
}

/** SIGTERM drains; what does not end then is killed. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
