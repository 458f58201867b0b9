/**
 * Why nothing seems to happen, as a person reads it: each reason is made to happen for real, with two nodes on one
 * Postgres and one Redis, a model that can be silent, and a cable that can be cut. One tab is English, one French.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type RealServer } from "../../test/e2e/server";
import { freezePostgres, startBeside, startRedis, type Redis } from "./cluster";
import { BUSY_FOR_S, openModel, type Model } from "./model";
import { openWire, type Wire } from "./wire";
import { launch, listen, prepare, resume, shots } from "./world";

const HEARTBEAT_MS = 4_000;
/** The server's own: `ai.slow_after_ms`, `SUSPECT_AFTER`, `database.probe_limit_ms`. */
const [SLOW_AFTER_MS, SUSPECT_AFTER_MS, PROBE_MS] = [5_000, 3_000, 2_000];
/** What the server says once a second, on a machine that does other things too. */
const SOON = 15_000;
const PASSWORD = "a long enough password";
/** In the offer of the task that keeps the first node busy. */
const HELD = "Lighthouse Keeper";

let model: Model;
let redis: Redis;
let first: RealServer;
let second: RealServer;
let settings: Record<string, string>;
let wire: Wire;
let browser: Browser;
let en: Page;
let fr: Page;
const complaints: string[] = [];

interface Person {
  readonly email: string;
  readonly token: string;
  readonly cv: string;
}
let ana: Person;
let bob: Person;
/** Ana's tasks: one that is watched, one that waits for it. */
let [watched, next, held] = ["", "", ""];

/** What is open, in the order in which it was opened. */
const opened: (() => unknown)[] = [];

beforeAll(async () => {
  prepare();
  model = await openModel();
  opened.push(() => model.close());
  redis = await startRedis();
  opened.push(() => redis.stop());
  settings = {
    REDIS_URL: redis.url,
    OPENAI_BASE_URL: model.baseUrl,
    ESTAFETTE_AI_PROVIDER: "openai",
    // So that an endpoint that is back is asked again without waiting long.
    ESTAFETTE_AI_BREAKER_OPEN_MS: "3000",
    ESTAFETTE_HEARTBEAT_MS: String(HEARTBEAT_MS),
    ESTAFETTE_TOKEN_KEY: "5a".repeat(32),
    ESTAFETTE_TASKS_PER_USER: "1",
    ESTAFETTE_BCRYPT_COST: "4",
  };
  first = await startServer({ ...settings, ESTAFETTE_TASKS_PER_NODE: "1" });
  opened.push(() => first.stop());
  wire = await openWire(first.baseUrl);
  opened.push(() => wire.close());
  browser = await launch();
  opened.push(() => browser.close());
  [ana, bob] = await Promise.all([signUp("ana"), signUp("bob")]);
  [en, fr] = await Promise.all([tab("en-GB"), tab("fr-FR")]);
});
afterAll(async () => {
  for (const close of opened.reverse()) await close();
});

async function api<T>(method: string, path: string, token: string | null, body?: unknown): Promise<T> {
  const headers = { "content-type": "application/json", ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(first.baseUrl + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function signUp(name: string): Promise<Person> {
  const email = `${name}-${Date.now()}@example.org`;
  const { access_token: token } = await api<{ access_token: string }>("POST", "/v1/cv/auth/sign-up", null, { email, password: PASSWORD, name });
  const { id: cv } = await api<{ id: string }>("POST", "/v1/cv/files", token, { filename: `${name}.json`, content: JSON.parse(resume) as unknown });
  return { email, token, cv };
}

async function start({ token, cv }: Person, title: string): Promise<string> {
  const text = `${title}\nCompany: Halyard\nLocation: Rotterdam\n\nRequirements\n- 5 years of experience\n- Rust, PostgreSQL\n`;
  const { task_id } = await api<{ task_id: string }>("POST", "/v1/cv/generations", token, { source_cv_id: cv, mode: "adapt", offers: [{ text }] });
  return task_id;
}

/** A laptop in English, a phone in French. */
async function tab(locale: "en-GB" | "fr-FR"): Promise<Page> {
  const viewport = locale === "en-GB" ? { width: 1440, height: 900 } : { width: 390, height: 844 };
  const context = await browser.newContext({ viewport, locale, baseURL: wire.baseUrl, colorScheme: locale === "en-GB" ? "light" : "dark" });
  // Chosen, as by a person with two devices: a browser where nothing was chosen takes the account's language, and the other
  // tab may have settled that a moment before.
  await context.addInitScript((language) => localStorage.setItem("estafette.language", language), locale.slice(0, 2));
  const page = await context.newPage();
  listen(page, complaints);
  await page.goto("/");
  await page.getByLabel("E-mail").fill(ana.email);
  await page.locator("input[type=password]").fill(PASSWORD);
  await page.locator("form button[type=submit]").click();
  await page.locator("[data-status=live]").first().waitFor({ state: "attached" });
  return page;
}

const watch = (task: string) => Promise.all([en, fr].map((page) => page.goto(`/tasks/${task}`)));

type Kind = "limit" | "model" | "worker" | "taken" | "storage" | "link" | "none";

/** The line that both tabs show about the task as soon as they do, in both languages; it must come `within` so many milliseconds. */
async function told(kind: Kind, english: RegExp, french: RegExp, within: number): Promise<void> {
  const line = (page: Page, words: RegExp) => page.locator(`li[data-silence=${kind}]`).filter({ hasText: words }).waitFor({ timeout: within });
  await Promise.all([line(en, english), line(fr, french)]);
}

const kinds = (page: Page) => page.locator("li[data-silence]").evaluateAll((lines) => lines.map((line) => line.getAttribute("data-silence")));
/** Of all the lines there are only these. */
const only = (...wanted: Kind[]) => Promise.all([en, fr].map((page) => expect.poll(() => kinds(page), { timeout: SOON }).toEqual(wanted)));
const atStep = (page: Page, step: string) => page.locator(`[data-step^=${step}] [data-silence]`);

async function shot(name: string): Promise<void> {
  await en.screenshot({ path: `${shots}/silence-${name}-en.png` });
  await fr.screenshot({ path: `${shots}/silence-${name}-fr.png` });
}

describe.skipIf(process.env.ESTAFETTE_URL !== undefined && process.env.ESTAFETTE_URL !== "")("the silences", () => {
  it("queued: whose limit, and the place", async () => {
    model.hold(HELD);
    held = await start(bob, HELD);
    await expect.poll(() => model.waiting, { timeout: SOON }).toBe(1);
    model.mood("mute");
    watched = await start(ana, "Backend Engineer");
    next = await start(ana, "Data Engineer");
    await watch(watched);
    await told("limit", /^Queued\. The server is busy with other tasks\. Next in the queue\.$/u, /^En file\. Le serveur est occupé par d’autres tâches\. Prochaine dans la file\.$/u, SOON);
    await only("limit");
    await shot("queued");
    await watch(next);
    await told("limit", /^Queued\. .*Number 2 in the queue\.$/u, /^En file\. .*Numéro 2 dans la file\.$/u, SOON);
    second = await startBeside(first, { ...settings, ESTAFETTE_TASKS_PER_NODE: "8" });
    opened.push(() => second.stop());
    await told("limit", /^Queued\. One of your own tasks must end first: 1 runs at a time\./u, /^En file\. Une de vos tâches doit d’abord se terminer\u00a0: 1 à la fois\./u, SOON);
    await shot("queued-own");
  });

  it("the model: slow, busy, away", async () => {
    await watch(watched);
    await told("model", /^Waiting\. The model has written nothing for \d+ s; still waiting for it\.$/u, /^En attente\. Le modèle n’a rien écrit depuis \d+ s/u, SLOW_AFTER_MS + SOON);
    await only("model");
    await shot("model-slow");
    model.mood("busy");
    await told("model", /is busy; asked again in \d+ s/u, /est occupé\u00a0; nouvelle demande dans \d+ s/u, SOON);
    await atStep(en, "extract").filter({ hasText: /is busy/u }).waitFor();
    await shot("model-busy");
    model.mood("down");
    await told("model", /cannot be reached; tried again in \d+ s/u, /est injoignable\u00a0; nouvel essai dans \d+ s/u, BUSY_FOR_S * 1250 + SOON);
    await shot("model-away");
    model.mood("mute");
    await told("none", /^Working\. Read the offer$/u, /^Au travail\. Lecture de l’offre$/u, 20_000);
    await expect.poll(() => model.waiting, { timeout: SOON }).toBe(2);
    model.answer(1);
    await en.locator("[data-step^=extract][data-status=completed]").waitFor();
  });

  it("the worker hangs, and comes back", async () => {
    await expect.poll(() => model.waiting, { timeout: SOON }).toBe(2);
    second.signal("SIGSTOP");
    await told("worker", /^Interrupted\. .* quiet for \d+ s\. .* goes on at “Weigh what matters”\.$/u, /^Interruption\. .* se tait depuis \d+ s\. .* reprend à «\u00a0Tri de ce qui compte\u00a0»\.$/u, SUSPECT_AFTER_MS + SOON);
    await only("worker");
    await shot("worker-quiet");
    second.signal("SIGCONT");
    await Promise.all([en, fr].map((page) => page.locator("[data-silence=worker]").waitFor({ state: "detached" })));
  });

  it("the worker is killed: where it goes on, what stays, and that it waits for a place", async () => {
    const took = await en.locator("[data-step^=extract]").textContent();
    second.signal("SIGKILL");
    await told("taken", /^Resuming\. The machine working on this was lost\. Another one goes on at “Weigh what matters”\. 1 of 7 steps is done and stays done\.$/u, /^Reprise\. .* reprend à «\u00a0Tri de ce qui compte\u00a0»\. 1 étape sur 7 est faite et le reste\.$/u, SOON);
    await told("limit", /The server is busy/u, /Le serveur est occupé/u, SOON);
    await only("taken", "limit");
    await shot("worker-lost");
    await api("POST", `/v1/tasks/${held}/cancel`, bob.token);
    await en.locator("[data-step^=classify][data-status=running]").waitFor();
    await only("none");
    expect(await en.locator("[data-step^=extract]").textContent()).toBe(took);
    await shot("worker-replaced");
  });

  it("the own link: silent, then lost, then there again", async () => {
    wire.freeze();
    await told("link", /^Your connection\. No sign from the server: what you see may be old\./u, /^Votre connexion\. Aucun signe du serveur/u, HEARTBEAT_MS * 1.5 + SOON);
    await Promise.all([en, fr].map((page) => page.getByRole("alert").filter({ hasText: /^(No answer|Sans réponse)/u }).waitFor()));
    await only("link");
    await shot("link-silent");
    await told("link", /You are offline/u, /Vous êtes hors ligne/u, HEARTBEAT_MS * 3 + SOON);
    await shot("link-lost");
    wire.mend();
    await Promise.all([en, fr].map((page) => page.locator("[data-silence=link]").waitFor({ state: "detached", timeout: 30_000 })));
  });

  it("the database is away, and comes back", async () => {
    const banner = (page: Page) => page.getByRole("alert").filter({ hasText: /has lost its database since \d|perdu sa base de données depuis \d/u });
    await expect.poll(() => model.waiting, { timeout: SOON }).toBe(1);
    const thaw = freezePostgres(first);
    try {
      await Promise.all([en, fr].map((page) => banner(page).waitFor({ timeout: PROBE_MS + SOON })));
      await told("storage", /^The database\. Away since \d/u, /^La base de données\. Absente depuis \d/u, SOON);
      await only("storage");
      await shot("database-away");
      // An answer that cannot be saved now: it is kept, and the step is not run again for it.
      model.answer(1);
      await expect.poll(() => model.waiting, { timeout: SOON }).toBe(0);
    } finally {
      thaw();
    }
    await Promise.all([en, fr].map((page) => banner(page).waitFor({ state: "detached", timeout: 20_000 })));
    await en.locator("[data-step^=classify][data-status=completed]").waitFor();
    expect(await en.locator("[data-step^=classify]").textContent()).toContain("attempt 2");
    model.mood("well");
    await en.locator("[data-state=completed]").waitFor();
    expect(await en.locator("[data-silence]").count()).toBe(0);
    await shot("completed");
  });

  it("complains about nothing else", () => {
    const unexpected = complaints.filter((line) => !/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_SOCKET_NOT_CONNECTED|WebSocket connection|status of 503/u.test(line));
    expect(unexpected).toEqual([]);
  });
});
