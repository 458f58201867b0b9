/** What a generation is asked to do, and what still speaks against starting it; pure. */
import type { Key, Values } from "../i18n";
import type { CvSummary, GenerationMode } from "../model/types";

/** `generation_max_offers`: the server checks its own setting again. */
export const MAX_OFFERS = 10;
const MIN_OFFER_TEXT = 80;
export const MAX_PDF_BYTES = 10 * 1024 * 1024;

export type DraftOffer =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "pdf"; readonly file: File }
  | { readonly kind: "known"; readonly id: string };

export interface Plan {
  readonly cv: CvSummary | undefined;
  readonly mode: GenerationMode;
  readonly offers: readonly DraftOffer[];
  readonly balance: number;
  /** Uses that the plan still gives without credits. */
  readonly allowance: number;
}

export interface Problem {
  readonly key: Key;
  readonly values?: Values;
}

export function offerKey(offer: DraftOffer): string {
  switch (offer.kind) {
    case "url":
      return `url ${offer.url}`;
    case "text":
      return `text ${offer.text.trim()}`;
    case "pdf":
      return `pdf ${offer.file.name} ${offer.file.size}`;
    case "known":
      return `known ${offer.id}`;
  }
}

/** The address as the server will read it, or null. */
export function webAddress(input: string): string | null {
  try {
    const url = new URL(input.trim());
    return (url.protocol === "https:" || url.protocol === "http:") && url.hostname !== "" ? url.href : null;
  } catch {
    return null;
  }
}

/** Why an offer cannot join the list. */
export function refuseOffer(offers: readonly DraftOffer[], offer: DraftOffer): Problem | null {
  if (offers.some((item) => offerKey(item) === offerKey(offer))) return { key: "gen.bad.duplicate" };
  if (offers.length >= MAX_OFFERS) return { key: "gen.bad.many", values: { n: MAX_OFFERS } };
  if (offer.kind === "text" && offer.text.trim().length < MIN_OFFER_TEXT) return { key: "gen.bad.text", values: { n: MIN_OFFER_TEXT } };
  if (offer.kind === "url" && webAddress(offer.url) === null) return { key: "gen.bad.url" };
  return null;
}

/** What is typed into the fields for offers. */
export interface Typed {
  readonly url: string;
  readonly text: string;
}

export const NOTHING_TYPED: Typed = { url: "", text: "" };

/** The list with what is typed and was not added: who starts means it as well. And why something typed cannot join. */
export function withTyped(offers: readonly DraftOffer[], typed: Typed): { readonly offers: readonly DraftOffer[]; readonly refused: readonly Problem[] } {
  const drafts: DraftOffer[] = [];
  if (typed.url.trim() !== "") drafts.push({ kind: "url", url: typed.url.trim() });
  if (typed.text.trim() !== "") drafts.push({ kind: "text", text: typed.text });
  const all = [...offers];
  const refused: Problem[] = [];
  for (const draft of drafts) {
    const problem = refuseOffer(all, draft);
    if (problem === null) all.push(draft);
    // What is in the list already is no reason to wait.
    else if (problem.key !== "gen.bad.duplicate") refused.push(problem);
  }
  return { offers: all, refused };
}

/** Units that a plan takes: one an offer; an optimisation takes one. */
export function unitsOf(plan: Plan): number {
  return plan.mode === "optimize" ? 1 : plan.offers.length;
}

/** Credits, after the allowance. */
export function creditsOf(plan: Plan): number {
  return Math.max(0, unitsOf(plan) - plan.allowance);
}

/** What must be put right before the start. */
export function problemsOf(plan: Plan): Problem[] {
  const problems: Problem[] = [];
  if (plan.cv === undefined) problems.push({ key: "gen.bad.cv" });
  else if (plan.cv.blocked) problems.push({ key: "gen.bad.blocked" });
  else if (plan.mode === "optimize" && plan.cv.pending_count > 0) problems.push({ key: "gen.bad.pending" });
  if (plan.mode === "optimize" && plan.offers.length > 1) problems.push({ key: "gen.bad.optimize" });
  if (plan.mode === "adapt" && plan.offers.length === 0) problems.push({ key: "gen.offers.empty" });
  if (creditsOf(plan) > plan.balance) problems.push({ key: "gen.bad.credits", values: { balance: plan.balance, cost: creditsOf(plan) } });
  return problems;
}
