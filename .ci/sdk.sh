#!/usr/bin/env bash
# Type-check, lint, tests and build of the SDK, then of the console.
set -euo pipefail
cd "$(dirname "$0")/.."
for folder in client-sdk client-sdk/console; do
  [ -f "$folder/package.json" ] || continue
  echo "==> $folder" >&2
  (cd "$folder" && npm run --silent check)
done
