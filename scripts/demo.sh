#!/usr/bin/env bash
# A guided tour of Falcon: each step shows a command and what it answers, and fails when the answer is not what the step promises.
# Usage: demo.sh [URL] of a running server, with ADMIN_API_KEY (and API_KEY, if it wants one); without a URL it starts one of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

URL="${1:-}"
ADMIN=(${ADMIN_API_KEY:+-H "X-API-Key: $ADMIN_API_KEY"})
CALLER=(${API_KEY:+-H "X-API-Key: $API_KEY"})
TTL_SECONDS=5 # of answers in a server of its own: after it they are only good for want of better ones
run="$$-$RANDOM" # so that no text was asked before
server=
folder=
model=

clean_up() {
  [[ -z "$model" ]] || curl -s -o /dev/null -X POST ${ADMIN[@]+"${ADMIN[@]}"} "$URL/admin/breakers/$model/reset" || true
  [[ -z "$server" ]] || { kill "$server" && wait "$server" || true; }
  [[ -z "$folder" ]] || rm -rf "$folder"
}
trap clean_up EXIT

if [[ -t 1 ]]; then BOLD=$'\033[1m' PLAIN=$'\033[0m'; else BOLD='' PLAIN=''; fi
title() { printf '\n%s%s%s\n' "$BOLD" "$1" "$PLAIN"; }

# A word as one would type it.
quoted() { if [[ "$1" =~ ^[A-Za-z0-9_./:=-]+$ ]]; then printf '%s ' "$1"; else printf "'%s' " "$1"; fi; }

# Shows a command as one could type it, runs it, shows its answer, and ends the tour unless that matches the pattern "$1".
step() {
  local pattern="$1" shown
  shift
  shown="$(for word in "$@"; do quoted "$word"; done)"
  [[ -z "${ADMIN_API_KEY:-}" ]] || shown="${shown//"$ADMIN_API_KEY"/\$ADMIN_API_KEY}"
  [[ -z "${API_KEY:-}" ]] || shown="${shown//"$API_KEY"/\$API_KEY}"
  printf '$ %s\n' "$shown"
  answer="$("$@")" || { printf '%s\n' "$answer"; printf 'The command failed.\n' >&2; exit 1; }
  printf '%s\n' "$answer"
  grep -Eq -- "$pattern" <<<"$answer" || { printf 'This answer was expected to have %s.\n' "$pattern" >&2; exit 1; }
}

ask() { step "$1" curl -sS "$URL/infer" ${CALLER[@]+"${CALLER[@]}"} -H 'Content-Type: application/json' "${@:3}" -d "{\"text\":\"$2\"}"; }

start_own_server() {
  folder="$(mktemp -d)"
  chmod 711 "$folder" # started by root, Postgres runs as another user, who has to get at its data in there
  : >"$folder/say" # is read before the server may have come to make it
  # The embedded form: the caller's environment may name the services, keys and modes of another server.
  unset $(sed -n 's/^#* *\([A-Z][A-Z0-9_]*\)=.*/\1/p' .env.example)
  ADMIN=() CALLER=()
  export DATA_DIR="$folder"
  PORT=0 HOST=127.0.0.1 CACHE_TTL_SECONDS=$TTL_SECONDS DRAIN_DELAY_SECONDS=0 AUDIT_DURABILITY=process node dist/apps/api/src/main.js >"$folder/log" 2>"$folder/say" &
  server=$!
  while ! URL="$(sed -n 's/^ *API *//p' "$folder/say")" || [[ -z "$URL" ]]; do
    kill -0 "$server" 2>/dev/null || { cat "$folder/say" >&2; exit 1; }
    sleep 0.1
  done
}

[[ -n "$URL" ]] || start_own_server

title "1. Falcon answers with a prediction, its probabilities, and how it came by them"
ask '"mode":"fresh"' "What a wonderful day $run"
answering="$(sed -n 's/.*"model":"\([^"]*\)".*/\1/p' <<<"$answer")"

title "2. The same question again is answered from the cache: cache_hit is true"
ask '"cache_hit":true' "What a wonderful day $run"

title "3. A client that did not get its answer asks again with the same key: the same answer, nothing computed or counted twice"
ask '"idempotency_hit":false' "I want my money back $run" -H "Idempotency-Key: demo-$run"
ask '"idempotency_hit":true' "I want my money back $run" -H "Idempotency-Key: demo-$run"
printf 'The same key with another text is refused:\n'
ask '"status":422' "Something else $run" -H "Idempotency-Key: demo-$run"

title "4. The model fails (its breaker is forced open): what is known is still answered, and labelled when its time is over; the rest is refused at once"
breakers="$(curl -sS ${ADMIN[@]+"${ADMIN[@]}"} "$URL/admin/breakers")"
model="$(grep -o "\"model:$answering\"" <<<"$breakers" | head -n 1 | tr -d '"' || true)"
if [[ -n "$model" ]]; then
  if [[ -n "$server" ]]; then
    printf '(answers are good for %s s here: a moment)\n' "$TTL_SECONDS"
    sleep $((TTL_SECONDS + 1))
    known='"mode":"degraded_cache"'
  else
    known='"cache_hit":true'
  fi
  step '"state":"forced_open"' curl -sS -X POST ${ADMIN[@]+"${ADMIN[@]}"} "$URL/admin/breakers/$model/force-open"
  ask "$known" "What a wonderful day $run"
  ask '"status":503|"mode":"degraded_fallback"' "Nobody has asked this before $run"
  step '"state":"closed"' curl -sS -X POST ${ADMIN[@]+"${ADMIN[@]}"} "$URL/admin/breakers/$model/reset"
  model=
else
  printf 'Left out: this needs the key of operators in ADMIN_API_KEY. The server says: %s\n' "$breakers"
fi

title "5. Every answer has left a row in the audit log"
if [[ -n "$server" ]]; then
  for _ in {1..100}; do
    rows="$(node dist/apps/cli/src/main.js audit export --from 5m 2>/dev/null | wc -l)" || true # there may be no table yet
    ((rows >= 7)) && break
    sleep 0.2
  done
  step '"degraded_cache"' node dist/apps/cli/src/main.js audit export --from 5m
elif [[ -n "${POSTGRES_URL:-}${POSTGRES_URL_FILE:-}" ]]; then
  step 'table' node dist/apps/cli/src/main.js audit status
else
  printf 'Left out: name the Postgres of that server in POSTGRES_URL to see them.\n'
fi

title 'That was the tour. make help shows what else there is.'
