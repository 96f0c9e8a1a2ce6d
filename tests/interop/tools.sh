#!/usr/bin/env bash
# Installs what is missing of the servers that the interop tests need: tests/interop/tools.sh install | check | npm
# It takes a fraction of a second when nothing is. What it may not install itself it names, and fails. `check` only says whether all is
# there; `npm` installs those of npm alone.
set -euo pipefail
cd "$(dirname "$0")/../.."

HERE=tests/interop
TARGET=${CARGO_TARGET_DIR:-target}
VENV=$TARGET/interop-venv
# nginx is not on everybody's path.
PATH=$PATH:/usr/sbin

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf 'tools: %s\n' "$*"; }
fail() {
  say "$*" >&2
  exit 1
}

has_nchan() { have nginx && [ -f /usr/lib/nginx/modules/ngx_nchan_module.so ]; }
has_npm() { [ "$HERE/node_modules/.package-lock.json" -nt "$HERE/package-lock.json" ]; }
# The list of what was installed is copied there last.
has_python() { cmp -s "$HERE/requirements.txt" "$VENV/requirements.txt"; }
has_rust() {
  local built=$TARGET/interop-rust/debug/everwire-interop-socketioxide file
  for file in "$HERE"/socketioxide/{Cargo.toml,Cargo.lock,src/main.rs}; do [ "$built" -nt "$file" ] || return; done
}

nchan() {
  has_nchan && return
  local packages=(nginx libnginx-mod-nchan)
  if ! have apt-get || [ "$(id -u)" != 0 ]; then
    fail "the interop tests need, by Debian's names: ${packages[*]}. Install these and try again."
  fi
  say "installing ${packages[*]}"
  # Debian would start a server on port 80; it asks this file first.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${packages[@]}"
}

npm_servers() {
  has_npm && return
  have npm || fail "npm is missing: install Node.js 20 or later"
  npm --prefix "$HERE" ci --ignore-scripts --no-audit --no-fund
  touch "$HERE/node_modules/.package-lock.json"
}

python_servers() {
  has_python && return
  have python3 || fail "python3 is missing: install Python 3.11 or later"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or later is needed, this is $(python3 --version)"
  python3 -c 'import venv, ensurepip' 2>/dev/null || fail "Python's venv is missing; Debian's package is python3-venv"
  say "installing the servers in Python into $VENV"
  python3 -m venv --clear "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$HERE/requirements.txt"
  cp "$HERE/requirements.txt" "$VENV/"
}

rust_servers() {
  has_rust && return
  have cargo || fail "cargo is missing: install Rust"
  say "building the servers in Rust"
  cargo build --quiet --locked --manifest-path "$HERE/socketioxide/Cargo.toml" --target-dir "$TARGET/interop-rust"
  # Cargo leaves it as it is, if only the time of a file is new.
  touch "$TARGET/interop-rust/debug/everwire-interop-socketioxide"
}

case ${1-} in
install)
  nchan
  npm_servers
  python_servers
  rust_servers
  ;;
npm) npm_servers ;;
check) has_nchan && has_npm && has_python && has_rust ;;
*) fail "usage: tests/interop/tools.sh install | check | npm" ;;
esac
