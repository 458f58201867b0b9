/** What axe has against a page, and whether the page fits its window. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { shots } from "./world";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Violations with the element that each is about. */
export async function complaintsOfAxe(page: Page): Promise<string[]> {
  // The page's policy forbids scripts of others: it is evaluated from outside.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; any: { message: string }[] }[] }[] }> } };
    return (await axe.run()).violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 300)} ${node.any[0]?.message ?? ""}`));
  });
}

const LOOKS = [
  ["laptop", 1440, 900, "light"],
  ["laptop", 1440, 900, "dark"],
  ["phone", 390, 844, "light"],
  ["phone", 390, 844, "dark"],
] as const;

/** Looks at the page on a laptop and on a phone, in light and in dark: nothing for axe to say, nothing wider than the window. */
export async function looks(page: Page, name: string, which: readonly number[] = [0, 1, 2, 3]): Promise<string[]> {
  const found: string[] = [];
  for (const [index, [device, width, height, colorScheme]] of LOOKS.entries()) {
    if (!which.includes(index)) continue;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: `${shots}/${name}-${device}-${colorScheme}.png`, fullPage: true });
    found.push(...(await complaintsOfAxe(page)).map((line) => `${name} ${device} ${colorScheme}: ${line}`));
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (over > 0) found.push(`${name} ${device}: ${over} px wider than the window`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  return found;
}

export async function looksWell(page: Page, name: string): Promise<void> {
  expect(await looks(page, name), name).toEqual([]);
}
