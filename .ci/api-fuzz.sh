#!/usr/bin/env bash
# Fuzzes the HTTP interface out of its own description: schemathesis makes requests that fit /openapi.json and requests
# that do not, for nobody, for a person and for an administrator, against a server of its own. Found wrong: an answer of
# 5xx, a status or a media type that the description does not have, an answer of another form, a method that is not
# refused. Who may use what is another test's business (src/tests/rights).
#   .ci/api-fuzz.sh [seconds for each of the three]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-20}"
server="${ESTAFETTE_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/estafette}"
python="${ESTAFETTE_PYTHON:-$PWD/.ci/.venv}"
st="$python/bin/schemathesis"
[ -x "$st" ] || { echo "schemathesis is not installed: .ci/setup.sh all" >&2; exit 1; }
[ -x "$server" ] || { echo "$server is not built: cargo build --bin estafette" >&2; exit 1; }

folder="$(mktemp -d)"
pid=
finish() {
  status=$?
  [ -z "$pid" ] || { kill -TERM "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }
  if [ "$status" != 0 ]; then grep -E 'panic|ERROR' "$folder/log" | tail -20 >&2 || true; fi
  rm -rf "$folder"
}
trap finish EXIT

# Limits by address would answer in the place of the routes.
export ESTAFETTE_DATA_DIR="$folder/data" ESTAFETTE_LISTEN=127.0.0.1:0 ESTAFETTE_AI_PROVIDER=offline ESTAFETTE_BCRYPT_COST=4
export ESTAFETTE_SIGN_INS_PER_ADDRESS=0 ESTAFETTE_SIGN_INS_PER_ACCOUNT=0 ESTAFETTE_REFRESHES_PER_ADDRESS=0
[ -z "${ESTAFETTE_FUZZ_DATABASE_URL:-}" ] || export DATABASE_URL="$ESTAFETTE_FUZZ_DATABASE_URL"
"$server" serve >"$folder/out" 2>"$folder/log" &
pid=$!
url=
for _ in $(seq 300); do
  url="$(sed -n 's/^Console: \(http:[^ ]*[0-9]\).*/\1/p' "$folder/out" | head -1)"
  [ -z "$url" ] || break
  kill -0 "$pid" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.2
done
[ -n "$url" ] || { echo "the server did not start" >&2; cat "$folder/log" >&2; exit 1; }

post() { curl -sS --fail-with-body -H 'content-type: application/json' -d "$2" "$url$1"; }
token_of() { sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p'; }
person='{"email":"fuzz@example.org","password":"a good password"}'
root='{"email":"root@example.org","password":"a good password"}'
token="$(post /v1/cv/auth/sign-up "$person" | token_of)"
post /v1/cv/auth/sign-up "$root" >/dev/null
"$server" user role root@example.org ADMIN >/dev/null 2>>"$folder/log"
root_token="$(post /v1/cv/auth/sign-in "$root" | token_of)"
[ -n "$token" ] && [ -n "$root_token" ] || { echo "nobody could sign in" >&2; exit 1; }

checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance
checks+=,response_headers_conformance,unsupported_method,allow_header_conformance
# Never fuzzed: the socket (it is no answer), and what ends the session that everything else is tried with.
common=(--checks "$checks" --phases examples,coverage,fuzzing --max-time "$seconds" --continue-on-failure --no-shrink
  --suppress-health-check all --request-timeout 30 --warnings off --workers 1 --seed "${ESTAFETTE_FUZZ_SEED:-20261121}"
  --exclude-path /v1/live --exclude-path /v1/cv/auth/sign-out --exclude-operation-id delete_v1_cv_me)
failed=0
run() {
  local name="$1"
  shift
  printf '==> the interface for %s\n' "$name"
  # From the folder of the run: schemathesis keeps its examples where it stands.
  (cd "$folder" && "$st" run "$url/openapi.json" "${common[@]}" "$@" >"$folder/report" 2>&1) || failed=1
  if [ "$failed" = 0 ]; then tail -n 12 "$folder/report"; else cat "$folder/report"; fi
  kill -0 "$pid" 2>/dev/null || { echo "the server is gone" >&2; exit 1; }
  [ "$failed" = 0 ] || exit 1
}
# The header, which is no token, keeps it from signing up by itself, where it falls over a body that is a reference.
run nobody -H "authorization: Nobody" --include-path-regex '^/(health|metrics|openapi|v1/cv/auth)'
run "a person" -H "authorization: Bearer $token" --exclude-path-regex '^/v1/cv/auth'
# Last: an administrator may close the house.
run "an administrator" -H "authorization: Bearer $root_token" --include-path-regex '^/v1/(cv/)?admin'
if grep -q 'panicked' "$folder/log"; then echo "something panicked" >&2; exit 1; fi
echo "the interface keeps to its description"
