#!/usr/bin/env bash
# psql on the Postgres of the audit log: POSTGRES_URL or POSTGRES_URL_FILE, else that of the running compose stack, else the one that
# Falcon has started under DATA_DIR. Arguments go to psql.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/node.sh
. scripts/compose-state.sh

url="${POSTGRES_URL:-}"
[[ -z "$url" && -n "${POSTGRES_URL_FILE:-}" ]] && url="$(<"$POSTGRES_URL_FILE")"

if [[ -z "$url" ]] && compose_runs postgres; then
  compose_exec postgres sh -c 'exec psql --username "${POSTGRES_USER:-falcon}" --dbname "${POSTGRES_DB:-falcon}" "$@"' psql "$@"
fi

if [[ -z "$url" ]]; then
  note="${DATA_DIR:-./data}/postgres/data/postmaster.pid"
  [[ -r "$note" ]] || fail "no Postgres: set POSTGRES_URL, or DATA_DIR to the folder of a running Falcon (there is no $note)."
  # Not in a URL, where the folder of the socket would have to be escaped.
  export PGHOST="$(sed -n 5p "$note")" PGPORT="$(sed -n 4p "$note")" PGUSER=falcon PGDATABASE=falcon
fi
command -v psql >/dev/null || fail "psql is not here: install Debian's postgresql-client, or what your system calls it."
exec psql ${url:+"$url"} "$@"
