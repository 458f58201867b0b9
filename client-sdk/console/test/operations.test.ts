import { describe, expect, it } from "vitest";
import { costFold } from "../src/lib/costs";
import { textOf, textsOf, variablesIn, words } from "../src/lib/mails";
import { lastDays, niceCeiling } from "../src/lib/scale";
import type { AdminCosts, CostAlert } from "../src/model/operations";

describe("the scale of a chart", () => {
  it("ends at a round number that is not below the largest", () => {
    for (const [most, top] of [[0, 1], [-3, 1], [Number.NaN, 1], [0.0031, 0.005], [1, 1], [1.01, 2], [7, 10], [10, 10], [4_200, 5_000]] as const) expect(niceCeiling(most)).toBeCloseTo(top, 9);
  });

  it("has every UTC day up to today, over months and leap days", () => {
    expect(lastDays(3, new Date("2028-03-01T23:30:00-05:00"))).toEqual(["2028-02-29", "2028-03-01", "2028-03-02"]);
    expect(lastDays(90, new Date("2026-11-21T00:00:00Z"))).toHaveLength(90);
  });
});

const state: AdminCosts = { today: { date: "2026-11-21", cost: 2, calls: 10 }, month_cost: 20, budgets: [], alerts: [] };
const alert = (id: string): CostAlert => ({ id, type: "global_daily", name: id, scope: "global", period: "2026-11-21", value: 3, threshold: 2, fired_at: "2026-11-21T10:00:00Z" });

describe("live costs", () => {
  it("grow with each tick, the month with them", () => {
    const next = costFold.live(state, { kind: "cost.tick", data: { date: "2026-11-21", cost: 2.5, calls: 12 } });
    expect(next.today.cost).toBe(2.5);
    expect(next.month_cost).toBeCloseTo(20.5);
  });

  it("begin anew with a new day, and the month goes on", () => {
    const next = costFold.live(state, { kind: "cost.tick", data: { date: "2026-11-22", cost: 0.25, calls: 1 } });
    expect(next.month_cost).toBeCloseTo(20.25);
  });

  it("show the newest alert first, each once, and not without end", () => {
    let next = state;
    for (let index = 0; index < 150; index += 1) next = costFold.event(next, { kind: "cost.alert", data: alert(`a${index}`) });
    next = costFold.event(next, { kind: "cost.alert", data: alert("a149") });
    expect(next.alerts).toHaveLength(100);
    expect(next.alerts[0]?.id).toBe("a149");
  });
});

describe("texts of e-mails", () => {
  it("name variables once, in their order", () => {
    expect(variablesIn("Hello {{ user_name }}", "<a href={{link}}>{{user_name}}</a> {{}} { x }")).toEqual(["user_name", "link"]);
  });

  it("take a typed list apart", () => {
    expect(words(" link, expires_hours;link\n code ")).toEqual(["link", "expires_hours", "code"]);
    expect(words("  ")).toEqual([]);
  });

  it("are read and written in both languages", () => {
    const template = { language: "fr", subject: "Bonjour", html_content: "<p>", translations: { en: { subject: "Hello", html_content: "<p>" } } } as const;
    expect(textOf(template, "en").subject).toBe("Hello");
    expect(textOf({ ...template, translations: {} }, "en").subject).toBe("");
    expect(textsOf("fr", { fr: { subject: "A", html_content: "a" }, en: { subject: "B", html_content: "b" } })).toEqual({ subject: "A", html_content: "a", translations: { en: { subject: "B", html_content: "b" } } });
    expect(textsOf("en", { fr: { subject: " ", html_content: "" }, en: { subject: "B", html_content: "b" } }).translations).toEqual({});
  });
});
