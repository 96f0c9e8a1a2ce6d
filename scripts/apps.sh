#!/usr/bin/env bash
# Builds the applications in www/yew, www/leptos and www/dioxus, or those that are named: scripts/apps.sh [NAME …]
# Each is a workspace of its own, so that nobody compiles a framework who does not want to; what they share is compiled once.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(mkdir -p "${CARGO_TARGET_DIR:-target}/apps" && cd "$_" && pwd)
export CARGO_TARGET_DIR=$target

# wasm NAME [CARGO FLAG …]: what the browser loads, into www/NAME/dist
wasm() {
  local name=$1
  shift
  cargo build --locked --manifest-path "www/$name/Cargo.toml" --target wasm32-unknown-unknown "$@"
  wasm-bindgen --target web --no-typescript --out-dir "www/$name/dist" --out-name "everwire_$name" \
    "$(ls "$target"/wasm32-unknown-unknown/debug/everwire[-_]"$name".wasm)"
}

(($#)) || set -- yew leptos dioxus
for name; do
  case $name in
  leptos)
    wasm leptos --lib --features hydrate
    cargo build --locked --manifest-path www/leptos/Cargo.toml --bin everwire-leptos --features ssr
    ;;
  *) wasm "$name" ;;
  esac
done
