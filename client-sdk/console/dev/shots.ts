/** Screenshots of every page, to be looked at: `npm run shots -- http://127.0.0.1:7777 folder [page …]`. */
import { mkdirSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";

const [base = "http://127.0.0.1:7777", folder = "shots", ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const sizes = { laptop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
/** `OFFERS=…,…`: addresses that the server can read; by default those of the fake server. */
const offers = (process.env.OFFERS ?? "https://careers.northwind.example/jobs/platform-engineer,https://jobs.brasserie-numerique.example/offre/4812,https://gone.example/404").split(",");

/** `LOOKS=laptop-light,phone-dark`: only these. */
const looks = (process.env.LOOKS ?? "").split(",").filter((part) => part !== "");
const wanted = (name: string) => only.length === 0 || only.some((part) => name.includes(part));

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
const complaints: string[] = [];
try {
  for (const size of ["laptop", "phone"] as const)
    for (const scheme of ["light", "dark"] as const) {
      if (looks.length > 0 && !looks.includes(`${size}-${scheme}`)) continue;
      await walk(browser, size, scheme);
    }
} finally {
  await browser.close();
}
for (const line of [...new Set(complaints)]) console.log("console:", line);

async function walk(from: Browser, size: keyof typeof sizes, scheme: "light" | "dark"): Promise<void> {
  const context = await from.newContext({ viewport: sizes[size], colorScheme: scheme, locale: scheme === "dark" ? "fr-FR" : "en-GB", deviceScaleFactor: size === "phone" ? 2 : 1 });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  const shot = async (name: string, full = false) => {
    await page.waitForTimeout(400);
    await page.screenshot({ path: `${folder}/${name}-${size}-${scheme}.png`, fullPage: full });
  };
  await page.goto(`${base}/?demo`);
  await page.locator("form button[type=submit]").waitFor();
  if (wanted("signin")) await shot("signin");
  await page.locator("form button[type=submit]").click();
  await page.locator("main h1").first().waitFor();
  await page.locator("[data-status=live]").first().waitFor({ state: "attached" });
  await page.waitForTimeout(600);
  if (wanted("cvs")) await shot("cvs");
  const links = await page.locator("ul a[href^='/cvs/']").evaluateAll((nodes) => nodes.map((node) => node.getAttribute("href") ?? ""));
  const adapted = links[0] ?? "/cvs";
  if (wanted("cv-")) {
    await page.goto(base + adapted);
    await page.locator("article").waitFor();
    await shot("cv-document");
    await page.keyboard.press("j");
    await shot("cv-review", size === "phone");
    for (const tab of size === "phone" ? [2, 3] : [1, 2]) {
      await page.locator(size === "phone" ? "[class*=dock] label" : "aside label").nth(tab).click();
      await shot(`cv-tab${tab}`, size === "phone");
    }
    await page.goto(base + (links.at(-1) ?? adapted));
    await page.locator("article").waitFor();
    await shot("cv-original", true);
  }
  if (wanted("generate") || wanted("task")) await generate(page, shot);
  for (const name of ["tasks", "offers", "credits", "inspector"] as const) {
    if (!wanted(name)) continue;
    await page.goto(`${base}/${name}`);
    await page.locator("main h1").waitFor();
    await shot(name);
    if (name === "offers") {
      await page.locator("h2 a").first().click();
      await page.locator("dl").waitFor();
      await shot("offer");
    }
  }
  if (wanted("admin")) await administrate(page, shot);
  await context.close();
}

/** Only what an administrator is shown: `FAKE_ADMIN=1 npm run dev:fake`. */
async function administrate(page: Page, shot: (name: string, full?: boolean) => Promise<void>): Promise<void> {
  await page.goto(`${base}/admin`);
  await page.locator("main h1").waitFor();
  if ((await page.locator("main nav").count()) === 0) return;
  await page.locator("main [role=table]").first().waitFor();
  await shot("admin", true);
  await page.locator("main [role=table] a").first().click();
  await page.locator("[data-connection]").first().waitFor();
  const topic = (await page.locator("[data-what=snapshot] .mono").last().textContent()) ?? "";
  await page.goto(`${page.url()}&${String(new URLSearchParams({ topic, seq: "412" }))}`);
  await page.locator("[data-fate]").waitFor();
  await shot("admin-client", true);
}

async function generate(page: Page, shot: (name: string, full?: boolean) => Promise<void>): Promise<void> {
  await page.goto(`${base}/generate`);
  await page.locator("main input[aria-haspopup=listbox]").click();
  await page.locator("[role=option]").first().waitFor();
  await page.locator("[role=option]", { hasText: "Jane Developer" }).first().click();
  for (const url of offers) {
    await page.locator("input[type=url]").fill(url);
    await page.keyboard.press("Enter");
  }
  await shot("generate", true);
  await page.locator("section button", { hasText: /Start|Lancer/ }).click();
  await page.locator("[data-step]").first().waitFor();
  await page.waitForTimeout(1200);
  await shot("task-queued");
  await page.waitForTimeout(6500);
  await shot("task-running", true);
  await page.waitForTimeout(3500);
  await shot("task-later");
  await page.locator("[data-state=completed]").waitFor({ timeout: 60_000 });
  await page.waitForTimeout(1500);
  await shot("task-done", true);
}
