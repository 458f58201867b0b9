/** Refusals, from HTTP and from the socket, as one kind of error with words for people. */
import { CallError, DeadlineError, EstafetteError, type ErrorCode } from "@estafette/client";
import type { Key, Translate } from "../i18n";
import type { Problem } from "../model/types";

export type FailureCode = ErrorCode | "network";

export class ApiError extends Error {
  constructor(
    readonly code: FailureCode,
    /** The server's own words. */
    readonly detail: string,
    readonly status: number,
    readonly details?: unknown,
  ) {
    super(detail);
  }
}

/** The refusal that an HTTP answer carries. */
export async function problemOf(response: Response): Promise<ApiError> {
  try {
    const problem = (await response.json()) as Partial<Problem>;
    return new ApiError(problem.code ?? codeOf(response.status), problem.detail ?? response.statusText, response.status, problem.details);
  } catch {
    return new ApiError(codeOf(response.status), response.statusText, response.status);
  }
}

function codeOf(status: number): FailureCode {
  const known: Record<number, FailureCode> = {
    400: "bad_request",
    401: "unauthenticated",
    402: "insufficient_credits",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "payload_too_large",
    429: "rate_limited",
    503: "unavailable",
  };
  return known[status] ?? (status < 500 ? "bad_request" : "internal");
}

export interface Explained {
  readonly title: string;
  readonly detail: string | null;
}

/** What to tell people: our sentence for the kind, the server's for the case. */
export function explain(t: Translate, error: unknown): Explained {
  if (error instanceof ApiError) return { title: t(`err.${error.code}` satisfies Key), detail: error.code === "network" ? null : error.detail || null };
  if (error instanceof CallError) return { title: t(`err.${error.code}` satisfies Key), detail: error.message };
  if (error instanceof DeadlineError) return { title: t("err.network"), detail: null };
  if (error instanceof EstafetteError) return { title: t("common.error"), detail: error.message };
  return { title: t("common.error"), detail: error instanceof Error ? error.message : String(error) };
}
