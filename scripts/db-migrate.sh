#!/usr/bin/env bash
# Makes the tables of the audit log, or brings them up to date: in POSTGRES_URL or POSTGRES_URL_FILE, else in the running compose stack,
# else in the Postgres that Falcon starts under DATA_DIR.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/compose-state.sh

if [[ -z "${POSTGRES_URL:-}${POSTGRES_URL_FILE:-}" ]] && compose_runs postgres; then
  exec docker compose run --rm migrate
fi
exec node dist/apps/cli/src/main.js audit migrate
