/** A round number at or above `most` for the top of an axis: 1, 2 or 5 times a power of ten. */
export function niceCeiling(most: number): number {
  if (!(most > 0) || !Number.isFinite(most)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= most * (1 - 1e-9)) ?? 10;
  return step * power;
}

/** The UTC days from `count - 1` days before `today` to `today`, as `2026-11-21`. */
export function lastDays(count: number, today: Date): readonly string[] {
  const end = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate());
  return Array.from({ length: count }, (_, index) => new Date(end - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10));
}
