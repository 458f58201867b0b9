import { defineConfig } from "vitest/config";

/** Browser tests against a real server: one story, told in order. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 240_000,
    // A condition is waited for, also on a machine that is busy; the default is a second.
    expect: { poll: { timeout: 20_000 } },
  },
});
