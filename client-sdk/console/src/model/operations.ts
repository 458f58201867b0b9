/** What the routes of the product's administrators answer. Costs are US dollars. */
import type { Currency, Lang, Pack, Plan } from "./product";

export interface AdminUser {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly role: "USER" | "ADMIN";
  readonly email_verified: string | null;
  readonly plan_name: string | null;
  readonly balance: number;
  readonly cvs: number;
  readonly month_cost: number;
  readonly created_at: string;
}

export interface AdminPlan extends Plan {
  readonly stripe_product_id: string | null;
  readonly stripe_price_id_monthly: string | null;
  readonly stripe_price_id_yearly: string | null;
  readonly subscribers: number;
}

export interface AdminPack extends Pack {
  readonly is_active: boolean;
  readonly stripe_product_id: string | null;
  readonly stripe_price_id: string | null;
}

export interface PromoCode {
  readonly id: string;
  readonly code: string;
  readonly type: "credits" | "percent_off" | "amount_off";
  readonly value: number;
  readonly currency: Currency | null;
  readonly plan_id: number | null;
  readonly credit_pack_id: number | null;
  readonly max_uses: number | null;
  readonly max_uses_per_user: number;
  readonly current_uses: number;
  readonly valid_from: string;
  readonly valid_until: string | null;
  readonly is_active: boolean;
}

export interface Setting {
  readonly setting_name: string;
  readonly value: string;
  readonly category: string;
  readonly description: string | null;
  readonly updated_at: string;
}

export interface EmailTrigger {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly description: string | null;
  readonly variables: readonly string[];
  readonly category: string;
  readonly is_system: boolean;
}

export interface EmailText {
  readonly subject: string;
  readonly html_content: string;
}

export interface EmailTemplate {
  readonly id: string;
  readonly name: string;
  readonly trigger_id: string | null;
  readonly subject: string;
  readonly html_content: string;
  readonly variables: readonly string[];
  readonly is_active: boolean;
  readonly is_default: boolean;
  readonly language: Lang;
  readonly translations: Readonly<Partial<Record<Lang, EmailText>>>;
  readonly updated_at: string;
}

export interface EmailLog {
  readonly id: string;
  readonly template_name: string;
  readonly recipient_email: string;
  readonly subject: string;
  readonly status: "sent" | "delivered" | "bounced" | "failed";
  readonly error: string | null;
  readonly provider: string;
  readonly is_test_email: boolean;
  readonly created_at: string;
}

export interface UsageSum {
  readonly date: string | null;
  readonly user_id: string | null;
  readonly email: string | null;
  readonly feature_name: string | null;
  readonly model: string | null;
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly estimated_cost: number;
  readonly calls_count: number;
}

export interface AiCall {
  readonly id: string;
  readonly user_id: string;
  readonly email: string | null;
  readonly feature_name: string;
  readonly model: string;
  readonly total_tokens: number;
  readonly estimated_cost: number;
  readonly duration: number | null;
  readonly metadata: unknown;
  readonly created_at: string;
}

export interface ModelPricing {
  readonly model_name: string;
  readonly input_price_per_m_token: number;
  readonly output_price_per_m_token: number;
  readonly cache_price_per_m_token: number;
  readonly input_price_per_m_token_priority: number | null;
  readonly output_price_per_m_token_priority: number | null;
  readonly cache_price_per_m_token_priority: number | null;
  readonly description: string | null;
  readonly is_active: boolean;
}

export interface CostAlertRule {
  readonly id: string;
  readonly type: string;
  readonly threshold: number;
  readonly enabled: boolean;
  readonly name: string;
  readonly description: string | null;
  readonly last_fired_key: string | null;
}

export interface CostAlert {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly scope: string;
  readonly period: string;
  readonly value: number;
  readonly threshold: number;
  readonly fired_at: string;
}

/** State of `admin:costs`. */
export interface AdminCosts {
  readonly today: { readonly date: string; readonly cost: number; readonly calls: number };
  readonly month_cost: number;
  readonly budgets: readonly { readonly setting_name: string; readonly limit: number; readonly spent: number }[];
  readonly alerts: readonly CostAlert[];
}

export interface TelemetryRow {
  readonly id: string;
  readonly user_id: string | null;
  readonly type: string;
  readonly category: string;
  readonly metadata: unknown;
  readonly duration: number | null;
  readonly status: "success" | "error" | "cancelled" | null;
  readonly error: string | null;
  readonly timestamp: string;
}

export interface Feedback {
  readonly id: string;
  readonly user_id: string;
  readonly email: string | null;
  readonly rating: number;
  readonly comment: string;
  readonly is_bug_report: boolean;
  readonly current_cv_file: string | null;
  readonly page_url: string | null;
  readonly status: "new" | "reviewed" | "resolved";
  readonly created_at: string;
}

export interface StripeWebhook {
  readonly id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly processed: boolean;
  readonly error: string | null;
  readonly created_at: string;
}
