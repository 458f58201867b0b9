#!/usr/bin/env bash
# Dependencies point src -> actors -> protocol and loadtest -> protocol; the runtime names no product.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "$*" >&2; exit 1; }
depends() { cargo tree --package "$1" --edges normal --prefix none --format '{p}' | awk '{print $1}' | sort -u; }
for crate in tokio actix actix-web tokio-postgres estafette-actors; do
  ! depends estafette-protocol | grep -qx "$crate" || fail "estafette-protocol must not depend on $crate"
done
! depends estafette-loadtest | grep -qx estafette-actors || fail "loadtest must not depend on the runtime"
! depends estafette-loadtest | grep -qx estafette || fail "loadtest must not depend on the server"
! depends estafette-actors | grep -qx estafette || fail "the runtime must not depend on the server"
! depends estafette | grep -q '^typst' || fail "the typesetter is a program of its own: it would double the server"
for crate in estafette estafette-actors estafette-protocol; do
  ! depends estafette-press | grep -qx "$crate" || fail "the typesetter must not depend on $crate"
done
