/**
 * A person's whole life with the product, in a browser: sign up, confirm the address by the letter that came, import a PDF,
 * adapt it to three offers, review, export, run out of credits, buy a pack, subscribe, fall back to the free plan and see CVs
 * blocked, take the data out, and go. Chapters whose server part is not there are left out.
 */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Area } from "../src/lib/areas";
import { looksWell } from "./axe";
import { openPostOffice, type PostOffice } from "./post";
import { reserveTill, type Till } from "./till";
import { areasOfServer, listen, resume, shots, startWorld, type World } from "./world";

const PASSWORD = "a long enough password";
const email = `life-${Date.now()}@example.org`;
const boss = `boss-${Date.now()}@example.org`;

let world: World;
let post: PostOffice;
let till: Till;
let page: Page;
let areas: ReadonlySet<Area>;
let adminToken = "";
const complaints: string[] = [];

beforeAll(async () => {
  post = await openPostOffice();
  till = await reserveTill();
  world = await startWorld({ SMTP_URL: post.url, ...till.settings });
  areas = await areasOfServer(world.server.baseUrl);
  if (areas.has("checkout")) await till.open(world.server.baseUrl);
  page = await tab();
}, 240_000);
afterAll(async () => {
  await world.stop();
  await till.stop();
  await post.stop();
});

/** A browser of its own, straight at the server: payments come back to its address. */
async function tab(): Promise<Page> {
  const context = await world.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", baseURL: world.server.baseUrl, acceptDownloads: true });
  const opened = await context.newPage();
  listen(opened, complaints);
  return opened;
}

const shot = (name: string) => page.screenshot({ path: `${shots}/life-${name}.png` });
const live = (on: Page = page) => on.locator("[data-status=live]").first().waitFor({ state: "attached" });

async function api<T>(method: string, path: string, token: string, body?: unknown): Promise<T> {
  const response = await fetch(world.server.baseUrl + path, { method, headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function tokenOf(who: string, path: "sign-in" | "sign-up"): Promise<string> {
  const answer = await fetch(`${world.server.baseUrl}/v1/cv/auth/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email: who, password: PASSWORD }) });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** A CV as a browser prints it. */
async function printedCv(): Promise<Buffer> {
  const cv = JSON.parse(resume) as { basics: Record<string, string>; work: { name: string; position: string; startDate: string; endDate?: string; highlights?: string[] }[]; skills: { name: string; keywords: string[] }[]; education: { institution: string; area: string; studyType: string; startDate: string; endDate: string }[] };
  const work = cv.work.map((job) => `<h3>${job.position}, ${job.name}</h3><p>${job.startDate} – ${job.endDate ?? "present"}</p><ul>${(job.highlights ?? []).map((text) => `<li>${text}</li>`).join("")}</ul>`).join("");
  const paper = await world.browser.newPage();
  await paper.setContent(`<h1>${cv.basics.name ?? ""}</h1><p>${cv.basics.label ?? ""}</p><p>${cv.basics.email ?? ""}</p><h2>Experience</h2>${work}<h2>Education</h2>${cv.education.map((each) => `<p>${each.studyType} ${each.area}, ${each.institution}, ${each.startDate} – ${each.endDate}</p>`).join("")}<h2>Skills</h2><p>${cv.skills.flatMap((each) => each.keywords).join(", ")}</p>`);
  const pdf = await paper.pdf();
  await paper.close();
  return pdf;
}

const balance = async () => Number((await page.locator("[class*=balance] b").first().textContent()) ?? "");

describe("a whole life", () => {
  it("begins with signing up", async () => {
    await page.goto("/sign-up");
    await page.getByLabel("Name").fill("Jane");
    await page.getByLabel("E-mail").fill(email);
    await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await page.locator("form button[type=submit]").click();
    await live();
    await page.getByRole("heading", { name: "No CV yet" }).waitFor();
  });

  it("confirms the address by the letter that came, and is signed in by it", async ({ skip }) => {
    if (!areas.has("verify")) return skip("no e-mail");
    const letter = await post.wait(email, ({ text }) => text.includes("/verify-email#token="));
    const link = /https?:\/\/\S+?\/verify-email(#token=[\w-]+)/u.exec(letter.text)?.[1] ?? "";
    const other = await tab();
    await other.goto(`/verify-email${link}`);
    await other.getByText("your address is confirmed").waitFor();
    expect(new URL(other.url()).hash).toBe("");
    await other.screenshot({ path: `${shots}/life-verified.png` });
    await other.getByRole("button", { name: "Continue" }).click();
    await live(other);
    await other.context().close();
    await page.goto("/account");
    await page.getByText(/^Confirmed on/u).waitFor();
  });

  it("imports a PDF", async ({ skip }) => {
    if (!areas.has("import")) {
      await page.goto("/cvs");
      await page.getByRole("button", { name: "Paste JSON Resume" }).click();
      await page.getByLabel("JSON Resume document").fill(resume);
      await page.getByRole("button", { name: "Create the CV" }).click();
      await page.locator("article h1", { hasText: "Jane Developer" }).waitFor();
      return skip("no import: the CV was pasted");
    }
    await page.goto("/cvs/new");
    const input = page.locator("input[type=file]").first();
    await input.setInputFiles({ name: "letter.pdf", mimeType: "application/pdf", buffer: Buffer.from("no PDF at all") });
    await page.getByText("letter.pdf is not a PDF").waitFor();
    await input.setInputFiles({ name: "jane.pdf", mimeType: "application/pdf", buffer: await printedCv() });
    await page.waitForURL(/\/cvs\/(?!new)/u, { timeout: 60_000 });
    await page.locator("article h1", { hasText: "Jane Developer" }).waitFor();
    await shot("imported");
  });

  it("adapts it to three offers", async () => {
    await page.getByRole("link", { name: "Adapt to offers" }).click();
    for (const url of world.offers) {
      await page.locator("input[type=url]").fill(url);
      await page.keyboard.press("Enter");
    }
    await expect.poll(() => page.getByRole("button", { name: /^Remove / }).count()).toBe(3);
    await page.getByRole("button", { name: /^Start/ }).click();
    await page.waitForURL(/\/tasks\//u);
    await page.locator("[data-state=completed]").waitFor({ timeout: 90_000 });
    await expect.poll(() => page.getByRole("link", { name: "Review the changes" }).count()).toBe(3);
  });

  it("reviews the changes", async () => {
    await page.getByRole("link", { name: "Review the changes" }).first().click();
    await page.locator("[data-change-card]").first().waitFor();
    await page.getByRole("button", { name: "Accept all" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Accept all" }).click();
    await page.getByText("Nothing to review").waitFor();
  });

  it("exports it as PDF, in the design that was chosen", async ({ skip }) => {
    if (!areas.has("exportTemplates")) return skip("no PDF export");
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "Export as PDF…" }).click();
    const dialog = page.getByRole("dialog", { name: "Export" });
    await dialog.getByText("Sidebar").click();
    await shot("export");
    const coming = page.waitForEvent("download", { timeout: 60_000 });
    await dialog.getByRole("button", { name: "Download" }).click();
    const file = readFileSync(await (await coming).path());
    expect(file.subarray(0, 5).toString()).toBe("%PDF-");
    expect(file.length).toBeGreaterThan(5_000);
  });

  it("runs out of credits", async () => {
    await page.goto("/generate");
    await page.locator("main input[aria-haspopup=listbox]").click();
    await page.locator("[role=option]").first().click();
    for (const url of world.offers) {
      await page.locator("input[type=url]").fill(url);
      await page.keyboard.press("Enter");
    }
    await page.getByText(/does not cover/u).first().waitFor();
    await shot("no-credits");
  });

  it("buys a pack", async ({ skip }) => {
    if (!areas.has("packs") || world.server.command === undefined) return skip("no payments");
    await tokenOf(boss, "sign-up");
    await world.server.command("user", "role", boss, "ADMIN");
    adminToken = await tokenOf(boss, "sign-in");
    await api("POST", "/v1/cv/admin/credit-packs", adminToken, { name: "Twenty", credit_amount: 20, price: 9.99, price_currency: "EUR", is_active: true });
    await page.goto("/credits");
    await live();
    await page.getByRole("button", { name: /Buy for/u }).waitFor();
    // A dash until it is known.
    await expect.poll(balance).toBeGreaterThanOrEqual(0);
    const before = await balance();
    await page.getByRole("button", { name: /Buy for/u }).click();
    await page.locator("#pay").click();
    await page.waitForURL(/\/credits\?checkout=done/u);
    await page.getByText("Your payment counts").waitFor();
    await expect.poll(balance, { timeout: 20_000 }).toBe(before + 20);
    await shot("bought");
  });

  it("subscribes", async ({ skip }) => {
    if (adminToken === "") return skip("no payments");
    const { id } = await api<{ id: number }>("POST", "/v1/cv/admin/plans", adminToken, { name: "plus", tier: 2, price_monthly: 12, price_currency: "EUR", is_popular: true });
    await api("PATCH", `/v1/cv/admin/plans/${id}/limits`, adminToken, { limits: ["generate_cv", "export_cv", "max_cvs"].map((feature_name) => ({ feature_name, is_enabled: true, usage_limit: -1 })) });
    await page.goto("/plans");
    await page.getByRole("button", { name: "Choose Plus" }).click();
    await page.locator("#pay").click();
    await page.waitForURL(/checkout=done/u);
    await page.goto("/plans");
    await page.getByRole("heading", { name: "Your plan: Plus" }).waitFor({ timeout: 20_000 });
    await shot("subscribed");
    await looksWell(page, "life-plans");
  });

  it("falls back to the free plan, and sees CVs blocked with the reason and what to do", async ({ skip }) => {
    if (adminToken === "") return skip("no payments");
    const token = await tokenOf(email, "sign-in");
    for (let index = 0; index < 3; index += 1) await api("POST", "/v1/cv/files", token, { filename: `extra-${index}.json`, content: JSON.parse(resume) as unknown });
    const plans = await api<{ items: { id: number; is_free: boolean }[] }>("GET", "/v1/cv/admin/plans", adminToken);
    const free = plans.items.find((plan) => plan.is_free)?.id ?? 0;
    await api("PATCH", `/v1/cv/admin/plans/${free}/limits`, adminToken, { limits: [{ feature_name: "max_cvs", is_enabled: true, usage_limit: 1 }] });
    await page.getByRole("button", { name: "Card and invoices" }).click();
    await page.locator("#end").click();
    await page.goto(`${world.server.baseUrl}/plans`);
    await page.getByText("You have no running subscription.").waitFor({ timeout: 20_000 });
    await page.goto("/cvs");
    await page.getByText(/CVs? (?:is|are) blocked\./u).waitFor({ timeout: 20_000 });
    await page.locator("label", { hasText: /^Blocked$/u }).click();
    await shot("blocked");
    await looksWell(page, "life-blocked");
    await page.locator("ul a[href^='/cvs/']").first().click();
    await page.getByText("This CV is blocked").waitFor();
    await page.getByRole("link", { name: "See the plans" }).waitFor();
    expect(await page.getByRole("button", { name: "Edit", exact: true }).isDisabled()).toBe(true);
  });

  it("takes the data out", async ({ skip }) => {
    if (!areas.has("takeOut")) return skip("no export of data");
    await page.goto("/account/privacy");
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download" }).click();
    const file = readFileSync(await (await coming).path(), "utf8");
    expect(file).toContain(email);
    expect(file).toContain("Jane Developer");
  });

  it("goes, and nothing is left to sign in to", async ({ skip }) => {
    if (!areas.has("erase")) return skip("no erasure");
    await page.goto("/account/privacy");
    await page.getByRole("button", { name: "Delete…" }).click();
    const dialog = page.getByRole("dialog");
    const sure = dialog.getByRole("button", { name: "Delete everything" });
    expect(await sure.isDisabled()).toBe(true);
    await dialog.getByLabel(/^Type /u).fill(email);
    await dialog.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await shot("erase");
    await sure.click();
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await page.getByLabel("E-mail").fill(email);
    await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await page.locator("form button[type=submit]").click();
    await page.getByText("The e-mail address or the password is wrong.").waitFor();
  });

  it("complains about nothing", () => {
    expect([...new Set(complaints)].filter((line) => !/status of 401|WebSocket connection/u.test(line))).toEqual([]);
  });
});
