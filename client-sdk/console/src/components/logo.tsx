/** An E of three batons, the middle one being passed on. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" style={{ flex: "none", display: "block" }}>
      <rect width="32" height="32" rx="8" fill="#0b5d77" />
      <g strokeWidth="4.6" strokeLinecap="round" fill="none">
        <path d="M11.2 9.6h10.6" stroke="#fff" />
        <path d="M13.8 16h10.6" stroke="#ff6b4d" />
        <path d="M8.6 22.4h10.6" stroke="#fff" />
      </g>
    </svg>
  );
}

export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <span style={{ display: "inline-flex", alignItems: "center", gap: size * 0.36 }}>
      <Mark size={size} />
      <span style={{ fontWeight: 650, fontSize: size * 0.62, letterSpacing: "-0.02em", color: "var(--ink)" }}>Estafette</span>
    </span>
  );
}
