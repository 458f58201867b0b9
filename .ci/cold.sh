#!/usr/bin/env bash
# The cold costs, measured and held to their bounds: the size of the server's release binary, from start to ready on a migrated
# database, a rebuild after one product file was touched. Times mean something on a quiet machine only.
#   .ci/cold.sh [size] [start] [rebuild]    without arguments: all
set -euo pipefail
cd "$(dirname "$0")/.."
MAX_MB=40
MAX_START_MS=300
MAX_REBUILD_S=30
STARTS=9
TOUCHED=src/cv/rules/patch.rs
parts="${*:-size start rebuild}"
target="${CARGO_TARGET_DIR:-target}"
bad=0

# report <what> <figure> <bound> <unit>
report() {
  local verdict=ok
  [ "$2" -le "$3" ] || { verdict="TOO MUCH"; bad=1; }
  printf '%-46s %6d %s (at most %d)  %s\n' "$1" "$2" "$4" "$3" "$verdict"
}
now_ms() { date +%s%3N; }

if [[ " $parts " == *" size "* || " $parts " == *" start "* ]]; then
  cargo build --release --bin estafette --bin estafette-press
fi

if [[ " $parts " == *" size "* ]]; then
  report "release binary" $(($(stat -c %s "$target/release/estafette") / 1000000)) "$MAX_MB" MB
  printf '%-46s %6d MB\n' "its typesetter, a program of its own" \
    $(($(stat -c %s "$target/release/estafette-press") / 1000000))
fi

if [[ " $parts " == *" start "* ]]; then
  data="$(mktemp -d)"
  # One server brings the database, migrated; the others are started on it, one after the other, and timed.
  env -u DATABASE_URL ESTAFETTE_DATA_DIR="$data/one" ESTAFETTE_LISTEN=127.0.0.1:0 "$target/release/estafette" serve \
    >"$data/out" 2>"$data/log" &
  first=$!
  trap 'kill "$first" 2>/dev/null; wait "$first" 2>/dev/null || true; rm -rf "$data"' EXIT
  until grep -q '"listening"\|listening' "$data/log"; do
    kill -0 "$first" 2>/dev/null || { cat "$data/log" >&2; exit 1; }
    sleep 0.1
  done
  address="$(grep -o 'postgresql://[^" ]*' "$data/log" | head -1)"
  for _ in $(seq "$STARTS"); do
    began="$(now_ms)"
    ESTAFETTE_DATA_DIR="$data/two" ESTAFETTE_LISTEN=127.0.0.1:18499 "$target/release/estafette" serve \
      --database-url "$address" >/dev/null 2>"$data/log2" &
    second=$!
    until curl -fs -o /dev/null http://127.0.0.1:18499/health/ready; do
      kill -0 "$second" 2>/dev/null || { cat "$data/log2" >&2; exit 1; }
      sleep 0.005
    done
    echo $(($(now_ms) - began)) >>"$data/times"
    kill "$second"
    wait "$second" || true
  done
  report "start to ready, median of $STARTS" "$(sort -n "$data/times" | sed -n "$(((STARTS + 1) / 2))p")" "$MAX_START_MS" ms
fi

if [[ " $parts " == *" rebuild "* ]]; then
  export CARGO_INCREMENTAL=1
  cargo build --quiet --bin estafette
  for _ in 1 2 3; do
    sleep 1 # a file system may keep whole seconds only
    touch "$TOUCHED"
    began="$(now_ms)"
    cargo build --quiet --bin estafette
    rebuilds+=($(($(now_ms) - began)))
  done
  report "rebuild after $TOUCHED, median" \
    $(($(printf '%s\n' "${rebuilds[@]}" | sort -n | sed -n 2p) / 1000)) "$MAX_REBUILD_S" s
fi
exit "$bad"
