import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@estafette/source"] },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    exclude: ["test/e2e/**", "test/outside/**", "node_modules/**"],
    testTimeout: 20_000,
    typecheck: { enabled: false },
  },
});
