#!/usr/bin/env bash
# redis-cli on a Redis of Falcon's: REDIS_URL (cache) or REDIS_QUEUE_URL (queue) or the files that hold them, else that of the running compose stack.
# Usage: redis-cli.sh [cache|queue] [COMMAND...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/node.sh
. scripts/compose-state.sh

which=cache
case "${1:-}" in cache | queue) which="$1" && shift ;; esac

# The value of variable "$1", or what the file holds that "$1"_FILE names.
value_of() {
  local file="$1_FILE"
  if [[ -n "${!1:-}" ]]; then printf '%s' "${!1}"; elif [[ -n "${!file:-}" ]]; then cat "${!file}"; fi
}

url=
[[ "$which" = queue ]] && url="$(value_of REDIS_QUEUE_URL)"
[[ -n "$url" ]] || url="$(value_of REDIS_URL)"

if [[ -z "$url" ]]; then
  compose_runs "redis-$which" ||
    fail "no Redis: set REDIS_URL, or REDIS_QUEUE_URL for the queue. Without one Falcon keeps the queue in Postgres and the rest in memory."
  secret=secrets/redis-url
  [[ "$which" = cache ]] || secret=secrets/redis-queue-url
  REDISCLI_AUTH="$(sed -n 's|^redis://:\(.*\)@.*|\1|p' "$secret")"
  export REDISCLI_AUTH # by name alone: arguments can be seen by everybody
  compose_exec -e REDISCLI_AUTH "redis-$which" redis-cli "$@"
fi
PATH="$PATH:$PWD/.tools/bin" # where the one of the tests is
command -v redis-cli >/dev/null || fail "redis-cli is not here: install Debian's redis-tools, or what your system calls it."
exec redis-cli --no-auth-warning -u "$url" "$@"
