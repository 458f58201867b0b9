#!/usr/bin/env bash
# Builds the web console unless it is newer than its sources.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f client-sdk/console/package.json ] || { echo "there is no console to build" >&2; exit 0; }
built=client-sdk/console/dist/index.html
newer() {
  find client-sdk/src client-sdk/console \( -name node_modules -o -name dist -o -name test -o -name e2e \) -prune \
    -o -type f -newer "$built" -print -quit
}
if [ -f "$built" ] && [ -z "$(newer)" ]; then exit 0; fi
.ci/setup.sh server
echo "==> building the console" >&2
(cd client-sdk/console && npm run --silent build >/dev/null)
