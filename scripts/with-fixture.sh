#!/usr/bin/env bash
# Runs a command while the fixture runs: scripts/with-fixture.sh NAME COMMAND…
# The command finds its address in EVERWIRE_FIXTURE; the fixture's log is left in artifacts/fixture-NAME.log.
set -euo pipefail
cd "$(dirname "$0")/.."

log=artifacts/fixture-$1.log
shift
mkdir -p artifacts
: >"$log"

# Drivers that are ended leave their browsers' profiles behind, 50 MB each.
TMPDIR=$(mktemp -d -t everwire.XXXXXX)
export TMPDIR

"${CARGO_TARGET_DIR:-target}/debug/everwire-fixture" --port "${FIXTURE_PORT:-4791}" --root . >>"$log" 2>&1 &
fixture=$!
# KILL, as it has nothing to save: it must be gone, whatever state a test has brought it into.
trap 'kill -KILL $fixture 2>/dev/null; wait $fixture 2>/dev/null || true; rm -rf "$TMPDIR" || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for _ in {1..100}; do
  EVERWIRE_FIXTURE=$(sed -n 's/^everwire fixture: \(http.*\)$/\1/p' "$log")
  [ -n "$EVERWIRE_FIXTURE" ] && break
  kill -0 $fixture 2>/dev/null || break
  sleep 0.1
done
if [ -z "$EVERWIRE_FIXTURE" ]; then
  printf 'with-fixture: the fixture did not start:\n%s\n' "$(cat "$log")" >&2
  exit 1
fi

export EVERWIRE_FIXTURE
"$@"
