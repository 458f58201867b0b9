#!/usr/bin/env bash
# The original Autobahn suite (Python 2.7) against the product's own socket code, where Python 2.7 is to be had. The
# cases of sections 1 to 10 are also a test of ours that always runs (src/tests/conformance), so CI does not need this.
#   .ci/autobahn.sh [folder for the report]
set -euo pipefail
cd "$(dirname "$0")/.."
report="${1:-${TMPDIR:-/tmp}/estafette-autobahn}"
venv="$HOME/.cache/estafette/autobahn"
server_data="$(mktemp -d)"

python="$(command -v python2.7 || true)"
[ -n "$python" ] && "$python" -V >/dev/null 2>&1 || python="$(compgen -G "$HOME/.pyenv/versions/2.7*/bin/python2.7" | head -1 || true)"
[ -n "$python" ] || { echo "Python 2.7 is not installed: nothing was run" >&2; exit 3; }
if [ ! -x "$venv/bin/wstest" ]; then
  "$python" -m pip install --quiet --disable-pip-version-check virtualenv==20.15.1 2>/dev/null
  "$python" -m virtualenv --quiet "$venv"
  # What the suite's release pins; its metadata does not name them to pip.
  "$venv/bin/pip" install --quiet --disable-pip-version-check txaio==2.1.0 incremental==16.10.1 pyOpenSSL==19.1.0 \
    cryptography==3.3.2 Twisted==19.10.0 zope.interface==4.6.0 jinja2==2.11.3 markupsafe==1.1.1 Werkzeug==1.0.1 \
    klein==17.10.0 service_identity==18.1.0 unittest2==1.1.0 six==1.16.0 autobahn==0.10.9 wsaccel ujson==2.0.3 2>/dev/null
  "$venv/bin/pip" install --quiet --no-deps autobahntestsuite==25.10.1 2>/dev/null
fi

cargo build --bin estafette
ESTAFETTE_LISTEN=127.0.0.1:0 ESTAFETTE_DATA_DIR="$server_data" ESTAFETTE_AI_PROVIDER=offline \
  "${CARGO_TARGET_DIR:-target}/debug/estafette" serve --conformance-echo >"$server_data/out" 2>"$server_data/log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$server_data"' EXIT
for _ in $(seq 300); do
  address="$(sed -n 's#^Console: http://##p' "$server_data/out")"
  [ -n "$address" ] && break
  sleep 0.2
done
[ -n "$address" ] || { tail -20 "$server_data/log" >&2; exit 1; }

mkdir -p "$report"
cat >"$report/spec.json" <<SPEC
{"outdir": "$report", "servers": [{"agent": "estafette", "url": "ws://$address/v1/echo"}],
 "cases": ["*"], "exclude-cases": [], "exclude-agent-cases": {}}
SPEC
"$venv/bin/wstest" -m fuzzingclient -s "$report/spec.json" >"$report/log" 2>&1
python3 - "$report/index.json" <<'COUNT'
import collections, json, sys
cases = json.load(open(sys.argv[1]))["estafette"]
count = collections.Counter(f'{case["behavior"]} (close: {case["behaviorClose"]})' for case in cases.values())
for name, number in sorted(count.items()):
    print(f"{number:4} {name}")
fine = {"OK", "INFORMATIONAL", "UNIMPLEMENTED"}
bad = sorted(name for name, case in cases.items() if not {case["behavior"], case["behaviorClose"]} <= fine)
print(f"{len(cases)} cases; not fine: {', '.join(bad) or 'none'}")
sys.exit(bool(bad))
COUNT
