#!/usr/bin/env bash
# The compose stack (docs/deployment.md): scripts/compose.sh secrets | up | down | logs | rollback
# up builds the image (not with BUILD=0), brings the schema up to date, and replaces what has changed, workers one by one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# As Compose takes it: from the environment, else from .env.
LATEST="${FALCON_IMAGE:-$(sed -n 's/^FALCON_IMAGE=//p' .env 2>/dev/null || true)}"
LATEST="${LATEST:-falcon-worker:latest}"
ROLLBACK="${LATEST%:*}:rollback"
WAIT=(--wait --wait-timeout 180)

say() { printf '%s\n' "$*" >&2; }

# Writes "$2" to secrets/"$1" if there is no such file.
secret() {
  [ ! -e "secrets/$1" ] || return 0
  printf '%s' "$2" >"secrets/$1.new"
  # Whoever may not enter the folder cannot read it; users of containers can, who are given the file by itself.
  chmod 444 "secrets/$1.new"
  mv "secrets/$1.new" "secrets/$1"
}

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# Random secrets, at the first time; what is there stays.
secrets() {
  mkdir -p -m 700 secrets
  secret postgres-password "$(random)"
  secret postgres-url "postgres://falcon:$(cat secrets/postgres-password)@postgres:5432/falcon_inference"
  redis cache redis-url
  redis queue redis-queue-url
  secret admin-api-key "$(random)"
  secret grafana-password "$(random)"
}

# A password for redis-"$1", as its configuration and, in file "$2", as a URL. User "probe" is for the healthcheck.
redis() {
  secret "redis-$1-acl" "requirepass $(random)"$'\nuser probe on nopass -@all +ping\n'
  secret "$2" "redis://:$(sed -n 's/^requirepass //p' "secrets/redis-$1-acl")@redis-$1:6379"
}

id_of() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# The image that service "$1" runs, or has run.
image_of() {
  local container
  container="$(docker compose ps --all --quiet "$1")"
  [ -z "$container" ] || id_of "$(docker inspect --format '{{.Image}}' "$container")"
}

# Builds the image; the one that runs is what `rollback` goes back to. worker-3 is asked, because the one built last may have got no further than worker-1.
build() {
  local before
  before="$(image_of worker-3)"
  before="${before:-$(id_of "$LATEST")}"
  docker compose build migrate
  if [ -n "$before" ] && [ "$before" != "$(id_of "$LATEST")" ]; then
    docker tag "$before" "$ROLLBACK"
  fi
}

# Replaces what is not as it should be of the services "$2"..., one after the other; the next one only when the last is ready.
# With "$1" what they depend on is left as it is.
roll() {
  local service
  for service in "${@:2}"; do
    say "$service"
    docker compose up -d ${1:+"$1"} "${WAIT[@]}" "$service" ||
      { say "$service has not become ready, and the rest is as it was: see \"docker compose logs $service\"."; exit 1; }
  done
}

# Each service by its name: Compose replaces all at once what depends on something that it replaces.
up() {
  secrets
  [ "${BUILD:-1}" = 0 ] || build
  roll '' postgres redis-cache redis-queue audit-worker worker-1 worker-2 worker-3 worker-extra # the audit worker brings "migrate" along
  docker compose up -d "${WAIT[@]}"
  # Mounted files that have changed.
  docker compose exec -T nginx nginx -c /etc/nginx/falcon/nginx.conf -s reload
  docker compose kill --signal HUP prometheus
}

# Swaps the two images, so that a second rollback takes back the first. The older one may not migrate: docs/deployment.md says what becomes of the schema.
rollback() {
  local latest rollback
  latest="$(id_of "$LATEST")" rollback="$(id_of "$ROLLBACK")"
  [ -n "$rollback" ] || { say "There is no image $ROLLBACK: nothing was replaced yet, or it was removed."; exit 1; }
  docker tag "$rollback" "$LATEST"
  docker tag "$latest" "$ROLLBACK"
  roll --no-deps worker-1 worker-2 worker-3 worker-extra audit-worker
}

needs_compose() {
  local version
  version="$(docker compose version --short 2>/dev/null)" && printf '2.24\n%s\n' "${version#v}" | sort -CV || { say 'This needs Docker with Compose 2.24 or newer: https://docs.docker.com/engine/install'; exit 1; }
}

case "${1:-}" in
  secrets) secrets ;;
  up | rollback) needs_compose && "$1" ;;
  down | logs) needs_compose && docker compose "$@" ;;
  *) say "Usage: scripts/compose.sh secrets | up | down | logs | rollback"; exit 2 ;;
esac
