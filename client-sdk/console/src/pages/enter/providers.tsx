import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { deviceId } from "@estafette/client";
import { useI18n } from "../../i18n";
import { session } from "../../live/live";
import { useOffered } from "../../live/offered";
import type { Provider } from "../../model/product";
import styles from "../sign-in.module.css";

export const PROVIDER_NAMES: Record<Provider, string> = { google: "Google", github: "GitHub", apple: "Apple" };

/** The providers that this server is set up for; none until it has told. */
export function useProviders(): readonly Provider[] {
  const offered = useOffered();
  const listed = offered.has("providers");
  const [providers, setProviders] = useState<readonly Provider[]>([]);
  useEffect(() => {
    if (!listed) return;
    session.open("GET", "/v1/cv/auth/providers").then(
      (answer) => setProviders((answer as { readonly providers: readonly Provider[] }).providers.filter((name) => Object.hasOwn(PROVIDER_NAMES, name))),
      () => undefined, // Signing in with a password stays.
    );
  }, [listed]);
  return providers;
}

export function startOf(provider: Provider): string {
  return `/v1/cv/auth/oauth/${provider}?${String(new URLSearchParams({ device: deviceId() }))}`;
}

/** Buttons that lead to the providers. */
export function Providers() {
  const { t } = useI18n();
  const providers = useProviders();
  if (providers.length === 0) return null;
  return (
    <div className={styles.providers}>
      <span className={styles.or}>{t("enter.or")}</span>
      {providers.map((provider) => (
        <Button key={provider} component="a" href={startOf(provider)} variant="default" size="md" leftSection={<ProviderMark provider={provider} />}>
          {t("enter.with", { provider: PROVIDER_NAMES[provider] })}
        </Button>
      ))}
    </div>
  );
}

export function ProviderMark({ provider }: { readonly provider: Provider }) {
  if (provider === "google")
    return (
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <path fill="#4285f4" d="M17.64 9.2c0-.64-.06-1.25-.16-1.84H9v3.48h4.84a4.14 4.14 0 0 1-1.8 2.72v2.26h2.92c1.7-1.57 2.68-3.88 2.68-6.62Z" />
        <path fill="#34a853" d="M9 18c2.43 0 4.47-.8 5.96-2.18l-2.92-2.26c-.8.54-1.84.86-3.04.86-2.34 0-4.32-1.58-5.03-3.7H.96v2.33A9 9 0 0 0 9 18Z" />
        <path fill="#fbbc05" d="M3.97 10.72a5.4 5.4 0 0 1 0-3.44V4.95H.96a9 9 0 0 0 0 8.1l3.01-2.33Z" />
        <path fill="#ea4335" d="M9 3.58c1.32 0 2.5.45 3.44 1.35l2.58-2.58A9 9 0 0 0 .96 4.95l3.01 2.33C4.68 5.16 6.66 3.58 9 3.58Z" />
      </svg>
    );
  if (provider === "github")
    return (
      <svg width="18" height="18" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
        <path d="M8 0a8 8 0 0 0-2.53 15.59c.4.07.55-.17.55-.38v-1.34c-2.23.48-2.7-1.07-2.7-1.07-.36-.93-.89-1.17-.89-1.17-.73-.5.05-.49.05-.49.8.06 1.23.83 1.23.83.72 1.22 1.87.87 2.33.66.07-.52.28-.87.5-1.07-1.77-.2-3.64-.89-3.64-3.95 0-.88.31-1.59.82-2.15-.08-.2-.36-1.02.08-2.12 0 0 .67-.21 2.2.82a7.6 7.6 0 0 1 4 0c1.53-1.04 2.2-.82 2.2-.82.44 1.1.16 1.92.08 2.12.51.56.82 1.27.82 2.15 0 3.07-1.87 3.75-3.65 3.95.29.25.54.73.54 1.48v2.19c0 .21.15.46.55.38A8 8 0 0 0 8 0Z" />
      </svg>
    );
  return (
    <svg width="18" height="18" viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">
      <path d="M16.7 12.6c0-2.3 1.9-3.4 2-3.5a4.3 4.3 0 0 0-3.4-1.8c-1.4-.2-2.8.8-3.5.8s-1.9-.8-3.1-.8A4.6 4.6 0 0 0 4.9 9.7c-1.7 2.9-.4 7.2 1.200 9.500.8 1.200 1.700 2.400 3 2.400 1.200-.1 1.600-.8 3.100-.8 1.400 0 1.800.8 3.100.8s2.100-1.200 2.900-2.300c.9-1.300 1.300-2.600 1.300-2.700-.1 0-2.800-1.100-2.800-4ZM14.4 5.8a4.200 4.200 0 0 0 1-3c-1 0-2.100.6-2.800 1.400a3.900 3.900 0 0 0-1 2.900c1.100.1 2.200-.5 2.800-1.300Z" />
    </svg>
  );
}
