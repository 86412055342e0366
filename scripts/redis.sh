#!/usr/bin/env bash
# Finds a Redis server for the tests; on Debian and Ubuntu fetches one into .redis/ without root and without installing anything.
# The tests look for redis-server in PATH, then for .redis/redis-server. Without one they are skipped, so this never fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/node.sh

REDIS_FOLDER="$PWD/.redis"
APT_FOLDER="$PWD/.cache/apt"
FETCH_SECONDS=120

# True when "$1" runs and is Redis 6.2 or newer, which is what BullMQ needs.
is_redis() {
  local version major minor
  version="$("$1" --version 2>/dev/null)" || return 1
  version="${version#*v=}"
  IFS=. read -r major minor _ <<<"$version"
  [ "$((10#${major:-0} * 100 + 10#${minor:-0}))" -ge 602 ] 2>/dev/null
}

# apt with the machine's package lists, but a cache of our own, because an ordinary user may not write the machine's.
machine_apt() {
  local program="$1"
  shift
  timeout "$FETCH_SECONDS" "$program" -q -o Dir::Cache="$APT_FOLDER/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}

# apt with lists of our own, too, for a machine that has none; the machine's sources and proxies apply.
own_apt() { machine_apt "$1" -o Dir::State="$APT_FOLDER/state" -o Acquire::Retries=1 "${@:2}"; }

apt_knows_redis() { "$1" apt-cache show redis-server 2>/dev/null | grep '^Filename:' >/dev/null; }

# The command that reaches a package list with Redis in it: the machine's list if it has one, else our own.
choose_apt() {
  APT=machine_apt
  apt_knows_redis machine_apt && return 0
  APT=own_apt
  apt_knows_redis own_apt && return 0
  own_apt apt-get update && apt_knows_redis own_apt
}

# The libraries that the packages name; what every machine with apt has is left out.
libraries_of() {
  "$APT" apt-cache depends --no-recommends --no-suggests "$@" |
    sed -n 's/^ *|\{0,1\}Depends: \(lib[^ ]*\|lua-[^ ]*\)$/\1/p' | grep -vE '^lib(c6|gcc-s1|stdc\+\+6|elogind0)' | sort -u
}

unpack() {
  local package="$1" folder="$2"
  (cd "$folder" && "$APT" apt-get download "$package" && dpkg-deb -x "$package"_*.deb root) || return 1
}

write_wrapper() {
  cat >"$1/redis-server" <<'WRAPPER'
#!/usr/bin/env bash
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for folder in "$here"/root/usr/lib/*-linux-gnu* "$here"/root/lib/*-linux-gnu*; do
  [ -d "$folder" ] && LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder"
done
export LD_LIBRARY_PATH
exec "$here/root/usr/bin/redis-server" "$@"
WRAPPER
  chmod +x "$1/redis-server"
}

# Leaves a whole .redis/ or none.
fetch() {
  command -v apt-get >/dev/null && command -v apt-cache >/dev/null && command -v dpkg-deb >/dev/null || return 1
  mkdir -p "$APT_FOLDER/state/lists/partial" "$APT_FOLDER/cache/archives/partial" || return 1
  choose_apt || return 1
  local folder library
  folder="$(mktemp -d "$REDIS_FOLDER.XXXXXX")" || return 1
  chmod 755 "$folder"
  # Debian keeps the program in redis-tools, with a link to it in redis-server.
  if ! { unpack redis-tools "$folder" && unpack redis-server "$folder"; }; then
    rm -rf "$folder"
    return 1
  fi
  # A library that cannot be fetched may be on the machine; whether the server runs is what counts.
  for library in $(libraries_of redis-tools redis-server); do
    unpack "$library" "$folder" || true
  done
  rm -f "$folder"/*.deb
  write_wrapper "$folder"
  if ! is_redis "$folder/redis-server"; then
    rm -rf "$folder"
    return 1
  fi
  rm -rf "$REDIS_FOLDER"
  mv "$folder" "$REDIS_FOLDER"
}

if is_redis redis-server || is_redis "$REDIS_FOLDER/redis-server"; then exit 0; fi
say "Fetching a Redis server for the tests into .redis/ (once, about 2 MB)"
mkdir -p .cache
if ! fetch >.cache/redis-fetch.log 2>&1; then
  say "Redis was not found and could not be fetched: tests that need it are skipped; install redis-server (6.2 or newer). Details: .cache/redis-fetch.log"
fi
