// Builds the package (ES modules and declarations, one file a source file, so that bundlers can shake it), and prints
// what an application pays for it: minified and gzipped, the MessagePack codec included, React left out.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync(join(root, "dist"), { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

/** What is bundled, and the most that it may come to, bytes gzipped. */
const measured = [
  { name: "createClient", code: 'export { createClient } from "@estafette/client"', limit: 16_500 },
  { name: "createClient + session + folds", code: 'export * from "@estafette/client"', limit: 22_000 },
  { name: "everything + React hooks", code: 'export * from "@estafette/client"; export * from "@estafette/client/react"', limit: 23_000 },
  { name: "applyPatch alone (tree-shaking)", code: 'export { applyPatch } from "@estafette/client"', limit: 2_000 },
];

let tooLarge = false;
console.log("\nsize (minified, gzip)");
for (const { name, code, limit } of measured) {
  const result = await build({
    stdin: { contents: code, resolveDir: root, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    external: ["react"],
    logLevel: "warning",
  });
  const bytes = gzipSync(result.outputFiles[0].contents, { level: 9 }).length;
  const verdict = bytes <= limit ? "" : `  over its limit of ${limit}`;
  tooLarge ||= bytes > limit;
  console.log(`  ${name.padEnd(34)} ${String(bytes).padStart(6)} bytes${verdict}`);
}
process.exit(tooLarge ? 1 : 0);
