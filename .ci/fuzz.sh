#!/usr/bin/env bash
# Runs each fuzz target for FUZZ_SECONDS (60), two at a time, on the committed corpus. Where cargo-fuzz is not installed
# there is nothing to do: src/tests/corpus.rs has replayed the corpus with mutations already.
set -euo pipefail
cd "$(dirname "$0")/../protocol/fuzz"
seconds="${FUZZ_SECONDS:-60}"
[ "$seconds" -gt 0 ] || exit 0
cargo fuzz --version >/dev/null 2>&1 || { echo "cargo-fuzz is not installed: skipped"; exit 0; }

# Built outside of the clone, and kept from run to run. The flags of the fuzzer are not for stable compilers; the address
# sanitizer is left out, since no code of ours is unsafe.
export CARGO_TARGET_DIR="${FUZZ_TARGET_DIR:-$HOME/.cache/estafette/fuzz}" RUSTC_BOOTSTRAP=1
targets=(frames msgpack json html pdf)
cargo fuzz build --fuzz-dir . --sanitizer none 2>&1 | tail -n 3
host="$(rustc -vV | sed -n 's/^host: //p')"
found="$(mktemp -d)"
trap 'rm -rf "$found"' EXIT

fuzz() {
  local target="$1" log="$found/$1.log"
  mkdir -p "$found/$target"
  # What is new goes to a folder of its own, so that the committed corpus stays small.
  if "$CARGO_TARGET_DIR/$host/release/$target" "$found/$target" "corpus/$target" -max_total_time="$seconds" -timeout=25 \
    -rss_limit_mb=3072 -max_len=65536 -artifact_prefix="$found/$target-" -print_final_stats=1 >"$log" 2>&1; then
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, no find"
  else
    echo "$target: a find" >&2
    tail -n 30 "$log" >&2
    for input in "$found/$target"-*; do
      [ -f "$input" ] && { echo "$input (base64):"; base64 "$input"; } >&2
    done
    return 1
  fi
}
export -f fuzz
export CARGO_TARGET_DIR host found seconds
printf '%s\n' "${targets[@]}" | xargs -n 1 -P 2 bash -c 'fuzz "$1" || exit 255' _
