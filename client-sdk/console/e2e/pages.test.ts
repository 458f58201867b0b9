/** Every page that this server offers, in both languages: axe finds nothing, nothing is wider than its window, no words are missing. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AREAS, type Area } from "../src/lib/areas";
import { looks } from "./axe";
import { areasOfServer, open, resume, startWorld, type World } from "./world";

const PASSWORD = "a long enough password";
const email = `faces-${Date.now()}@example.org`;

interface Place {
  readonly path: string;
  readonly area?: Area;
  readonly admin?: boolean;
}

/** Before anybody has signed in. */
const OUTSIDE: readonly Place[] = [{ path: "/" }, { path: "/sign-up?ref=ABCD" }, { path: "/forgot-password", area: "forgot" }, { path: "/reset-password#token=x", area: "forgot" }, { path: "/verify-email#token=x", area: "verify" }, { path: "/email-change#token=x", area: "emailChange" }];
const INSIDE: readonly Place[] = [
  { path: "/cvs" },
  { path: "/cvs/new", area: "import" },
  { path: "/account" },
  { path: "/account/security", area: "sessions" },
  { path: "/account/privacy", area: "takeOut" },
  { path: "/export-templates", area: "exportTemplates" },
  { path: "/plans", area: "plans" },
  { path: "/credits" },
  { path: "/offers" },
  { path: "/tasks" },
  { path: "/generate" },
  { path: "/admin", admin: true },
  { path: "/admin/users", area: "adminUsers", admin: true },
  { path: "/admin/costs", area: "adminUsage", admin: true },
  { path: "/admin/costs/calls", area: "adminCalls", admin: true },
  { path: "/admin/costs/pricing", area: "adminPricing", admin: true },
  { path: "/admin/costs/alerts", area: "adminAlerts", admin: true },
  { path: "/admin/plans", area: "adminPlans", admin: true },
  { path: "/admin/packs", area: "adminPacks", admin: true },
  { path: "/admin/promo-codes", area: "adminPromo", admin: true },
  { path: "/admin/emails", area: "adminMails", admin: true },
  { path: "/admin/emails/templates", area: "adminTemplates", admin: true },
  { path: "/admin/emails/triggers", area: "adminTriggers", admin: true },
  { path: "/admin/webhooks", area: "adminWebhooks", admin: true },
  { path: "/admin/feedback", area: "adminFeedback", admin: true },
  { path: "/admin/telemetry", area: "adminTelemetry", admin: true },
  { path: "/admin/settings", area: "adminSettings", admin: true },
];

let world: World;
let page: Page;
let areas: ReadonlySet<Area>;
let administers = false;
const complaints: string[] = [];

beforeAll(async () => {
  world = await startWorld();
  ({ page } = await open(world, complaints));
  areas = await areasOfServer(world.server.baseUrl);
});
afterAll(async () => {
  await world.stop();
});

const isThere = ({ area, admin }: Place) => (area === undefined || areas.has(area)) && (admin !== true || administers);
const name = (path: string, language: string) => `page-${language}${path === "/" ? "-in" : path.replace(/[#?].*$/u, "").replaceAll("/", "-")}`;

async function settle(): Promise<void> {
  await page.locator("main h1").first().waitFor();
  const loading = page.locator("[role=status][aria-label='Loading…'], [role=status][aria-label='Chargement…']");
  await expect.poll(() => loading.count(), { timeout: 20_000 }).toBe(0);
}

async function walk(places: readonly Place[], language: "en" | "fr"): Promise<void> {
  const found: string[] = [];
  for (const place of places.filter(isThere)) {
    await page.goto("about:blank");
    await page.goto(world.wire.baseUrl + place.path);
    await settle();
    expect(await page.evaluate(() => document.documentElement.lang), place.path).toBe(language);
    if (place.path.startsWith("/admin") || INSIDE.includes(place)) expect(await page.getByText(/This page does not exist|Cette page n’existe pas/u).count(), place.path).toBe(0);
    found.push(...(await looks(page, name(place.path, language))));
  }
  expect([...new Set(found)]).toEqual([]);
}

const speak = (language: "en" | "fr") => page.evaluate((chosen) => localStorage.setItem("estafette.language", chosen), language);

describe("every page", () => {
  it("is well before signing in, in English and in French", async () => {
    await page.goto("/");
    await walk(OUTSIDE, "en");
    await page.goto("/");
    await speak("fr");
    await walk(OUTSIDE, "fr");
  });

  it("signs in", async () => {
    const body = JSON.stringify({ email, password: PASSWORD, name: "Faces" });
    const headers = { "content-type": "application/json" };
    const answer = (await (await fetch(`${world.server.baseUrl}/v1/cv/auth/sign-up`, { method: "POST", headers, body })).json()) as { access_token: string };
    await fetch(`${world.server.baseUrl}/v1/cv/files`, { method: "POST", headers: { ...headers, authorization: `Bearer ${answer.access_token}` }, body: JSON.stringify({ content: JSON.parse(resume) as unknown }) });
    if (world.server.command !== undefined) await world.server.command("user", "role", email, "ADMIN");
    await page.goto("/");
    await page.evaluate(() => localStorage.clear());
    await speak("en");
    await page.reload();
    await page.getByLabel("E-mail").fill(email);
    await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await page.locator("form button[type=submit]").click();
    await page.locator("[data-status=live]").first().waitFor({ state: "attached" });
    administers = (await page.getByRole("link", { name: "Administration" }).count()) > 0;
    if (world.server.command !== undefined) expect(administers).toBe(true);
  });

  it("is well in English", async () => walk(INSIDE, "en"), 600_000);

  it("is well in French", async () => {
    await page.goto("/");
    await speak("fr");
    await walk(INSIDE, "fr");
  }, 600_000);

  it("is not there where the server has not what it stands on", async () => {
    for (const { path, area } of INSIDE) {
      if (area === undefined || areas.has(area)) continue;
      await page.goto(path);
      await page.getByText("Cette page n’existe pas").first().waitFor();
    }
    expect(Object.keys(AREAS).length).toBeGreaterThan(0);
  });

  it("complains about nothing", () => {
    // A link of an e-mail that does not count any more is refused.
    expect([...new Set(complaints)].filter((line) => !/status of 40[0-9]|status of 422|WebSocket connection/u.test(line))).toEqual([]);
  });
});
