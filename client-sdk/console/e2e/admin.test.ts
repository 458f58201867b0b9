/** What an administrator sees: the node, the queues, and why another person's client did not see an event. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { looksWell } from "./axe";
import { open, resume, shots, startWorld, type World } from "./world";

const PASSWORD = "a long enough password";
const stamp = Date.now();
const [ana, boss] = [`ana-${stamp}@example.org`, `boss-${stamp}@example.org`];

let world: World;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  world = await startWorld();
  ({ page } = await open(world, complaints));
});
afterAll(async () => {
  await world.stop();
});

interface Kept {
  readonly access_token: string;
  readonly user: { readonly id: string };
}

async function api<T>(method: string, path: string, token: string | null, body?: unknown): Promise<T> {
  const headers = { "content-type": "application/json", ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(world.server.baseUrl + path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const signUp = (email: string) => api<Kept>("POST", "/v1/cv/auth/sign-up", null, { email, password: PASSWORD, name: email.slice(0, 4) });

describe("the administrator's page", () => {
  it("is not there for others", async () => {
    await signUp(boss);
    await signIn(boss);
    await page.goto("/admin");
    await page.getByRole("heading", { name: "This page does not exist", level: 1 }).waitFor();
    expect(await page.getByRole("link", { name: "Administration" }).count()).toBe(0);
    await signOut();
  });

  it("shows the node and the queues to an administrator", async ({ skip }) => {
    if (world.server.command === undefined) skip("the server was not started here: nobody can be promoted");
    else await world.server.command("user", "role", boss, "ADMIN");
    await signIn(boss);
    await page.getByRole("link", { name: "Administration" }).click();
    const nodes = page.getByRole("table", { name: "Nodes" });
    await nodes.getByText("answers you").waitFor();
    await expect.poll(() => nodes.locator("[data-row]").count()).toBe(1);
    // Its own connection, as soon as the node has told about itself.
    await expect.poll(() => nodes.getByRole("cell").nth(3).textContent(), { timeout: 20_000 }).toMatch(/[1-9]\d*$/u);
    await page.getByText("Nobody waits").waitFor();
    await looksWell(page, "admin-now");
  });

  it("says why a client did not see an event", async ({ skip }) => {
    if (world.server.command === undefined) skip("nobody was promoted");
    // Ana follows a CV in her own browser, leaves, and the CV changes.
    const person = await signUp(ana);
    const cv = await api<{ id: string; content_rev: number }>("POST", "/v1/cv/files", person.access_token, { filename: "ana.json", content: JSON.parse(resume) as unknown });
    const hers = await world.browser.newContext({ baseURL: world.wire.baseUrl, locale: "en-GB" });
    const tab = await hers.newPage();
    await signIn(ana, tab);
    await tab.goto(`/cvs/${cv.id}`);
    await tab.locator("article h1", { hasText: "Jane Developer" }).waitFor();
    const rename = (rev: number, value: string) =>
      api<{ rev: number }>("PATCH", `/v1/cv/files/${cv.id}`, person.access_token, { rev, patch: [{ op: "replace", path: "/basics/name", value }] });
    const { rev } = await rename(cv.content_rev, "Ana One");
    await tab.locator("article h1", { hasText: "Ana One" }).waitFor();
    await hers.close();

    await page.getByRole("link", { name: "One client" }).click();
    await page.getByLabel("User id").fill(person.user.id);
    await page.keyboard.press("Enter");
    // Her sign-up by the API had no connection: the journal knows the browser's session alone.
    await page.locator("[data-session]").first().click();
    const chapter = page.locator("[data-connection]").first();
    await chapter.locator("[data-what=closed]").waitFor();
    await chapter.getByText(`cv:${cv.id}`).first().waitFor();
    // Only when her connection is known to be closed: until then the server hands her what comes.
    await rename(rev, "Ana Two");
    const topic = `cv:${cv.id}`;
    await page.getByRole("combobox", { name: "Topic", exact: true }).fill(topic);
    await page.getByLabel("Event number (seq)").fill("x");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Enter a whole number from 1.").waitFor();
    const ask = async (seq: number) => {
      await page.getByLabel("Event number (seq)").fill(String(seq));
      await page.keyboard.press("Enter");
      await page.getByText(`of ${topic}`).and(page.getByText(`Event ${seq} `)).waitFor();
      return (await page.locator("[data-fate]").getAttribute("data-fate")) ?? "";
    };
    // The newest event is the one that she did not see; after it there is none.
    let newest = 1;
    while ((await ask(newest + 1)) !== "no_such_event") newest += 1;
    expect(["sent", "in_snapshot"]).toContain(await ask(newest - 1));
    expect(await ask(newest)).toBe("connection_ended");
    await page.getByText(new RegExp(`it had come to ${newest - 1} of ${newest}`, "u")).waitFor();
    const proof = page.getByRole("region", { name: "The notes that show it" });
    await proof.locator("[data-what=closed]").waitFor();
    await looksWell(page, "admin-client");
    // All of it is in the address.
    await page.reload();
    await page.locator("[data-fate=connection_ended]").waitFor();
  });

  it("shows what the server refuses", async ({ skip }) => {
    if (world.server.command === undefined) skip("nobody was promoted");
    await page.goto(`/admin/client?${String(new URLSearchParams({ user: "u".repeat(300) }))}`);
    await page.getByRole("alert").filter({ hasText: "The server did not accept this." }).waitFor();
    await page.screenshot({ path: `${shots}/admin-refused.png` });
  });

  it("says when data is old, and goes on by itself", async ({ skip }) => {
    if (world.server.command === undefined) skip("nobody was promoted");
    await page.goto("/admin");
    await page.getByText("answers you").waitFor();
    world.wire.freeze();
    await page.getByText(/^No answer for .*: what you see is old/u).first().waitFor({ timeout: 20_000 });
    await page.screenshot({ path: `${shots}/admin-old.png` });
    world.wire.mend();
    await page.getByText(/what you see is old/u).first().waitFor({ state: "detached", timeout: 60_000 });
    await page.getByText("answers you").waitFor();
  });

  it("complains about nothing", () => {
    const unexpected = complaints.filter((line) => !/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_SOCKET_NOT_CONNECTED|WebSocket connection|status of 400/u.test(line));
    expect(unexpected).toEqual([]);
  });
});

async function signIn(email: string, on: Page = page): Promise<void> {
  await on.goto("/");
  await on.getByLabel("E-mail").fill(email);
  await on.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await on.locator("form button[type=submit]").click();
  await on.locator("[data-status=live]").first().waitFor({ state: "attached" });
}

async function signOut(): Promise<void> {
  await page.getByRole("button", { name: "Account and settings" }).locator("visible=true").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Welcome back" }).waitFor();
}
