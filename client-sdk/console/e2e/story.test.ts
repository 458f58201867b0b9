/**
 * The main job in the browser: sign up, adapt a CV to three offers, watch, accept two changes and reject one, restore
 * a version, with a second tab that follows.
 */
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen, open, resume, shots, startWorld, type World } from "./world";

let world: World;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];
const email = `story-${Date.now()}@example.org`;

beforeAll(async () => {
  world = await startWorld();
  ({ context, page } = await open(world, complaints));
});
afterAll(async () => {
  await world.stop();
});

const shot = (name: string) => page.screenshot({ path: `${shots}/${name}.png` });
const text = async (on: Page, selector: string) => (await on.locator(selector).first().textContent()) ?? "";

describe("the main job", () => {
  it("signs up and is live", async () => {
    await page.goto("/");
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Name").fill("Story");
    await page.getByLabel("E-mail").fill(email);
    await page.getByRole("textbox", { name: "Password" }).fill("a long enough password");
    await shot("sign-up");
    await page.locator("form button[type=submit]").click();
    await page.locator("[data-status=live]").first().waitFor({ state: "attached" });
    await page.getByRole("heading", { name: "No CV yet" }).waitFor();
    await shot("cvs-empty");
  });

  it("refuses what is no JSON Resume, and takes what is", async () => {
    await page.getByRole("button", { name: "Paste JSON Resume" }).click();
    await page.getByLabel("JSON Resume document").fill("{,}");
    await page.getByRole("button", { name: "Create the CV" }).click();
    await page.getByText("This is not valid JSON").waitFor();
    await page.getByLabel("JSON Resume document").fill(resume);
    await page.getByRole("button", { name: "Create the CV" }).click();
    await page.locator("article h1", { hasText: "Jane Developer" }).waitFor();
    await shot("cv-original");
  });

  it("adapts it to three offers and shows every step", async () => {
    await page.getByRole("link", { name: "Adapt to offers" }).click();
    for (const [place, url] of world.offers.entries()) {
      await page.locator("input[type=url]").fill(url);
      // The last one is typed and not added: it belongs to what is started all the same.
      if (place < world.offers.length - 1) await page.keyboard.press("Enter");
    }
    await expect.poll(() => page.getByRole("button", { name: /^Remove / }).count()).toBe(2);
    await shot("generate");
    await page.getByRole("button", { name: "Start · 3 offers" }).click();
    await page.waitForURL(/\/tasks\//u);
    await page.locator("[data-step^=classify]").first().waitFor();
    await page.locator("[data-status=running][data-step]").first().waitFor();
    await page.getByText(/^Being written/u).first().waitFor();
    await shot("task-running");
    await page.locator("[data-state=completed]").waitFor({ timeout: 90_000 });
    await expect.poll(() => page.getByRole("link", { name: "Review the changes" }).count()).toBe(3);
    expect(await page.locator("[data-step]:not([data-status=completed])").count()).toBe(0);
    await expect.poll(() => page.getByRole("img", { name: /Match score \d+ of 100/u }).count(), { timeout: 20_000 }).toBe(3);
    await shot("task-done");
  });

  it("accepts two changes and rejects one, and another tab follows", async () => {
    await page.getByRole("link", { name: "Review the changes" }).first().click();
    await page.locator("[data-change-card]").first().waitFor();
    const other = await context.newPage();
    listen(other, complaints);
    await other.goto(page.url());
    await other.locator("[data-change-card]").first().waitFor();
    const total = await page.locator("[data-change-card]").count();
    expect(total).toBeGreaterThanOrEqual(3);
    await page.keyboard.press("j");
    await shot("cv-review");
    await page.keyboard.press("a");
    await page.getByText(`1 of ${total} decided`).waitFor();
    await page.keyboard.press("a");
    await page.getByText(`2 of ${total} decided`).waitFor();
    await page.keyboard.press("r");
    if (total > 3) await page.getByText(`3 of ${total} decided`).waitFor();
    if (total > 3) await other.getByText(`3 of ${total} decided`).waitFor();
    await expect.poll(() => text(other, "article")).toBe(await text(page, "article"));
    await shot("cv-reviewed");
    await other.close();
  });

  it("edits a text in place, and another tab follows", async () => {
    const other = await context.newPage();
    listen(other, complaints);
    await other.goto(page.url());
    await other.locator("article").waitFor();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("button", { name: "Edit: /basics/name" }).click();
    await page.locator("textarea").fill("Jane D. Developer");
    await shot("cv-edit");
    await page.keyboard.press("Control+Enter");
    await other.locator("article h1", { hasText: "Jane D. Developer" }).waitFor();
    await page.getByRole("button", { name: "Done editing" }).click();
    await other.close();
  });

  it("compares with version 1 and restores it", async () => {
    await page.locator("aside label", { hasText: "Versions" }).click();
    await page.locator("[data-version='1']").getByRole("button", { name: "Compare" }).click();
    await page.getByText(/fields? differs?/u).waitFor();
    await shot("cv-compare");
    await page.keyboard.press("Escape");
    await page.locator("[data-version='1']").getByRole("button", { name: "Restore" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restore" }).click();
    await page.locator("[data-version='3']").getByText("Current").waitFor();
    await page.locator("article h1", { hasText: /^Jane Developer$/u }).waitFor();
    await shot("cv-restored");
  });

  it("shows tasks, offers, credits and raw events", async () => {
    for (const [path, name] of [["/tasks", "Tasks"], ["/offers", "Job offers"], ["/credits", "Credits"], ["/inspector", "Event inspector"], ["/cvs", "My CVs"]] as const) {
      await page.goto(path);
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      // A page may load several things at once.
      await expect.poll(() => page.locator("[role=status][aria-label='Loading…']").count()).toBe(0);
      if (path === "/inspector") await page.getByText("Snapshot").waitFor();
      if (path === "/cvs") await expect.poll(() => page.getByText(/changes? to review/u).count()).toBe(2);
      await shot(name.toLowerCase().replaceAll(" ", "-"));
    }
    expect(await page.locator("ul a[href^='/cvs/']").count()).toBe(4);
  });

  it("says when it is offline, and catches up", async () => {
    await page.goto("/credits");
    await page.locator("[data-status=live]").first().waitFor({ state: "attached" });
    world.wire.cut();
    await page.locator("[data-status=offline]").first().waitFor({ state: "attached", timeout: 60_000 });
    await page.getByRole("alert").waitFor();
    await shot("offline");
    world.wire.mend();
    await page.locator("[data-status=live]").first().waitFor({ state: "attached", timeout: 60_000 });
  });

  it("tells a silent line from a lost one, and comes back from it", async () => {
    await page.goto("/credits");
    await page.locator("[data-status=live]").first().waitFor({ state: "attached" });
    world.wire.freeze();
    await page.locator("[data-status=stale]").first().waitFor({ state: "attached", timeout: 30_000 });
    await page.getByRole("alert").filter({ hasText: "No answer" }).waitFor();
    await shot("stale");
    world.wire.mend();
    await page.locator("[data-status=live]").first().waitFor({ state: "attached", timeout: 60_000 });
    await page.getByRole("alert").waitFor({ state: "detached" });
  });

  it("shows the marks by which a client knows that it is complete", async () => {
    await page.goto("/inspector");
    await page.getByText("Snapshot").waitFor();
    await page.getByText("Marks", { exact: true }).click();
    await page.getByText("mark", { exact: true }).first().waitFor({ timeout: 30_000 });
    await shot("inspector-marks");
  });

  it("refuses a page that is gone, and refunds", async () => {
    await page.goto("/generate");
    await page.locator("main input[aria-haspopup=listbox]").click();
    await page.locator("[role=option]").first().click();
    await page.locator("input[type=url]").fill(new URL("/gone.html", world.offers[0]).href);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Start/ }).click();
    await page.waitForURL(/\/tasks\//u);
    await page.getByText("The credit was refunded.").waitFor({ timeout: 60_000 });
    await shot("task-failed");
  });

  it("signs out in every tab at once", async () => {
    const other = await context.newPage();
    listen(other, complaints);
    await other.goto("/tasks");
    await other.locator("[data-status=live]").first().waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Account and settings" }).locator("visible=true").click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    // Not with the next refresh, nor when the server closes the line: by the browser's own word.
    await other.getByRole("heading", { name: "Welcome back" }).waitFor({ timeout: 1_000 });
    await other.close();
  });

  it("complains about nothing", () => {
    const unexpected = complaints.filter((line) => !/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_SOCKET_NOT_CONNECTED|WebSocket connection/u.test(line));
    expect(unexpected).toEqual([]);
  });
});
