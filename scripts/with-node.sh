#!/usr/bin/env bash
# Runs a command with the right Node first in PATH, in place of this process, so that signals reach the command.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/node.sh
use_node || fail "no suitable Node yet: run 'make setup' first."
exec "$@"
