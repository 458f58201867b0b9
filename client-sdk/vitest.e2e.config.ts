import { defineConfig } from "vitest/config";

/** Tests against a real server. They share it, so files run one after the other. */
export default defineConfig({
  resolve: { conditions: ["@estafette/source"] },
  test: {
    include: ["test/e2e/**/*.test.ts", "test/outside/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
