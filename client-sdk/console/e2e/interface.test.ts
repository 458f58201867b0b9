/** The page about the HTTP interface: the server's own description, under the same strict policy as the console. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { open, startWorld, type World } from "./world";

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

describe("the page about the HTTP interface", () => {
  it("lists every route, shows one with its answers, and tries one", async () => {
    const foreign: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(world.wire.baseUrl) && !request.url().startsWith("data:")) foreign.push(request.url());
    });
    await page.goto("/api");
    await page.locator(".opblock-tag", { hasText: "cv" }).first().waitFor();
    const description = (await (await fetch(`${world.server.baseUrl}/openapi.json`)).json()) as { paths: Record<string, object> };
    const routes = Object.values(description.paths).reduce((sum, methods) => sum + Object.keys(methods).length, 0);
    await expect.poll(() => page.locator(".opblock").count()).toBe(routes);
    const live = page.locator("#operations-server-get_health_live");
    await live.locator(".opblock-summary-control").click();
    await live.getByRole("button", { name: "Try it out" }).click();
    await live.getByRole("button", { name: "Execute" }).click();
    await live.locator(".live-responses-table").getByText('"live"').first().waitFor();
    expect(foreign, "nothing is loaded from elsewhere").toEqual([]);
    expect(complaints, "nothing breaks the page's policy").toEqual([]);
  });
});
