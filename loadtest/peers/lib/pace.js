// The open loop: message n is meant for the time start + n / rate, whatever happened to those before it, and carries
// that time. A program that stalls cannot hide it.

/** Unix time in microseconds, without jumps. */
export function micros() {
  return (performance.timeOrigin + performance.now()) * 1e3;
}

/** A message of `size` bytes: its number (10 digits), the time it was meant for (16 digits), and filling. */
export function body(number, meant, size) {
  return (String(number).padStart(10, "0") + String(Math.floor(meant)).padStart(16, "0")).padEnd(size, "x");
}

/**
 * Calls `publish(n, meant)` for each message that is due, until `seconds` are over; returns how many.
 * Messages that are late are published at once, all of them.
 */
export function pace(rate, seconds, publish) {
  return new Promise((resolve) => {
    const start = micros();
    const total = Math.floor(rate * seconds);
    const gap = 1e6 / rate;
    let next = 0;
    const step = () => {
      const due = Math.min(total, Math.floor((micros() - start) / gap) + 1);
      for (; next < due; next += 1) publish(next, start + next * gap);
      if (next >= total) return resolve(total);
      setTimeout(step, Math.max(1, Math.floor((start + next * gap - micros()) / 1e3)));
    };
    step();
  });
}
