#!/usr/bin/env bash
# Makes a fresh clone ready to run: Node, packages, build. What is up to date is left alone, so a second call costs nothing.
# Usage: scripts/setup.sh [--build [--tests]]; --tests also fetches what only the tests need
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/node.sh

PACKAGES_STAMP=node_modules/.falcon-installed
BUILD_STAMP=dist/.falcon-built

check_machine() {
  [ -w . ] || fail "cannot write to $PWD: make the folder writable for $(id -un), or clone it somewhere you own."
  command -v npm >/dev/null && command -v node >/dev/null ||
    fail "Node.js with npm was not found: install Node.js 20 or newer (https://nodejs.org, or your package manager), then run make again."
  [ "$(node_number node)" -ge 200000 ] ||
    fail "Node.js $(node --version) is too old: install Node.js 20 or newer (https://nodejs.org, or your package manager), then run make again."
  # npm needs a folder for its cache; an account without a home gets one here.
  if [ -z "${HOME:-}" ] || [ ! -w "${HOME:-/}" ]; then export npm_config_cache="$PWD/.cache/npm"; fi
}

# Few and short retries, so that a machine without network is told so within seconds, not minutes.
run_npm() {
  npm "$@" --no-audit --no-fund --prefer-offline --fetch-retries=2 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000
}

# Says in one sentence what to do about a failed npm; $1 is what it was doing, $2 its output.
explain_npm_failure() {
  cat "$2" >&2
  if grep -qE 'EACCES|EPERM|EROFS' "$2"; then
    fail "$1 failed, because npm may not write to a file (named above): make it writable for $(id -un), or remove node_modules and .node, then run make again."
  elif grep -qE 'ENOSPC' "$2"; then
    fail "$1 failed, because the disk is full: free about 1 GB, then run make again."
  elif grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET|network|CERT' "$2"; then
    fail "$1 failed, because npm could not reach its registry ($(npm config get registry 2>/dev/null)): check the network, proxy or 'npm config set registry ...', then run make again."
  fi
  fail "$1 failed: npm's own words are above. If your registry lacks the package, point npm at another one ('npm config set registry ...')."
}

# Runs npm ("$2"...) quietly unless it fails; $1 names the step.
npm_step() {
  local step="$1" log
  shift
  log="$(mktemp)"
  if ! run_npm "$@" >"$log" 2>&1; then explain_npm_failure "$step" "$log"; fi
  rm -f "$log"
}

ensure_node() {
  use_node && return 0
  local package
  package="$(node_package)" ||
    fail "there is no Node package for $(uname -s) on $(uname -m): install Node.js $NODE_PINNED yourself, then run make again."
  say "Node.js $(node --version) is here, Falcon runs on 24.16 or newer: fetching $NODE_PINNED into .node/ (once, about 50 MB)"
  mkdir -p "$NODE_FOLDER"
  npm_step "Fetching Node.js $NODE_PINNED" install --prefix "$NODE_FOLDER" --no-save --no-package-lock --ignore-scripts "$package@$NODE_PINNED"
  use_node || fail "Node.js $NODE_PINNED from npm does not run on this machine: install Node.js $NODE_PINNED yourself, then run make again."
}

# npm puts node_modules/.bin first in the PATH of its scripts: this way `npm run ...` finds the right Node, too.
link_node_for_npm_scripts() {
  case "$(command -v node)" in
    "$NODE_FOLDER"/*) ln -sfn "../../.node/node_modules/$(node_package)/bin/node" node_modules/.bin/node ;;
  esac
}

packages_fingerprint() { cat package-lock.json .npmrc | cksum; uname -sm; }

ensure_packages() {
  if [ "$(cat "$PACKAGES_STAMP" 2>/dev/null)" != "$(packages_fingerprint)" ]; then
    say "Installing the packages of package-lock.json (once, about a minute)"
    npm_step "Installing packages" ci --include=dev
    link_node_for_npm_scripts
    packages_fingerprint >"$PACKAGES_STAMP"
  fi
}

build_is_fresh() {
  [ -f "$BUILD_STAMP" ] && [ -z "$(find apps libs bench scripts package-lock.json tsconfig.json tsconfig.build.json nest-cli.json \
    ! -name '*.spec.ts' ! -name '*.e2e-spec.ts' -newer "$BUILD_STAMP" 2>/dev/null | head -n 1)" ]
}

ensure_build() {
  build_is_fresh && return 0
  say "Compiling"
  local started
  started="$(mktemp)"
  npm run --silent build || fail "the build failed: the compiler's messages are above."
  mkdir -p dist
  touch -r "$started" "$BUILD_STAMP" # the time before the build: what is edited meanwhile is built next time
  rm -f "$started"
}

check_machine
ensure_node
ensure_packages
if [ "${1:-}" = --build ]; then ensure_build; fi
if [ "${2:-}" = --tests ]; then scripts/tools.sh; fi
