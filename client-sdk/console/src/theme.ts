import { createTheme, defaultVariantColorsResolver, type CSSVariablesResolver, type MantineColorsTuple, type VariantColorsResolver } from "@mantine/core";

/** The brand: a petrol blue that stays apart from the green and red of scores and diffs. */
const petrol: MantineColorsTuple = [
  "#eaf5f8",
  "#d5e8ee",
  "#a9d2df",
  "#79bbd0",
  "#52a7c2",
  "#389bba",
  "#2489a9",
  "#0b6a87",
  "#0b5d77",
  "#064c63",
];

/** Neutrals with a trace of the brand, so that greys and petrol belong together. */
const dark: MantineColorsTuple = [
  "#dfe9ee",
  "#b9c8d0",
  "#8ea1ab",
  "#6b808b",
  "#3a4f5a",
  "#293b45",
  "#1b2a32",
  "#131e24",
  "#0e171c",
  "#0a1115",
];

/** The brand's buttons follow the tokens, whose contrast holds in both schemes. */
const resolver: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  if (input.color !== undefined && input.color !== "petrol") return colors;
  if (input.variant === "filled") return { ...colors, background: "var(--brand)", hover: "var(--brand-hover)", color: "var(--on-brand)" };
  if (input.variant === "light") return { ...colors, background: "var(--brand-soft)", hover: "var(--brand-soft-hover)", color: "var(--brand-ink)" };
  if (input.variant === "subtle") return { ...colors, hover: "var(--brand-soft)", color: "var(--brand-ink)" };
  return colors;
};

export const theme = createTheme({
  variantColorResolver: resolver,
  primaryColor: "petrol",
  primaryShade: { light: 8, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.32,
  colors: { petrol, dark },
  fontFamily: "'Geist Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace: "'Geist Mono Variable', ui-monospace, Menlo, Consolas, monospace",
  headings: {
    fontFamily: "'Geist Variable', system-ui, sans-serif",
    fontWeight: "620",
    sizes: {
      h1: { fontSize: "1.6rem", lineHeight: "1.2" },
      h2: { fontSize: "1.15rem", lineHeight: "1.3" },
      h3: { fontSize: "0.98rem", lineHeight: "1.35" },
    },
  },
  defaultRadius: "md",
  radius: { xs: "4px", sm: "6px", md: "8px", lg: "12px", xl: "18px" },
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
});

/** Lets the library's surfaces follow the tokens of `styles/tokens.css`. */
export const variables: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--muted)",
    "--mantine-color-default": "var(--surface)",
    "--mantine-color-default-hover": "var(--surface-2)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-placeholder": "var(--muted)",
    "--mantine-color-error": "var(--bad)",
  };
  return { variables: {}, light: shared, dark: shared };
};
