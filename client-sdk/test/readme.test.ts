/** The examples of the README: the compiler reads them as they stand, and then they run against a scripted server. */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-server.js";
import { cvState, taskState } from "./fold-samples.js";
import { until } from "./support.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const examples = [...readme.matchAll(/^```(tsx?)\n([\s\S]*?)^```$/gm)].map(([, language, code], index) => ({
  name: `example-${String(index + 1)}`,
  file: `example-${String(index + 1)}.${language ?? "ts"}`,
  code: code ?? "",
}));

let folder: string;
let server: FakeServer;
let http: ReturnType<typeof createServer>;

beforeAll(async () => {
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  folder = mkdtempSync(join(root, "node_modules/.cache/readme-"));
  server = await FakeServer.start();
  server.state = (topic) => (topic.startsWith("task:") ? taskState() : cvState()) as never;
  server.onCall = (peer, { id, method }) => {
    if (method !== "cv.generate") return false;
    peer.send({ t: "ok", id, result: { task_id: "t1" } });
    return true;
  };
  server.onSub = (peer, sub) => {
    server.grant(peer, sub);
    if (sub.topic === "task:t1") setTimeout(() => server.publish("task:t1", { id: "t1", type: "generate-cv", status: "completed", attempt: 1 }, "task.completed"), 5);
    return true;
  };
  http = createServer((_, response) => {
    response.end(JSON.stringify({ access_token: "a", refresh_token: "r", expires_in: 900, user: { id: "u1" } }));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
  await new Promise((resolve) => http.close(resolve));
});

test("there are examples", () => {
  expect(examples.length).toBeGreaterThanOrEqual(6);
});

test("every example compiles as it stands", () => {
  for (const { file, code } of examples) writeFileSync(join(folder, file), code);
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { noUnusedLocals: false, paths: { "@estafette/client": [join(root, "src/index.ts")], "@estafette/client/react": [join(root, "src/react/index.ts")] } },
    include: ["./*.ts", "./*.tsx"],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
}, 60_000);

test.each(examples.filter(({ file }) => file.endsWith(".ts")))("$name runs", async ({ file, code }) => {
  const before = server.history.length;
  const address = code
    .replaceAll("wss://estafette.example", server.url.replace("/v1/live", ""))
    .replaceAll("https://estafette.example", `http://127.0.0.1:${String((http.address() as AddressInfo).port)}`);
  const stub = 'import { WebSocket as Ws } from "ws"; globalThis.WebSocket ??= Ws; const console = { log() {}, warn() {} };\n';
  const out = join(folder, `${file}.mjs`);
  await build({
    stdin: { contents: stub + address, resolveDir: root, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@estafette/source"],
    outfile: out,
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
  await import(pathToFileURL(out).href);
  // Each ends by itself, and leaves no connection behind.
  await until(() => server.peers.length === 0);
  expect(server.history.length).toBeGreaterThanOrEqual(before);
});

test("the React example renders", async () => {
  const example = examples.find(({ file }) => file.endsWith(".tsx"));
  const out = join(folder, "app.mjs");
  await build({
    stdin: { contents: example?.code ?? "", resolveDir: root, loader: "tsx" },
    bundle: true,
    format: "esm",
    platform: "node",
    jsx: "automatic",
    packages: "external",
    conditions: ["@estafette/source"],
    alias: { "@estafette/client/react": join(root, "src/react/index.ts"), "@estafette/client": join(root, "src/index.ts") },
    banner: { js: "globalThis.WebSocket ??= class {};" },
    outfile: out,
    logLevel: "error",
  });
  const { App } = (await import(pathToFileURL(out).href)) as { App: () => unknown };
  const { createElement } = await import("react");
  const { renderToString } = await import("react-dom/server");
  expect(renderToString(createElement(App as never))).toContain("<p>loading</p>");
});
