import { describe, expect, it } from "vitest";
import { translate, type Key, type Translate } from "../src/i18n";
import { en } from "../src/i18n/en";
import { fr } from "../src/i18n/fr";
import type { Message } from "../src/i18n/message";
import { preferencesOf } from "../src/lib/consents";
import { price } from "../src/lib/format";
import { carried } from "../src/lib/links";
import { featureName, limitText } from "../src/lib/money";
import { firstSteps } from "../src/lib/onboarding";
import { taskError, taskTitle } from "../src/lib/tasks";
import { MAX_PDF_BYTES, pdfProblem } from "../src/lib/pdf";

const t: Translate = (key, values) => translate("en", key, values);

describe("the dictionaries", () => {
  it("fill in the same values in both languages", () => {
    const names = (message: Message) => [...new Set((typeof message === "string" ? message : `${message.one} ${message.other}`).match(/\{\w+\}/gu) ?? [])].sort();
    for (const key of Object.keys(en) as Key[]) expect(names(fr[key]), key).toEqual(names(en[key]));
  });

  it("have the same forms in both languages", () => {
    for (const key of Object.keys(en) as Key[]) expect(typeof fr[key], key).toBe(typeof en[key]);
  });
});

describe("a link of an e-mail", () => {
  it("carries its token behind the #, or as older ones do in the query", () => {
    expect(carried({ hash: "#token=a%2Bb", search: "" }, "token")).toBe("a+b");
    expect(carried({ hash: "", search: "?token=q" }, "token")).toBe("q");
    expect(carried({ hash: "#token=h", search: "?token=q" }, "token")).toBe("h");
    expect(carried({ hash: "#x", search: "" }, "token")).toBeNull();
  });
});

describe("consents", () => {
  it("are none before a choice, and only what was chosen after it", () => {
    expect(preferencesOf(undefined)).toEqual({ necessary: true, functional: false, analytics: false, marketing: false });
    expect(preferencesOf({ id: "1", action: "created", preferences: { necessary: false, analytics: true, other: true }, created_at: "" })).toEqual({ necessary: true, functional: false, analytics: true, marketing: false });
  });
});

describe("the first steps", () => {
  const cv = (created_by: "generate-cv" | null, pending_count = 0) => ({ created_by, pending_count, optimise_status: "idle" }) as const;
  it("are read off the CVs", () => {
    const done = (cvs: Parameters<typeof firstSteps>[0]) => firstSteps(cvs).map((step) => step.done);
    expect(done([])).toEqual([false, false, false]);
    expect(done([cv(null)])).toEqual([true, false, false]);
    expect(done([cv(null), cv("generate-cv", 2)])).toEqual([true, true, false]);
    expect(done([cv(null), cv("generate-cv")])).toEqual([true, true, true]);
  });
});

describe("a file that should be a PDF", () => {
  it("is refused before it is sent, with the reason", async () => {
    expect(await pdfProblem(new Blob([]))).toBe("empty");
    expect(await pdfProblem(new Blob(["PK\u0003\u0004 a Word document"]))).toBe("kind");
    expect(await pdfProblem(new Blob(["%PDF-1.7\n"]))).toBeNull();
    expect(await pdfProblem(new Blob(["\n\u00ef\u00bb\u00bf%PDF-1.4\n"]))).toBeNull();
    expect(await pdfProblem({ size: MAX_PDF_BYTES + 1 } as Blob)).toBe("large");
  });
});

describe("money", () => {
  const limit = (usage_limit: number, is_enabled = true, feature_name = "generate_cv") => limitText(t, { feature_name, is_enabled, usage_limit }, String);
  it("says what a plan includes", () => {
    expect(limit(-1)).toBe("unlimited");
    expect(limit(12)).toBe("12 a month");
    expect(limit(0)).toBe("by credits");
    expect(limit(5, false)).toBe("not included");
    expect(limit(3, true, "max_cvs")).toBe("3");
  });

  it("names features, also those that it does not know", () => {
    expect(featureName(t, "import_pdf")).toBe("PDF import");
    expect(featureName(t, "max_cvs")).toBe("CVs kept");
    expect(featureName(t, "new_thing")).toBe("new thing");
  });

  it("writes prices with cents where there are some", () => {
    expect(price("en", 24, "EUR")).toBe("€24");
    expect(price("fr", 9.9, "EUR").replace(/\s/gu, " ")).toBe("9,90 €");
  });
});

describe("tasks that make a CV", () => {
  const task = { type: "import-pdf", title: "Import “lebenslauf “neu”.pdf”", cv_file: null, total_offers: 0 } as const;
  it("are named in the person's language", () => {
    expect(taskTitle((key, values) => translate("fr", key, values), task, [], new Map())).toContain("Importer «\u00a0lebenslauf “neu”.pdf\u00a0»");
    expect(taskTitle(t, { ...task, title: "Something else" }, [], new Map())).toBe("Something else");
  });

  it("say why they failed in the person's language, where the reason is known", () => {
    const failed = { error: "the PDF is encrypted", result: { error_code: "pdf_encrypted" } };
    expect(taskError((key) => translate("fr", key), failed)).toContain("mot de passe");
    expect(taskError(t, { error: "the model said no", result: { error_code: "model_failed" } })).toBe("the model said no");
    expect(taskError(t, { error: null, result: null })).toBeNull();
  });
});
