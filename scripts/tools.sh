#!/usr/bin/env bash
# Finds the programs that only tests use; on Debian and Ubuntu fetches the missing ones into .tools/ without root and without installing anything.
# Tests look in .tools/bin, then in PATH (scripts/test-support/tools.ts). Without a program its tests are skipped, so this never fails.
# Usage: scripts/tools.sh [PROGRAM...]; without one: all of PROGRAMS
set -euo pipefail
export LC_ALL=C # what apt says is read, and apt translates it
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/node.sh

PROGRAMS="redis-server prometheus promtool amtool nginx kustomize"
TOOLS_FOLDER="$PWD/.tools"
APT_FOLDER="$PWD/.cache/apt"
LOG=.cache/tools.log
FETCH_SECONDS=120
PATH="$PATH:/usr/sbin:/sbin" # where nginx is; not in the PATH of an ordinary user
refreshed=' '

# The packages that hold program "$1"; the first gives their folder its name.
packages_of() {
  case "$1" in
    redis-server) echo redis-tools redis-server ;; # Debian keeps the program in redis-tools, with a link to it in redis-server
    prometheus | promtool) echo prometheus ;;
    amtool) echo prometheus-alertmanager ;;
    nginx) echo nginx nginx-common ;;
    *) echo "$1" ;;
  esac
}

# True when the version in the text "$1", the first of its kind, is "$2" (major * 100 + minor) or newer.
is_version() {
  local major minor
  [[ "$1" =~ v=?([0-9]+)\.([0-9]+) ]] || return 1
  major="${BASH_REMATCH[1]}" minor="${BASH_REMATCH[2]}"
  [ "$((10#$major * 100 + 10#$minor))" -ge "$2" ]
}

# True when program "$1" at "$2" runs and is new enough.
works() {
  case "$1" in
    redis-server) is_version "$("$2" --version 2>/dev/null)" 602 ;; # what BullMQ needs
    nginx) "$2" -v >/dev/null 2>&1 ;;
    kustomize) "$2" version >/dev/null 2>&1 ;;
    *) "$2" --version >/dev/null 2>&1 ;;
  esac
}

is_here() {
  [ -x "$TOOLS_FOLDER/bin/$1" ] || works "$1" "$1" ||
    { [ "$1" = kustomize ] && is_version "$(kubectl version --client 2>/dev/null)" 127; } # has the same built in
}

# Runs an apt program ("$2"...) on the package lists "$1", with a cache of our own, because an ordinary user may not write the machine's:
# the machine's lists; lists of our own from the machine's sources, for a machine that has none or old ones;
# those of Debian's next release, for what this one lacks.
apt() {
  local lists="$1" folder="$APT_FOLDER/$1" program="$2" options
  shift 2
  options=(-q -o Dir::Cache="$folder/cache" -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=1 -o Acquire::http::Timeout=20)
  [ "$lists" = machine ] || options+=(-o Dir::State="$folder/state")
  [ "$lists" != trixie ] || options+=(-o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null)
  timeout "$FETCH_SECONDS" "$program" "${options[@]}" "$@"
}

# From the mirror that the machine uses; on Ubuntu there is nothing to find.
write_trixie_source() {
  local mirror
  mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/$')" || return 1
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$APT_FOLDER/trixie/sources.list"
}

# Brings the package lists "$1" up to date, once in a run; those of the machine are not ours to touch.
refresh() {
  mkdir -p "$APT_FOLDER/$1/state/lists/partial" "$APT_FOLDER/$1/cache/archives/partial" || return 1
  case "$1$refreshed" in machine* | *" $1 "*) return 0 ;; esac
  [ "$1" != trixie ] || write_trixie_source || return 1
  apt "$1" apt-get update || return 1
  refreshed="$refreshed$1 "
}

# The libraries that the packages "$2"... name; what every machine with apt has and what only browsers load is left out.
libraries_of() {
  apt "$1" apt-cache depends --no-recommends --no-suggests "${@:2}" |
    sed -n 's/^ *|\{0,1\}Depends: \(lib[^ ]*\|lua-[^ ]*\)$/\1/p' | grep -vE '^lib(c6|gcc-s1|stdc\+\+6|elogind0|js-.*)$' | sort -u
}

# Downloads package "$2" from the lists "$1" and unpacks it into the folder "$3".
unpack() {
  (cd "$3" && apt "$1" apt-get download "$2" && dpkg-deb -x "$2"_*.deb . && rm -f "$2"_*.deb)
}

# Makes the programs of package folder "$1" runnable from .tools/bin, with the libraries that were unpacked beside them.
write_wrappers() {
  local program
  for program in "$TOOLS_FOLDER/$1"/usr/bin/* "$TOOLS_FOLDER/$1"/usr/sbin/*; do
    [ -x "$program" ] || continue
    cat >"$TOOLS_FOLDER/bin/${program##*/}" <<WRAPPER
#!/usr/bin/env bash
root="\$(cd "\$(dirname "\${BASH_SOURCE[0]}")/.." && pwd)/$1"
for folder in "\$root"/usr/lib/*-linux-gnu* "\$root"/lib/*-linux-gnu*; do
  [ -d "\$folder" ] && LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+\$LD_LIBRARY_PATH:}\$folder"
done
export LD_LIBRARY_PATH
exec "\$root/${program#"$TOOLS_FOLDER/$1/"}" "\$@"
WRAPPER
    chmod +x "$TOOLS_FOLDER/bin/${program##*/}"
  done
}

# Fetches the packages "$3"... of program "$2" from the lists "$1"; leaves all of them or none.
fetch_from() {
  local lists="$1" program="$2" name="$3" folder package
  shift 2
  folder="$(mktemp -d "$TOOLS_FOLDER/$name.XXXXXX")" || return 1
  chmod 755 "$folder"
  for package in "$@"; do
    unpack "$lists" "$package" "$folder" || { rm -rf "$folder"; return 1; }
  done
  # A library that cannot be fetched may be on the machine; whether the program runs is what counts.
  for package in $(libraries_of "$lists" "$@"); do unpack "$lists" "$package" "$folder" || true; done
  rm -rf "${TOOLS_FOLDER:?}/$name"
  mv "$folder" "$TOOLS_FOLDER/$name"
  write_wrappers "$name"
  works "$program" "$TOOLS_FOLDER/bin/$program" && return 0
  rm -rf "${TOOLS_FOLDER:?}/$name" "$TOOLS_FOLDER/bin/$program"
  return 1
}

fetch() {
  local lists
  command -v apt-get >/dev/null && command -v apt-cache >/dev/null && command -v dpkg-deb >/dev/null || return 1
  mkdir -p "$TOOLS_FOLDER/bin" || return 1
  for lists in machine own trixie; do
    # shellcheck disable=SC2046 # several packages are several words
    if refresh "$lists" && fetch_from "$lists" "$1" $(packages_of "$1"); then return 0; fi
  done
  return 1
}

mkdir -p .cache
missing=''
for program in ${*:-$PROGRAMS}; do
  is_here "$program" && continue
  say "Fetching $program for the tests into .tools/ (once)"
  fetch "$program" >>"$LOG" 2>&1 || missing="$missing $program"
done
[ -z "$missing" ] ||
  say "Not found, and could not be fetched:$missing. Tests that need them are skipped; install them to run those (redis-server: 6.2 or newer). Details: $LOG"
