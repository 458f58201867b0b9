import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** The server that `npm run dev` talks to. */
const backend = process.env.ESTAFETTE_URL ?? "http://127.0.0.1:7777";

export default defineConfig({
  plugins: [react()],
  resolve: {
    // The SDK is built from its source: one build, one type-check, nothing to publish first.
    alias: [
      { find: /^@estafette\/client\/react$/, replacement: here("../src/react/index.ts") },
      { find: /^@estafette\/client$/, replacement: here("../src/index.ts") },
    ],
    dedupe: ["react", "react-dom", "@msgpack/msgpack"],
  },
  build: {
    target: "es2022",
    // The console, and the page about the HTTP interface (`/api`), which shares nothing with it.
    rolldownOptions: { input: { index: here("index.html"), api: here("api.html") } },
    // The server's policy is `default-src 'self'`: a `data:` font or image would be refused.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: {
    port: 5173,
    proxy: {
      "/v1": { target: backend, ws: true, changeOrigin: true },
      "/health": { target: backend },
      "/openapi.json": { target: backend },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
