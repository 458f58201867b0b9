import { describe, expect, it } from "vitest";
import { ago, bytes, cost, cvDate, duration, money, signed, ticking } from "../src/lib/format";

const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/gu, " ");

describe("duration", () => {
  it("keeps the precision that says something", () => {
    expect([0, 850, 3400, 59_940, 59_960, 125_000, 3_725_000].map((ms) => plain(duration("en", ms)))).toEqual(["0 ms", "850 ms", "3.4 s", "59.9 s", "1 min 00 s", "2 min 05 s", "1 h 02 min"]);
    expect(plain(duration("fr", 3400))).toBe("3,4 s");
  });

  it("ticks in tenths from the start", () => {
    expect([0, 99, 450, 1200].map((ms) => plain(ticking("en", ms)))).toEqual(["0.0 s", "0.0 s", "0.4 s", "1.2 s"]);
  });
});

describe("money", () => {
  it("shows small model costs with the digits that matter", () => {
    expect([0, 0.00042, 0.0321, 1.5].map((usd) => plain(cost("en", usd)))).toEqual(["$0.00", "$0.0004", "$0.032", "$1.50"]);
    expect(plain(cost("fr", 0.0321))).toBe("0,032 $");
  });

  it("takes any currency that an offer names", () => {
    expect(plain(money("en", 45000, "EUR"))).toBe("€45,000");
    expect(plain(money("fr", 45000, "EUR"))).toBe("45 000 €");
    expect(plain(money("en", 45000, "bitcoin"))).toBe("45,000 bitcoin");
    expect(plain(money("en", 45000, null))).toBe("45,000");
  });

  it("writes a minus as a minus", () => {
    expect([3, -3, 0].map((value) => signed("en", value))).toEqual(["+3", "−3", "0"]);
  });
});

describe("dates", () => {
  it("tells the distance, and beyond a week the date", () => {
    const now = Date.UTC(2026, 10, 21, 12);
    const at = (seconds: number) => new Date(now - seconds * 1000).toISOString();
    expect(ago("en", at(5), now)).toBe("now");
    expect(ago("en", at(180), now)).toBe("3 minutes ago");
    expect(ago("fr", at(7200), now)).toBe("il y a 2 heures");
    expect(ago("en", at(86_400 * 12), now)).toBe("9 Nov 2026");
    expect(ago("en", "not a date", now)).toBe("not a date");
  });

  it("writes a CV's date as precisely as it was given", () => {
    expect(["2021", "2021-04", "2021-04-30", "Present", "", null].map((date) => cvDate("en", date))).toEqual(["2021", "Apr 2021", "Apr 2021", "Present", "", ""]);
    expect(cvDate("fr", "2021-04")).toBe("avr. 2021");
    expect(cvDate("not a language!", "2021-04")).toBe("2021-04");
  });
});

describe("bytes", () => {
  it("uses the language's unit", () => {
    expect(plain(bytes("en", 1536))).toBe("1.5 KB");
    expect(plain(bytes("fr", 3 * 1024 * 1024))).toBe("3 Mo");
  });
});
