import { useEffect, useRef, useState } from "react";

/** The time, again every `ms` while `running`. */
export function useNow(running: boolean, ms = 250): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), ms);
    return () => clearInterval(timer);
  }, [running, ms]);
  return now;
}

/** Whether the person asked for less motion. */
function prefersStillness(): boolean {
  return typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** A number that glides to its new value. */
export function useGlide(target: number, ms = 900): number {
  const [shown, setShown] = useState(target);
  const last = useRef(target);
  useEffect(() => {
    const from = last.current;
    if (from === target) return undefined;
    let frame = 0;
    const start = performance.now();
    const still = prefersStillness();
    const step = (time: number) => {
      const part = still ? 1 : Math.min(1, Math.max(0, (time - start) / ms));
      last.current = part === 1 ? target : from + (target - from) * (1 - (1 - part) ** 3);
      setShown(last.current);
      if (part < 1) frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [target, ms]);
  return shown;
}

/** The document's title while the component lives. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Estafette`;
  }, [title]);
}

/** `value` once it has not changed for `ms`. */
export function useDelayed<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
