# Sourced by scripts that act on the compose stack where it runs.

# True when service "$1" of the stack runs.
compose_runs() {
  command -v docker >/dev/null && [[ -n "$(docker compose ps --status running --quiet "$1" 2>/dev/null)" ]]
}

# docker compose exec, which has to be told when there is no terminal.
compose_exec() {
  local options=()
  [[ -t 0 && -t 1 ]] || options=(-T)
  exec docker compose exec ${options[@]+"${options[@]}"} "$@"
}
