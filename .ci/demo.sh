#!/usr/bin/env bash
# Runs the demo that was built, in the foreground: Ctrl-C goes to the server, which stops all that it started.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-target}"
exec "$target/debug/estafette" demo "$@"
