# Sourced by demo.sh, test.sh and soak.sh: phases with a name, a log, elapsed seconds, and a failure
# that says what to look at.
#
#   phase NAME LOG COMMAND…     runs COMMAND with its output in LOG; on a terminal its last line is
#                               shown while it runs; returns its status, having said why it failed
#   phase_live NAME COMMAND…    the same with the output shown as it comes
#   phase_times                 a table of all phases so far
#   usage                       the comment at the top of the script

script_name=$(basename "$0" .sh)
jobs=$(nproc)
phase_table=()

usage() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "scripts/$script_name.sh"; }

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

# Shows the newest line of a log until process $1 ends: on a terminal in one line that is rewritten,
# else (a CI log) one line every 20 seconds.
follow() {
  local pid=$1 log=$2 line shown=0
  while kill -0 "$pid" 2>/dev/null; do
    # Of a build the newest "[12/345] …", whatever warnings stand after it.
    line=$(tail -n 200 "$log" | awk '/^\[/ { b = $0 } { l = $0 } END { print substr(b ? b : l, 1, 88) }') || true
    if [ -t 1 ]; then
      printf '\r\033[K[%4d s]   %s' "$SECONDS" "$line"
    elif [ $((SECONDS - shown)) -ge 20 ] && [ -n "$line" ]; then
      shown=$SECONDS
      say "  $line"
    fi
    sleep 0.5
  done
  if [ -t 1 ]; then printf '\r\033[K'; fi
}

phase_done() {  # NAME STARTED STATUS
  local result=ok
  if [ "$3" -ne 0 ]; then result="FAILED ($3)"; fi
  phase_table+=("$(printf '  %-34s %6d s  %s' "$1" $((SECONDS - $2)) "$result")")
}

phase() {
  local name=$1 log=$2 started=$SECONDS status=0
  shift 2
  say "$name"
  mkdir -p "$(dirname "$log")"
  : >"$log"
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$!
  follow "$pid" "$log"
  wait "$pid" || status=$?
  phase_done "$name" "$started" "$status"
  if [ "$status" -ne 0 ]; then
    { grep -nE 'error:|FAILED|CMake Error' "$log" | head -n 12 || true
      echo "--- the end of $log:"
      tail -n 25 "$log"
      echo "$script_name: '$name' failed with status $status; the whole output is in $log"; } >&2
  fi
  return "$status"
}

phase_live() {
  local name=$1 started=$SECONDS status=0
  shift
  say "$name"
  "$@" </dev/null || status=$?
  phase_done "$name" "$started" "$status"
  if [ "$status" -ne 0 ]; then echo "$script_name: '$name' failed with status $status" >&2; fi
  return "$status"
}

phase_times() {
  echo "  phase                                 seconds  result"
  printf '%s\n' "${phase_table[@]}"
}

# Installs what is missing. Needs root or sudo, and says so itself.
install_dependencies() {
  say "packages (scripts/install-deps.sh; nothing is done when all are there)"
  if ! bash scripts/install-deps.sh; then
    { echo "$script_name: could not install the packages that INCCL builds on."
      echo "On Debian 12 they are those that 'scripts/install-deps.sh --list' prints; install them by"
      echo "hand (as root, with network) and start again."; } >&2
    return 1
  fi
}
