#!/usr/bin/env bash
# Instruction counts of the hot paths, compared with the baseline in the repository.
#   .ci/bench.sh                    compare; more than TOLERANCE % off, slower or faster, fails
#   .ci/bench.sh renew "<reason>"   write what differs into the baseline, with the reason
#   .ci/bench.sh selftest           shows that the guard fails where it must
# Counted by callgrind in one run of each bench program (protocol/benches/harness): instructions do not depend on how
# fast or busy the machine is. They depend on the compiler, which rust-toolchain.toml pins, and on which instructions
# the processor offers; both stand in the baseline's first line.
set -euo pipefail
cd "$(dirname "$0")/.."
baseline="${BENCH_BASELINE:-.ci/bench-baseline.tsv}"
TOLERANCE=10
# Programs and the hot paths in them: protocol/benches, actors/benches, src/benches.
PROGRAMS=(codec delivery tasks cv)
# The C library chooses its routines by processor: everywhere the plainest ones.
PLAIN_LIBC="glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-BMI1,-BMI2,-LZCNT,-MOVBE,-ERMS,-FSRM,-RTM,-SSSE3,-SSE4_1,-SSE4_2,-POPCNT"
# Its allocator joins and splits what is free now and then, depending on what ran before: up to 13 % of a path. With room
# for everything in the cache of each size, allocating costs the same every time.
PLAIN_LIBC+=":glibc.malloc.tcache_count=60000:glibc.malloc.mxfast=0:glibc.malloc.top_pad=67108864"
PLAIN_LIBC+=":glibc.malloc.trim_threshold=1073741824:glibc.malloc.mmap_threshold=1073741824"

say() { printf '%s\n' "$*" >&2; }
loud() { say "!!!!!!!! $* !!!!!!!!"; }

# What the counts depend on besides the sources.
key() {
  local vectors=plain
  grep -qm1 -w avx2 /proc/cpuinfo 2>/dev/null && vectors=avx2
  printf '%s %s %s' "$(rustc --version | cut -d' ' -f1,2)" "$(uname -m)" "$vectors"
}

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Builds the programs; their paths go to $work/programs, one a line.
build() {
  CARGO_INCREMENTAL=0 cargo bench --no-run --message-format json-render-diagnostics \
    -p estafette-protocol -p estafette-actors -p estafette-cv-benches --features estafette-actors/testkit \
    "${PROGRAMS[@]/#/--bench=}" |
    sed -n 's/.*"kind":\["bench"\].*"executable":"\([^"]*\)".*/\1/p' | sort >"$work/programs"
  [ "$(wc -l <"$work/programs")" = "${#PROGRAMS[@]}" ] || { say "not all bench programs were built"; exit 1; }
}

# count <file> [program name]: "path<TAB>instructions a run" of all programs, or of one. A path that is counted several
# times has the lowest count (harness: path_that_waits).
count() {
  local into="$1" only="${2:-}" program out at name runs total
  : >"$into"
  while read -r program; do
    [ -z "$only" ] || [[ "$(basename "$program")" == "$only"-* ]] || continue
    out="$work/callgrind"
    rm -f "$out"*
    GLIBC_TUNABLES="$PLAIN_LIBC" valgrind --tool=callgrind --quiet --callgrind-out-file="$out" \
      --zero-before='*count_begin*' --dump-before='*count_end*' "$program" --count >"$work/names" 2>"$work/errors" ||
      { cat "$work/errors" >&2; say "$(basename "$program") failed under callgrind"; exit 1; }
    # The first dump belongs to the first name, and so on.
    at=0
    while IFS=$'\t' read -r name runs; do
      at=$((at + 1))
      total="$(sed -n 's/^totals: *//p' "$out.$at")"
      printf '%s\t%s\n' "$name" "$((total / runs))"
    done <"$work/names" |
      awk -F'\t' '!($1 in least) { order[++last] = $1; least[$1] = $2 } $2 < least[$1] { least[$1] = $2 }
        END { for (at = 1; at <= last; at++) printf "%s\t%d\n", order[at], least[order[at]] }' >>"$into"
  done <"$work/programs"
}

# compare <baseline> <counts> [partial]: says what differs and fails on it. With `partial` the counts are of some paths only.
compare() {
  awk -F'\t' -v tolerance="$TOLERANCE" -v partial="${3:-}" '
    FILENAME == ARGV[1] {
      if ($0 ~ /^#/ || $0 == "") next
      was[$1] = $2; reason[$1] = $4
      gsub(/[[:space:]]/, "", $4)
      if ($4 == "") { printf "%-34s has no reason in the baseline\n", $1; bad = 1 }
      next
    }
    {
      seen[$1] = 1
      if (!($1 in was)) { printf "%-34s %12d  is not in the baseline\n", $1, $2; bad = 1; next }
      change = 100 * ($2 - was[$1]) / was[$1]
      off = change > tolerance || change < -tolerance
      printf "%-34s %12d %12d  %+7.2f %%%s\n", $1, was[$1], $2, change, off ? (change > 0 ? "  SLOWER" : "  FASTER") : ""
      if (off) bad = 1
    }
    END {
      for (name in was) if (!(name in seen) && !partial) { printf "%-34s is in the baseline and is not counted any more\n", name; bad = 1 }
      exit bad
    }' "$1" "$2"
}

# merged <baseline> <counts> <reason>: the baseline with what differs too much taken from the counts; the rest stays, so
# that many small steps add up until somebody has to give a reason.
merged() {
  printf '# %s\n# hot path\tinstructions a run\tsince\twhy it is this figure (`make bench-baseline REASON="…"`)\n' "$(key)"
  awk -F'\t' -v OFS='\t' -v tolerance="$TOLERANCE" -v reason="$3" -v today="$(date -u +%F)" -v all="${4:-}" '
    FILENAME == ARGV[1] { if ($0 !~ /^#/ && $0 != "") { was[$1] = $2; line[$1] = $0 } next }
    {
      change = ($1 in was) ? 100 * ($2 - was[$1]) / was[$1] : 1000
      if (all || change > tolerance || change < -tolerance) print $1, $2, today, reason
      else print line[$1]
    }' "$1" "$2"
}

# A figure that changed since the last commit of the baseline has another reason than before. (A clone without history
# has nothing to compare with.)
reasons_are_new() {
  local commit
  for commit in $(git log -2 --format=%H -- "$baseline" 2>/dev/null); do
    git show "$commit:$baseline" 2>/dev/null >"$work/before" || continue
    cmp -s "$work/before" "$baseline" && continue
    awk -F'\t' '
      FILENAME == ARGV[1] { if ($0 !~ /^#/) { was[$1] = $2; reason[$1] = $3 " " $4 } next }
      /^#/ { next }
      ($1 in was) && was[$1] != $2 && reason[$1] == $3 " " $4 { printf "%s has a new figure and the old reason: say why (make bench-baseline)\n", $1; bad = 1 }
      END { exit bad }' "$work/before" "$baseline"
    return
  done
}

need_valgrind() {
  command -v valgrind >/dev/null && return
  loud "valgrind is not installed: the instruction counts of the hot paths were NOT compared"
  exit 0
}

case "${1:-compare}" in
compare)
  need_valgrind
  reasons_are_new || exit 1
  read -r _ _ compiler machine vectors <"$baseline"
  read -r _ compiler_here machine_here vectors_here <<<"$(key)"
  if [ "$machine $vectors" != "$machine_here $vectors_here" ]; then
    loud "the baseline was counted on $machine with $vectors, this is $machine_here with $vectors_here: NOT compared"
    exit 0
  elif [ "$compiler" != "$compiler_here" ]; then
    say "the baseline was counted with rustc $compiler, this is $compiler_here: renew it where the compiler changes,"
    say "make bench-baseline REASON=\"rustc $compiler_here\""
    exit 1
  fi
  build
  count "$work/counts"
  if ! compare "$baseline" "$work/counts"; then
    say "a hot path differs from the baseline by more than $TOLERANCE % (a gain counts too: unrecorded, it would hide the next loss)."
    say 'If that is meant, renew the figures and commit them: make bench-baseline REASON="why"'
    exit 1
  fi
  ;;
renew)
  reason="$(printf '%s' "${2:-}" | tr '\t\n' '  ')"
  [ "${#reason}" -ge 10 ] || { say 'a reason is needed, one sentence: make bench-baseline REASON="…"'; exit 2; }
  command -v valgrind >/dev/null || { say "valgrind is not installed"; exit 1; }
  build
  count "$work/counts"
  [ -f "$baseline" ] || : >"$baseline"
  all=""
  [ "$(sed -n '1s/^# //p' "$baseline")" = "$(key)" ] || all=1
  compare "$baseline" "$work/counts" || true
  merged "$baseline" "$work/counts" "$reason" "$all" >"$work/new"
  cp "$work/new" "$baseline"
  ;;
selftest)
  need_valgrind
  build
  failed=0
  # expect <0|1> <what>: the guard's answer to $work/other and $work/counts.
  expect() {
    local answer=0
    compare "$work/other" "$work/counts" >"$work/said" || answer=$?
    if [ "$answer" = "$1" ]; then say "ok: $2"; else say "NOT ok: $2"; cat "$work/said" >&2; failed=1; fi
  }
  doctored() { awk -F'\t' -v OFS='\t' "$1" "$work/own" >"$work/other"; }
  count "$work/counts" codec
  awk -F'\t' -v OFS='\t' '{ print $1, $2, "2026-11-21", "the self-test" }' "$work/counts" >"$work/own"
  doctored '{ print }';                                     expect 0 "the same figures pass"
  doctored 'NR == 1 { $2 = int($2 * 0.94) } { print }';     expect 0 "6 % slower passes"
  doctored 'NR == 1 { $2 = int($2 * 0.88) } { print }';     expect 1 "14 % slower than the baseline fails"
  doctored 'NR == 1 { $2 = int($2 * 1.25) } { print }';     expect 1 "20 % faster than the baseline fails"
  doctored 'NR == 1 { $4 = " " } { print }';                expect 1 "a figure without a reason fails"
  doctored 'NR > 1 { print }';                              expect 1 "a hot path without a figure fails"
  doctored '{ print } END { print "gone/path", 1, "x", "y" }'; expect 1 "a figure without a hot path fails"
  # A hot path that really does more: every fifth run happens twice.
  slowed="$(head -1 "$work/own" | cut -f1)"
  doctored '{ print }'
  BENCH_SLOW="$slowed" count "$work/counts" codec
  expect 1 "$slowed made a fifth slower fails"
  grep -q "^$slowed .*SLOWER" "$work/said" && [ "$(grep -cE 'SLOWER|FASTER' "$work/said")" = 1 ] ||
    { say "NOT ok: the slowed path, and no other, is named"; cat "$work/said" >&2; failed=1; }
  # Renewing needs a reason, and changes only what differs.
  if BENCH_BASELINE="$work/none" "$0" renew "" 2>/dev/null; then say "NOT ok: renewed without a reason"; failed=1; fi
  merged "$work/own" "$work/counts" "every fifth run happens twice" >"$work/other"
  [ "$(grep -c 'every fifth run' "$work/other")" = 1 ] || { say "NOT ok: only the slowed path gets the new reason"; cat "$work/other" >&2; failed=1; }
  expect 0 "the renewed baseline passes"
  exit "$failed"
  ;;
*)
  say "usage: .ci/bench.sh [renew <reason> | selftest]"
  exit 2
  ;;
esac
