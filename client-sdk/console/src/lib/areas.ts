/** The areas of the console, and the routes of the server that each stands on; pure. */

/** The routes that each area stands on. */
export const AREAS = {
  forgot: ["POST /v1/cv/auth/forgot-password", "POST /v1/cv/auth/reset-password"],
  verify: ["POST /v1/cv/auth/verify-email", "POST /v1/cv/auth/resend-verification"],
  providers: ["GET /v1/cv/auth/providers", "POST /v1/cv/auth/auto-sign-in"],
  profile: ["PATCH /v1/cv/me"],
  emailChange: ["POST /v1/cv/me/email-change", "POST /v1/cv/me/email-change/confirm"],
  password: ["POST /v1/cv/me/password"],
  sessions: ["GET /v1/cv/me/sessions", "DELETE /v1/cv/me/sessions/{id}"],
  accounts: ["GET /v1/cv/me/accounts", "DELETE /v1/cv/me/accounts/{id}"],
  onboarding: ["GET /v1/cv/me/onboarding", "PUT /v1/cv/me/onboarding"],
  consents: ["GET /v1/cv/consents", "POST /v1/cv/consents"],
  takeOut: ["GET /v1/cv/me/export"],
  erase: ["DELETE /v1/cv/me"],
  // A server from before the making of CVs names the import without having it, and exports JSON alone.
  import: ["POST /v1/cv/files/import", "POST /v1/cv/files/template"],
  translate: ["POST /v1/cv/files/{id}/translate"],
  template: ["POST /v1/cv/files/template"],
  jobTitle: ["POST /v1/cv/files/from-job-title"],
  export: ["GET /v1/cv/files/{id}/export", "GET /v1/cv/export-templates"],
  exportTemplates: ["GET /v1/cv/export-templates", "POST /v1/cv/export-templates", "DELETE /v1/cv/export-templates/{id}"],
  plans: ["GET /v1/cv/plans", "GET /v1/cv/subscription"],
  checkout: ["POST /v1/cv/subscription/checkout"],
  portal: ["POST /v1/cv/subscription/portal"],
  packs: ["GET /v1/cv/credit-packs", "POST /v1/cv/credits/checkout"],
  promo: ["POST /v1/cv/promo-codes/redeem"],
  referrals: ["GET /v1/cv/referrals"],
  feedback: ["POST /v1/cv/feedback"],
  links: ["GET /v1/cv/link-history", "DELETE /v1/cv/link-history/{id}"],
  adminUsers: ["GET /v1/cv/admin/users"],
  adminPlans: ["GET /v1/cv/admin/plans"],
  adminPacks: ["GET /v1/cv/admin/credit-packs"],
  adminPromo: ["GET /v1/cv/admin/promo-codes"],
  adminSettings: ["GET /v1/cv/admin/settings"],
  adminTriggers: ["GET /v1/cv/admin/email-triggers"],
  adminTemplates: ["GET /v1/cv/admin/email-templates"],
  adminMails: ["GET /v1/cv/admin/email-logs"],
  adminUsage: ["GET /v1/cv/admin/ai/usage"],
  adminCalls: ["GET /v1/cv/admin/ai/calls"],
  adminPricing: ["GET /v1/cv/admin/ai/pricing"],
  adminAlerts: ["GET /v1/cv/admin/ai/alerts"],
  adminTelemetry: ["GET /v1/cv/admin/telemetry"],
  adminFeedback: ["GET /v1/cv/admin/feedback"],
  adminWebhooks: ["GET /v1/cv/admin/stripe-webhooks"],
} as const satisfies Record<string, readonly string[]>;

export type Area = keyof typeof AREAS;

/** Which areas stand on `routes`; names of places in a path do not matter. */
export function areasOf(routes: readonly string[]): ReadonlySet<Area> {
  const there = new Set(routes.map(plainRoute));
  const areas = Object.keys(AREAS) as Area[];
  return new Set(areas.filter((area) => AREAS[area].every((route) => there.has(plainRoute(route)))));
}

/** A route without the names of its places: `GET /v1/cv/files/{}`. */
export function plainRoute(route: string): string {
  return route.replace(/\{[^}]*\}/gu, "{}");
}
