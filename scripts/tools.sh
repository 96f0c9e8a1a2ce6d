#!/usr/bin/env bash
# Installs what is missing of the tools that a make target needs:
#   scripts/tools.sh build | browsers | docs | consumers | peers | next | fuzz | wasm-pack | cargo-hack | cargo-deny | cargo-semver-checks
# It takes a fraction of a second when nothing is. What it may not install itself it names, and fails.
set -euo pipefail
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf 'tools: %s\n' "$*"; }
fail() {
  say "$*" >&2
  exit 1
}

rust() {
  have cargo || fail "cargo is missing: install Rust 1.94 or later, by rustup"
  [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] && return
  have rustup || fail "the Rust target wasm32-unknown-unknown is missing, and there is no rustup to add it"
  rustup target add wasm32-unknown-unknown
}

# The library and the tool that generates its bindings must be of the same version: Cargo.lock has it.
wasm_bindgen() {
  local wanted found
  wanted=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)
  found=$(wasm-bindgen --version 2>/dev/null || true)
  [ "$found" = "wasm-bindgen $wanted" ] && have wasm-bindgen-test-runner && return
  say "installing wasm-bindgen-cli $wanted (some minutes)"
  cargo install wasm-bindgen-cli --version "$wanted" --force
}

# npm_packages [FOLDER]: those of its lockfile. No install scripts: what has one works without it.
npm_packages() {
  local folder=${1-.}
  have npm || fail "npm is missing: install Node.js 20 or later"
  [ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] || fail "Node.js 20 or later is needed, this is $(node -v)"
  [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return
  npm --prefix "$folder" ci --ignore-scripts --no-audit --no-fund
  touch "$folder/node_modules/.package-lock.json"
}

cargo_tool() {
  have "$1" && return
  say "installing $1 $2 (some minutes)"
  cargo install "$1" --version "$2"
}

# debian PACKAGE… : true when they are installed now.
debian() {
  have apt-get && [ "$(id -u)" = 0 ] || return 1
  say "installing $*"
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

browsers() {
  local needed=() useful=()
  have chromium || needed+=(chromium)
  have chromedriver || needed+=(chromium-driver)
  have firefox || needed+=(firefox-esr)
  have WebKitWebDriver || useful+=(webkit2gtk-driver)
  have xvfb-run || useful+=(xvfb)
  have xauth || useful+=(xauth)
  if [ ${#needed[@]} -gt 0 ] && ! debian "${needed[@]}"; then
    fail "the browser tests need, by Debian's names: ${needed[*]}. Install these and try again."
  fi
  if [ ${#useful[@]} -gt 0 ] && ! debian "${useful[@]}"; then
    say "not installed: ${useful[*]}. The tests in WebKit will be left out."
  fi
  cargo_tool geckodriver 0.37.1
}

case ${1-} in
build)
  rust
  wasm_bindgen
  npm_packages
  ;;
browsers) browsers ;;
docs) npm_packages docs/site ;;
consumers) npm_packages tests/npm/consumers ;;
peers) npm_packages tests/npm/peers ;;
next) npm_packages tests/npm/consumers/next ;;
fuzz)
  rust
  have c++ || debian g++ || fail "the fuzzer needs a C++ compiler, such as Debian's package g++. Install it and try again."
  cargo_tool cargo-fuzz 0.13.2
  ;;
wasm-pack) cargo_tool wasm-pack 0.15.0 ;;
cargo-hack) cargo_tool cargo-hack 0.6.46 ;;
cargo-deny) cargo_tool cargo-deny 0.20.2 ;;
cargo-semver-checks) cargo_tool cargo-semver-checks 0.51.0 ;;
*) fail "usage: scripts/tools.sh build | browsers | docs | consumers | peers | next | fuzz | wasm-pack | cargo-hack | cargo-deny | cargo-semver-checks" ;;
esac
