/** What the product's routes answer, as far as the console reads it. Prices are in units of their currency. */

export type Lang = "fr" | "en";
export type Provider = "google" | "github" | "apple";

/** One person on one device. */
export interface SessionInfo {
  readonly id: string;
  readonly device: string | null;
  readonly created_at: string;
  readonly last_used_at: string;
  readonly expires_at: string;
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

export interface LinkedAccount {
  readonly id: string;
  readonly provider: Provider;
  readonly provider_account_id: string;
  readonly created_at: string;
}

export interface LinkedAccounts {
  readonly items: readonly LinkedAccount[];
  readonly has_password: boolean;
  /** Those that the server is set up for. */
  readonly providers: readonly Provider[];
}

export interface EmailChange {
  readonly state: "waiting_for_current" | "waiting_for_new" | "changed";
  readonly new_email: string;
}

/** How far the introduction is. */
export interface Onboarding {
  readonly currentStep: number;
  readonly hasCompleted: boolean;
  readonly isSkipped: boolean;
  readonly [key: string]: unknown;
}

export interface Preferences {
  readonly necessary: boolean;
  readonly functional: boolean;
  readonly analytics: boolean;
  readonly marketing: boolean;
}

export interface Consent {
  readonly id: string;
  readonly action: string;
  readonly preferences: Readonly<Record<string, boolean>>;
  readonly created_at: string;
}

export interface PlanLimit {
  readonly feature_name: string;
  readonly is_enabled: boolean;
  /** A month; -1 is without limit. */
  readonly usage_limit: number;
}

export type Currency = "EUR" | "USD" | "GBP";

export interface Plan {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly is_free: boolean;
  readonly tier: number;
  readonly is_popular: boolean;
  readonly price_monthly: number;
  readonly price_yearly: number;
  readonly yearly_discount_percent: number;
  readonly price_currency: Currency;
  readonly limits: readonly PlanLimit[];
}

export interface Pack {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly credit_amount: number;
  readonly price: number;
  readonly price_currency: Currency;
}

export type Period = "monthly" | "yearly";

export interface SubscriptionView {
  readonly plan_id: number;
  readonly plan_name: string;
  readonly tier: number;
  /** `null`: there never was one. */
  readonly status: "active" | "past_due" | "canceled" | null;
  readonly billing_period: Period | null;
  readonly current_period_end: string | null;
  readonly cancel_at_period_end: boolean;
}

export interface Redeemed {
  readonly credits: number;
  readonly balance: number;
}

export interface Referral {
  readonly id: string;
  readonly status: "pending" | "rewarded" | "cancelled";
  readonly referrer_credits: number;
  readonly created_at: string;
  readonly rewarded_at: string | null;
}

export interface Referrals {
  readonly code: string;
  readonly referrer_credits: number;
  readonly referred_credits: number;
  readonly items: readonly Referral[];
  readonly next: string | null;
}

export type Design = "classic" | "modern" | "sidebar" | "compact";

export interface SectionChoice {
  readonly enabled: boolean;
  readonly options?: { readonly max_items?: number; readonly title?: string; readonly hide?: readonly string[] } | null;
}

export interface ExportTemplate {
  readonly id: string;
  readonly name: string;
  readonly design: Design;
  /** A section that is not named is in the document. */
  readonly selections: Readonly<Record<string, SectionChoice>>;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Exported {
  readonly filename: string;
  readonly mime_type: string;
  readonly document?: unknown;
  readonly base64?: string;
}

export interface Link {
  readonly id: string;
  readonly url: string;
  readonly created_at: string;
}
