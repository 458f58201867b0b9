/** What the browser tests stand on: a real server with the built console, job pages on loopback, a real browser. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { areasOf, type Area } from "../src/lib/areas";
import { openWire, type Wire } from "./wire";
import { startServer, type RealServer } from "../../test/e2e/server";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** With JSON-LD, without, and in French. */
const PAGES = ["platform-engineer.html", "backend-engineer.html", "developpeur-backend.html"] as const;
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

/** Where the pictures go. */
export const shots = process.env.ESTAFETTE_SHOTS ?? fileURLToPath(new URL("../shots/e2e", import.meta.url));

export interface World {
  readonly server: RealServer;
  /** What the browser's connection goes through. */
  readonly wire: Wire;
  readonly browser: Browser;
  /** Addresses of three job offers that the server may fetch. */
  readonly offers: readonly string[];
  stop(): Promise<void>;
}

/** The built console and a folder for the pictures. */
export function prepare(): void {
  if (!existsSync(`${root}/client-sdk/console/dist/index.html`)) throw new Error("the console is not built: run `npm run build`");
  mkdirSync(shots, { recursive: true });
  process.env.ESTAFETTE_CONSOLE_DIR ??= `${root}/client-sdk/console/dist`;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
}

/** `settings`: further environment variables of the server. */
export async function startWorld(settings: Record<string, string> = {}): Promise<World> {
  prepare();
  const pages = await servePages();
  const { port } = pages.address() as AddressInfo;
  // A server that runs already must have been told to allow the pages that it is given.
  const given = (process.env.ESTAFETTE_E2E_OFFERS ?? "").split(",").filter((url) => url !== "");
  process.env.ESTAFETTE_FETCH_ALLOW ??= `127.0.0.1:${port}`;
  // So that there is something to watch.
  process.env.ESTAFETTE_OFFLINE_LATENCY_MS ??= "250";
  // So that a silent line is noticed, and a mark seen, without waiting long.
  process.env.ESTAFETTE_HEARTBEAT_MS ??= "4000";
  const server = await startServer(settings);
  const wire = await openWire(server.baseUrl);
  const browser = await launch();
  return {
    server,
    wire,
    browser,
    offers: given.length > 0 ? given : PAGES.map((name) => `http://127.0.0.1:${port}/${name}`),
    stop: async () => {
      await browser.close();
      await wire.close();
      await server.stop();
      await new Promise((done) => pages.close(done));
    },
  };
}

function servePages(): Promise<Server> {
  const server = createServer((request, response) => {
    const name = PAGES.find((page) => request.url === `/${page}`);
    response.writeHead(name === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" });
    response.end(name === undefined ? "<h1>404</h1>" : readFileSync(`${root}/src/demo/jobs/${name}`));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

export const resume = readFileSync(`${root}/src/demo/cvs/en-jane-developer-complete.json`, "utf8");

/** A tab in English on a laptop; what the page complains about ends up in `complaints`. */
export async function open(world: World, complaints: string[]): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
  const context = await world.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", baseURL: world.wire.baseUrl });
  const page = await context.newPage();
  listen(page, complaints);
  return { context, page };
}

export function listen(page: Page, complaints: string[]): void {
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // A refusal's words are the same for all: its address says what was refused.
    if (message.type() === "error") complaints.push(`${message.text()} ${message.location().url}`.trim());
  });
}

/** What a server offers, as its description says. */
export async function areasOfServer(baseUrl: string): Promise<ReadonlySet<Area>> {
  const { paths } = (await (await fetch(`${baseUrl}/openapi.json`)).json()) as { paths: Record<string, object> };
  return areasOf(Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`)));
}
