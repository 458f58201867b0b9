import { NetworkError } from "@estafette/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ANSWER_MS, PATIENCE_MS, pauseAfter, poll, POLL_MS } from "../src/admin/poll";
import { detailsOf } from "../src/admin/timeline";
import { translate } from "../src/i18n";
import { chapters, longTime, ofTopic, parseSeq, proofOf, pulseOf, slowReaders, topicsOf, totals, utcClock, utcTime } from "../src/lib/admin";
import type { Fate, NodeView, Note, NoteWord } from "../src/model/admin";

let second = 0;
function note(connection: string, what: NoteWord, seq: number | null = null, topic: string | null = "cv:1", detail = {}): Note {
  second += 1;
  return { at: new Date(Date.UTC(2026, 10, 21, 10, 0, second)).toISOString(), connection, node: "n-1", what, topic: what === "opened" || what === "closed" ? null : topic, seq, detail };
}
const words = (notes: readonly Note[]) => notes.map(({ what, seq }) => (seq === null ? what : `${what} ${seq}`));

describe("nodes", () => {
  const reader = (user: string, bytes: number, behind = 0) => ({ user, session: `s-${user}`, bytes, behind, coalesced: 0, dropped: 0 });
  const node = (id: string, ...readers: ReturnType<typeof reader>[]): NodeView => ({
    id,
    started_at: "2026-11-21T10:00:00Z",
    heartbeat_age: 0.5,
    tasks: 2,
    stats: { sockets: 10, subscriptions: 30, behind: readers.length, outbox_bytes: 100, running_tasks: 2, slow_readers: readers },
  });

  it("have a pulse: fresh, late, or lost when others may take its tasks", () => {
    expect([0.4, 2.9, 3, 9.9, 10].map(pulseOf)).toEqual(["fresh", "fresh", "late", "late", "lost"]);
  });

  it("name their slow readers, the slowest of all nodes first", () => {
    const all = slowReaders([node("a", reader("x", 5), reader("y", 900)), { ...node("b"), stats: null }, node("c", reader("z", 5, 3))]);
    expect(all.map((one) => `${one.user}@${one.node}`)).toEqual(["y@a", "z@c", "x@a"]);
  });

  it("add up, also when one has not told yet", () => {
    expect(totals([node("a", reader("x", 5)), { ...node("b"), stats: null }])).toEqual({ sockets: 10, behind: 1, bytes: 100, running: 4 });
  });

  it("are up for seconds, minutes, hours or days", () => {
    const text = (ms: number) => longTime("en", ms).replaceAll("\u202f", " ");
    expect([900, 12_400, 125_000, 3_720_000, 50 * 3_600_000].map(text)).toEqual(["0 ms", "12 s", "2 min 05 s", "1 h 02 min", "2 d 2 h"]);
    expect(longTime("fr", 75 * 3_600_000).replaceAll("\u202f", " ")).toBe("3 j 3 h");
  });
});

describe("a timeline", () => {
  it("tells each connection's notes in order, the newest connection first, also when they overlap", () => {
    const notes = [note("a", "opened"), note("b", "opened"), note("a", "subscribed"), note("a", "closed"), note("b", "subscribed", 3)];
    const told = chapters(notes);
    expect(told.map((chapter) => [chapter.connection, chapter.open, chapter.lines.length])).toEqual([["b", true, 2], ["a", false, 3]]);
  });

  it("shows four positions in a row as one, and loses none", () => {
    const positions = [1, 2, 3, 4].map((seq) => note("a", "position", seq));
    const [chapter] = chapters([note("a", "opened"), ...positions, note("a", "behind", 4), note("a", "position", 5)]);
    expect(chapter?.lines.map((line) => ("run" in line ? line.run.length : line.note.what))).toEqual(["opened", 4, "behind", "position"]);
  });

  it("is cut down to a topic with the connections that had it", () => {
    const notes = [note("a", "opened"), note("a", "subscribed", null, "cv:1"), note("b", "opened"), note("b", "subscribed", null, "user:u"), note("a", "closed")];
    expect(topicsOf(notes)).toEqual(["cv:1", "user:u"]);
    expect(words(ofTopic(notes, "cv:1"))).toEqual(["opened", "subscribed", "closed"]);
    expect(ofTopic(notes, null)).toHaveLength(5);
  });

  it("says what belongs to a note, in words", () => {
    const t = (key: Parameters<typeof translate>[1], values?: Parameters<typeof translate>[2]) => translate("en", key, values);
    const said = (one: Note) => {
      const { position, more } = detailsOf(t, "en", one);
      return [position, ...more].filter((part) => part !== null).map((part) => part.replaceAll("\u202f", " "));
    };
    expect(said(note("a", "subscribed"))).toEqual(["from the present state"]);
    expect(said(note("a", "subscribed", 4))).toEqual(["after 4"]);
    expect(said(note("a", "behind", 409, "cv:1", { known: 412, waiting_bytes: 2048 }))).toEqual(["up to 409", "412 known", "2 KB waiting"]);
    expect(said(note("a", "closed", null, null, { code: 4429, reason: "too slow", waiting_bytes: 0 }))).toEqual(["code 4429", "too slow"]);
    expect(said(note("a", "closed", null, null, { code: null, reason: "the client or the network ended it" }))).toEqual(["the client or the network ended it"]);
    expect(said(note("a", "ended", null, "cv:1", { why: "no longer allowed" }))).toEqual(["no longer allowed"]);
  });

  it("has its times in UTC, as the logs", () => {
    expect(utcClock("2026-11-21T10:02:03.214567Z")).toBe("10:02:03.214");
    expect(utcTime("2026-11-21T12:02:03+02:00")).toBe("2026-11-21 10:02:03");
    expect(utcClock("soon")).toBe("soon");
  });
});

describe("the notes that show a verdict", () => {
  const proof = (fate: Fate, notes: Note[], seq: number) => words(proofOf({ fate, sentence: "", notes }, "cv:1", seq));

  it("sent: from the subscription to the first position that reached it", () => {
    const notes = [note("a", "opened"), note("a", "subscribed"), note("a", "snapshot", 400), note("a", "position", 411), note("a", "position", 413), note("a", "position", 420)];
    expect(proof("sent", notes, 412)).toEqual(["subscribed", "position 411", "position 413"]);
    expect(proof("in_snapshot", notes, 399)).toEqual(["subscribed", "snapshot 400"]);
  });

  it("not sent: the last subscription, how far it came, and its end", () => {
    const notes = [note("a", "subscribed"), note("a", "position", 7), note("a", "closed"), note("b", "opened"), note("b", "subscribed", 7), note("b", "position", 9), note("b", "ended", null, "cv:2"), note("b", "closed")];
    expect(proof("connection_ended", notes, 12)).toEqual(["subscribed 7", "position 9", "closed"]);
    expect(proof("on_its_way", notes.slice(0, 6), 12)).toEqual(["subscribed 7", "position 9"]);
    const ended = [...notes.slice(0, 7), note("b", "ended"), note("b", "closed")];
    expect(proofOf({ fate: "subscription_ended", sentence: "", notes: ended }, "cv:1", 12).at(-1)).toBe(ended[7]);
  });

  it("none, where there is nothing to show", () => {
    const notes = [note("a", "opened")];
    for (const fate of ["not_subscribed", "no_such_event", "sent", "on_its_way"] as const) expect(proof(fate, notes, 12)).toEqual([]);
  });

  it("are asked for by a whole number from 1", () => {
    expect(["412", " 7 ", "0", "-1", "1.5", "", "12e3", "9".repeat(20)].map(parseSeq)).toEqual([412, 7, null, null, null, null, null, null]);
  });
});

describe("polling", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watched(read: (signal: AbortSignal) => Promise<number>) {
    const nothing = (): void => undefined;
    const page = { hidden: false, changed: nothing };
    const got: unknown[] = [];
    const stop = poll(read, (data) => got.push(data), (error) => got.push(error), {
      hidden: () => page.hidden,
      watch: (changed) => {
        page.changed = changed;
        return () => {
          page.changed = nothing;
        };
      },
    });
    const turn = (hidden: boolean) => {
      page.hidden = hidden;
      page.changed();
    };
    return { got, stop, turn };
  }

  it("asks every two seconds while the page is seen, not while it is hidden, and at once when it is back", async () => {
    let n = 0;
    const { got, stop, turn } = watched(() => Promise.resolve((n += 1)));
    await vi.advanceTimersByTimeAsync(0);
    expect(got).toEqual([1]);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(got).toEqual([1, 2]);
    turn(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(got).toEqual([1, 2]);
    turn(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(got).toEqual([1, 2, 3]);
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(got).toEqual([1, 2, 3]);
  });

  it("asks later after failures, up to a bound, and as before after an answer", async () => {
    expect([0, 1, 2, 3, 4, 40].map(pauseAfter)).toEqual([2_000, 4_000, 8_000, 16_000, PATIENCE_MS, PATIENCE_MS]);
    let n = 0;
    const refused = new Error("forbidden");
    const { got, stop } = watched(() => ((n += 1) === 2 ? Promise.reject(refused) : Promise.resolve(n)));
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(got).toEqual([1, refused]);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(got).toEqual([1, refused]);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    expect(got).toEqual([1, refused, 3]);
    stop();
  });

  it("gives an answer that does not come up, and says so", async () => {
    const { got, stop } = watched((signal) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(new Error("aborted")))));
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    expect(got).toEqual([expect.any(NetworkError)]);
    stop();
  });

  it("tells nothing after it was stopped", async () => {
    let answer: (n: number) => void = () => undefined;
    const { got, stop } = watched(() => new Promise((resolve) => { answer = resolve; }));
    stop();
    answer(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(got).toEqual([]);
  });
});
