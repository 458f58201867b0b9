/** Where people pay: the server program's own scripted endpoint in the form of Stripe's, and a way back from it. */
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

export const KEY = "sk_test_life";
export const SECRET = "whsec_life";
const START_MS = 15_000;

export interface Till {
  /** What the server is told. */
  readonly settings: Readonly<Record<string, string>>;
  /** Begins to sell for a server: its webhooks go there, and who paid comes back there. */
  open(baseUrl: string): Promise<void>;
  stop(): Promise<void>;
}

/** Reserves the addresses, so that the server can be told them before it runs. */
export async function reserveTill(): Promise<Till> {
  let home = "";
  const back = createServer((request, response) => {
    response.writeHead(302, { location: `${home}${request.url ?? "/"}` });
    response.end();
  });
  const listen = () => new Promise<void>((done) => back.listen(0, "127.0.0.1", done));
  await listen();
  const backUrl = `http://127.0.0.1:${(back.address() as AddressInfo).port}`;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let stopTill = () => Promise.resolve();
  return {
    settings: { STRIPE_SECRET_KEY: KEY, STRIPE_WEBHOOK_SECRET: SECRET, STRIPE_BASE_URL: url, ESTAFETTE_PUBLIC_URL: backUrl },
    open: async (baseUrl) => {
      home = baseUrl;
      const binary = process.env.ESTAFETTE_BIN ?? fileURLToPath(new URL("../../../target/debug/estafette", import.meta.url));
      const child = spawn(binary, ["scripted-stripe", "--listen", `127.0.0.1:${port}`, "--key", KEY, "--webhook-secret", SECRET, "--webhook-url", `${baseUrl}/v1/cv/stripe/webhook`], { stdio: "ignore" });
      const ended = new Promise<void>((done) => {
        child.once("exit", () => done());
        child.once("error", () => done());
      });
      stopTill = async () => {
        child.kill("SIGKILL");
        await ended;
      };
      const end = performance.now() + START_MS;
      while (!(await answers(url))) {
        if (child.exitCode !== null || performance.now() > end) throw new Error("the scripted endpoint of payments did not start");
        await new Promise((done) => setTimeout(done, 50));
      }
    },
    stop: async () => {
      await stopTill();
      back.closeAllConnections();
      await new Promise((done) => back.close(done));
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
