#!/usr/bin/env bash
# Every check and test, in the order of price.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n==> %s\n' "$*"; }

step "format"
cargo fmt --all --check
step "clippy"
cargo clippy --workspace --all-targets --all-features -- -D warnings
step "documentation"
RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps --document-private-items --quiet
step "direction of dependencies"
.ci/directions.sh
step "Rust tests"
cargo build --workspace --bins
if command -v cargo-nextest >/dev/null; then
  cargo nextest run --workspace --all-features
else
  cargo test --workspace --all-features --all-targets
fi
cargo test --workspace --all-features --doc
step "fuzz targets"
.ci/fuzz.sh
step "SDK and console"
.ci/sdk.sh
step "browser"
# The server that the Rust tests used, wherever it was built.
export ESTAFETTE_BIN="${ESTAFETTE_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/estafette}"
for folder in client-sdk client-sdk/console; do
  if [ -f "$folder/vitest.e2e.config.ts" ]; then (cd "$folder" && npm run --silent test:e2e); fi
done
step "all checks passed"
