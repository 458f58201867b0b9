/** A server for development: speaks the protocol, keeps everything in memory, needs no database. Not for tests. */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, encode } from "@msgpack/msgpack";
import { WebSocketServer, type WebSocket } from "ws";
import { read } from "../src/lib/pointer";
import type { CvState, JsonResume, OfferSource, PatchOperation, UserState } from "../src/model/types";
import { admin } from "./admin";
import { offers as known } from "./data/offers";
import * as generation from "./generation";
import { adminCosts, answers, product, routes } from "./product";
import * as world from "./world";

const port = Number(process.env.PORT ?? "7777");
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'";

class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details?: unknown,
  ) {
    super(message);
  }
}

function cvOf(id: unknown): world.StoredCv {
  const stored = world.cvs.get(String(id));
  if (stored === undefined) throw new Refused("not_found", "There is no such CV.");
  return stored;
}

function summary(stored: world.StoredCv) {
  const { content: _content, score: _score, pending_changes: _changes, ...rest } = stored.file;
  return rest;
}

function listed(stored: world.StoredCv): void {
  const { file } = stored;
  file.updated_at = world.now();
  file.title = world.titleOf(file.content);
  world.log.event("user:u1", "cv.listed", {
    id: file.id,
    filename: file.filename,
    match_score: file.match_score,
    match_score_status: file.match_score_status,
    optimise_status: file.optimise_status,
    updated_at: file.updated_at,
  });
}

function userState(): UserState {
  const used = world.ledger.filter((row) => row.type === "usage").length;
  return {
    user: world.user,
    credits: { balance: world.balance, total_purchased: 50, total_used: used, total_refunded: 0, total_gifted: 25, balance_after_last_purchase: 75 },
    plan: { id: 1, name: "free", tier: 0, is_free: true },
    subscription: { plan_id: 1, plan_name: "free", tier: 0, status: null, billing_period: null, current_period_end: null, cancel_at_period_end: false },
    counters: [],
    tasks: [...world.tasks.values()].map((state) => state.task).filter((task) => task.status === "queued" || task.status === "running"),
    cvs: [...world.cvs.values()].map(summary).reverse(),
    notices: [],
  };
}

function cvState(stored: world.StoredCv): CvState {
  return { file: stored.file, versions: stored.versions.map(({ content: _content, ...rest }) => rest).reverse() };
}

function snapshot(topic: string): unknown {
  const [family, id] = topic.split(":");
  if (family === "user") return userState();
  if (family === "task") {
    const state = world.tasks.get(id ?? "");
    if (state === undefined) throw new Refused("not_found", "There is no such task.");
    return state;
  }
  if (family === "cv") return cvState(cvOf(id));
  if (topic === "admin:costs") return adminCosts();
  if (family === "admin") return {};
  if (family === "app") return { maintenance_mode: false, registration_enabled: true };
  throw new Refused("not_found", `There is no topic ${topic}.`);
}

function apply(stored: world.StoredCv, patch: PatchOperation[]): void {
  for (const operation of patch) if (operation.op === "replace" || operation.op === "add") generation.write(stored.file.content, operation.path, operation.value);
  stored.file.content_rev += 1;
  world.log.event(`cv:${stored.file.id}`, "cv.changed", {
    rev: stored.file.content_rev,
    by: { user: "u1", device: null },
    patch,
    content_version: stored.file.content_version,
  });
  listed(stored);
}

const calls: Record<string, (params: Record<string, unknown>) => unknown> = {
  "cv.create": (params) => {
    const content = params.content as JsonResume;
    if (typeof content !== "object" || typeof content.basics !== "object")
      throw new Refused("bad_request", "This is not a JSON Resume document: the section `basics` is missing.");
    return world.addCv(content, typeof params.filename === "string" ? { filename: params.filename } : {}).file;
  },
  "cv.delete": (params) => {
    const stored = cvOf(params.id);
    world.cvs.delete(stored.file.id);
    world.log.event("user:u1", "cv.deleted", { id: stored.file.id, filename: stored.file.filename });
    return summary(stored);
  },
  "cv.update": (params) => {
    const stored = cvOf(params.id);
    if (params.rev !== stored.file.content_rev)
      throw new Refused("conflict", "Somebody changed this CV meanwhile.", { rev: stored.file.content_rev, patches: null });
    apply(stored, params.patch as PatchOperation[]);
    return { rev: stored.file.content_rev };
  },
  "cv.generate": (params) => {
    const sources = (params.offers as OfferSource[] | undefined) ?? [];
    if (world.balance < Math.max(1, sources.length)) throw new Refused("insufficient_credits", "Your balance does not cover this generation.");
    const state = generation.start(String(params.source_cv_id), params.mode as "adapt", sources);
    return { task_id: state.task.id };
  },
  "cv.score": (params) => {
    const stored = cvOf(params.id);
    const dev = known[0];
    if (dev !== undefined) setTimeout(() => generation.score(stored, dev), 1500);
    return { task_id: "none" };
  },
  "cv.review": (params) => {
    const stored = cvOf(params.id);
    const decisions = params.decisions as { change_id: string; accept: boolean }[];
    for (const decision of decisions) {
      const change = stored.file.pending_changes.find((item) => item.id === decision.change_id);
      if (change === undefined) throw new Refused("not_found", "There is no such change.");
      if (change.status !== "pending") continue;
      change.status = decision.accept ? "accepted" : "rejected";
      change.decided_at = world.now();
      if (decision.accept) stored.file.content_rev += 1;
      else {
        generation.write(stored.file.content, change.path, change.before);
        stored.file.content_rev += 1;
        const patch = [{ op: "replace", path: change.path, value: change.before }];
        world.log.event(`cv:${stored.file.id}`, "cv.changed", { rev: stored.file.content_rev, by: { user: "u1", device: null }, patch, content_version: stored.file.content_version });
      }
      const remaining = stored.file.pending_changes.filter((item) => item.status === "pending").length;
      stored.file.pending_count = remaining;
      world.log.event(`cv:${stored.file.id}`, "cv.change_decided", { ...change, change_id: change.id, decision: change.status, rev: stored.file.content_rev, remaining });
      if (remaining === 0) Object.assign(stored.file, { pending_changes: [], pending_source_version: null, optimise_status: "idle" });
    }
    listed(stored);
    return stored.file;
  },
  "cv.restore": (params) => {
    const stored = cvOf(params.id);
    const from = stored.versions.find((item) => item.version === params.version);
    if (from === undefined) throw new Refused("not_found", "This version was pruned.");
    const { file } = stored;
    Object.assign(file, { content: structuredClone(from.content), content_version: file.content_version + 1, pending_changes: [], pending_count: 0, pending_source_version: null, optimise_status: "idle" });
    const kept = world.version(from.content, file.content_version, { change_type: "restore", changelog: `Restauration depuis v${from.version}`, match_score: from.match_score });
    stored.versions.push(kept);
    world.log.event(`cv:${file.id}`, "cv.version", { ...kept, content: undefined, pruned: [] });
    apply(stored, [{ op: "replace", path: "", value: from.content }]);
    return file;
  },
  "cv.export": (params) => {
    const stored = cvOf(params.id);
    return { filename: stored.file.filename, mime_type: "application/json", document: stored.file.content };
  },
  "task.cancel": (params) => generation.cancel(String(params.id))?.task,
  "task.retry": (params) => generation.retry(String(params.id))?.task,
};

const page = (items: unknown[]) => ({ items, next: null });
const tokens = () => ({ access_token: `t.${Date.now()}`, refresh_token: "r", expires_in: 900, user: world.user });

function route(method: string, path: string, query: URLSearchParams, body: Record<string, unknown>): unknown {
  const parts = path.split("/").slice(2);
  const [area, kind, id, more] = parts;
  if (area === "capabilities") return { routes: routes() };
  if (area === "cv") {
    const found = product(method, parts.slice(1).join("/"), query, world.user.role === "ADMIN");
    if (found !== undefined) return found;
  }
  if (area === "cv" && kind === "auth") {
    if (id === "sign-in" && body.password === "wrong") throw new Refused("unauthenticated", "E-mail or password is wrong.");
    return id === "sign-out" ? {} : tokens();
  }
  if (area === "cv" && kind === "me") return world.user;
  if (area === "cv" && kind === "credits") return id === "transactions" ? page(world.ledger) : userState().credits;
  if (area === "cv" && kind === "usage") return page([]);
  if (area === "cv" && kind === "files") {
    if (id === undefined) return method === "POST" ? calls["cv.create"]?.(body) : page([...world.cvs.values()].map(summary).reverse());
    const stored = cvOf(id);
    if (more === "versions") {
      const wanted = parts[4];
      if (wanted === undefined) return page(cvState(stored).versions);
      return stored.versions.find((item) => item.version === Number(wanted));
    }
    return cvState(stored);
  }
  if (area === "cv" && kind === "job-offers") {
    if (id === undefined) return page([...world.jobOffers.values()].reverse());
    const offer = world.jobOffers.get(id);
    if (offer === undefined) throw new Refused("not_found", "There is no such offer.");
    if (method === "DELETE") world.jobOffers.delete(id);
    return offer;
  }
  if (area === "cv" && kind === "uploads")
    return { id: world.newId("up"), kind: "offer_pdf", filename: "offer.pdf", mime_type: "application/pdf", size_bytes: 1, sha256: "", expires_at: world.now() };
  if (area === "admin") {
    if (world.user.role !== "ADMIN") throw new Refused("forbidden", "this is for administrators");
    return admin(parts.slice(1), query);
  }
  if (area === "tasks") {
    if (kind === undefined) {
      const status = query.get("status");
      return page([...world.tasks.values()].map((state) => state.task).filter((task) => status === null || task.status === status).reverse());
    }
    return world.tasks.get(kind);
  }
  throw new Refused("not_found", `There is no ${path}.`);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/openapi.json") {
    const paths: Record<string, Record<string, object>> = {};
    for (const [method = "", path = ""] of routes().map((route) => route.split(" "))) paths[path] = { ...paths[path], [method.toLowerCase()]: {} };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ paths }));
    return;
  }
  if (!url.pathname.startsWith("/v1/")) {
    const wanted = join(dist, normalize(url.pathname));
    const file = wanted.startsWith(dist) && extname(wanted) !== "" && existsSync(wanted) ? wanted : join(dist, "index.html");
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream", "content-security-policy": policy });
    createReadStream(file).pipe(response);
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const isJson = request.headers["content-type"]?.includes("json") === true;
  const send = (status: number, value: unknown, type = "application/json") => {
    response.writeHead(status, { "content-type": type });
    response.end(JSON.stringify(value));
  };
  try {
    const body = isJson && chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) : {};
    send(200, route(request.method ?? "GET", url.pathname, url.searchParams, body) ?? {});
  } catch (error) {
    const code = error instanceof Refused ? error.code : "internal";
    const status = { not_found: 404, unauthenticated: 401, bad_request: 400, conflict: 409, forbidden: 403 }[code] ?? 500;
    const detail = error instanceof Error ? error.message : String(error);
    send(status, { type: "about:blank", title: code, status, detail, code }, "application/problem+json");
  }
}

function serve(socket: WebSocket): void {
  const binary = socket.protocol === "estafette.v1.msgpack";
  const unlisten = new Map<string, () => void>();
  const send = (...messages: Record<string, unknown>[]) => {
    if (socket.readyState === socket.OPEN) socket.send(binary ? encode(messages, { ignoreUndefined: true }) : JSON.stringify(messages));
  };
  const marks = setInterval(() => {
    send({ t: "mark", heads: Object.fromEntries([...unlisten.keys()].map((topic) => [topic, world.log.head(topic)])) });
  }, 5000);
  socket.on("close", () => {
    clearInterval(marks);
    for (const stop of unlisten.values()) stop();
  });
  socket.on("message", (data: Buffer) => {
    const batch = (binary ? decode(data) : JSON.parse(data.toString())) as Record<string, unknown>[];
    for (const message of batch) {
      const id = message.id;
      try {
        handle(message);
      } catch (error) {
        send({ t: "err", id, code: error instanceof Refused ? error.code : "internal", message: error instanceof Error ? error.message : String(error), ...(error instanceof Refused && error.details !== undefined ? { details: error.details } : {}) });
      }
    }
  });
  function handle(message: Record<string, unknown>): void {
    const id = message.id;
    switch (message.t) {
      case "hello":
        send({
          t: "welcome",
          session: world.newId("s"),
          user: "u1",
          node: "fake-1",
          heartbeat_ms: 10_000,
          expires_at: new Date(Date.now() + 900_000).toISOString(),
          limits: { message_bytes: 262_144, batch_len: 64, subscriptions: 64, calls_in_flight: 32, messages_per_second: 100 },
        });
        return;
      case "sub": {
        const topic = String(message.topic);
        const since = message.since as { epoch: number; seq: number } | undefined;
        const state = since?.epoch === world.log.epoch ? undefined : snapshot(topic);
        send({ t: "ok", id });
        if (state !== undefined) send({ t: "snap", topic, epoch: world.log.epoch, seq: world.log.head(topic), state: state });
        else for (const event of world.log.after(topic, since?.seq ?? 0)) send({ t: "ev", ...event });
        unlisten.get(topic)?.();
        unlisten.set(topic, world.log.listen(topic, send));
        return;
      }
      case "unsub":
        unlisten.get(String(message.topic))?.();
        unlisten.delete(String(message.topic));
        send({ t: "ok", id });
        return;
      case "call": {
        const run = calls[String(message.method)] ?? answers[String(message.method)];
        if (run === undefined) throw new Refused("not_found", "There is no such call.");
        send({ t: "ok", id, result: run((message.params ?? {}) as Record<string, unknown>) });
        return;
      }
      case "ping":
        send({ t: "pong", id });
        return;
      default:
        send({ t: "ok", id });
    }
  }
}

const server = createServer((request, response) => void answer(request, response));
const sockets = new WebSocketServer({
  server,
  path: "/v1/live",
  handleProtocols: (offered) => ["estafette.v1.msgpack", "estafette.v1.json"].find((name) => offered.has(name)) ?? false,
});
sockets.on("connection", serve);
server.listen(port, "127.0.0.1", () => console.log(`fake server on http://127.0.0.1:${port}`));

// A generation that is already done, so that every page has something to show.
const jane = [...world.cvs.values()][0];
if (jane !== undefined && read(jane.file.content, "/basics") !== undefined && process.env.FAKE_EMPTY === undefined) {
  const first = known[0];
  const job = [...world.jobOffers.values()][0];
  if (first !== undefined && job !== undefined) generation.start(jane.file.id, "adapt", [{ job_offer_id: job.id }]);
}
