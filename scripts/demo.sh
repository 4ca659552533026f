#!/usr/bin/env bash
# From a fresh Debian 12 to a measured and verified all-reduce between four processes, and one that a
# switch sums.
#
#   scripts/demo.sh        installs packages, builds build/release, runs inccl-perf
#
# Takes a few minutes the first time (mostly compiling), seconds after that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/phases.sh

case "${1:-}" in
  '') ;;
  -h | --help) usage; exit 0 ;;
  *) echo "demo.sh: unknown argument '$1' (there is only --help)" >&2; exit 2 ;;
esac

logs=build/release/logs
perf=build/release/bin/inccl-perf
measure=("$perf" all_reduce -b 8 -e 64M -f 2 --np 4)

install_dependencies
phase "configuring build/release" "$logs/configure.log" \
  cmake --preset release -DINCCL_BUILD_TESTS=OFF
phase "building with $jobs jobs" "$logs/build.log" \
  cmake --build build/release --parallel "$jobs" --target inccl inccl-perf inccl-switch

say "four processes on this machine sum vectors of 8 B to 64 MB; every element is checked:"
echo "         ${measure[*]}"
echo
status=0
"${measure[@]}" | tee "$logs/demo.txt" || status=$?
echo
if [ "$status" -ne 0 ]; then
  { echo "demo.sh: inccl-perf ended with status $status. To see what it did, run it with more words:"
    echo "  INCCL_DEBUG=INFO ${measure[*]}"; } >&2
  exit 1
fi
if ! grep -q '^# Out of bounds values : 0 OK' "$logs/demo.txt"; then
  echo "demo.sh: the table above has wrong elements, or none was checked" >&2
  exit 1
fi
say "every element of every size was right. Columns: time of one call, algbw = bytes / time,"
echo "         busbw = algbw x 2(n-1)/n, the rate that each link carried."
echo

# The same call over sockets: by a ring, by what INCCL takes by itself, and through a switch. All of
# them, and the switch, share this machine's cores, so the table shows that it works, not what a
# switch would gain (docs/ina.md).
port_file=$logs/switch.port
rm -f "$port_file" "$logs"/sums_*.json*  # inccl-perf never writes over a file
build/release/bin/inccl-switch --port 127.0.0.1:0 --payload 8192 --port-file "$port_file" >"$logs/switch.txt" &
switch=$!
trap 'kill "$switch" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  if [ -f "$port_file" ]; then break; fi
  sleep 0.1
done
export INCCL_INA INCCL_INA_FLOATS=1
INCCL_INA=$(cat "$port_file")
sums=("$perf" all_reduce -b 64 -e 1M -f 4 --np 4 --transport tcp)
say "four processes sum over TCP by a ring, by the best host schedule, and through an emulated switch:"
echo "         inccl-switch, and with INCCL_INA=$INCCL_INA INCCL_INA_FLOATS=1:"
echo "         ${sums[*]} --algo ring | ^ina | ina"
echo
for algorithm in ring ^ina ina; do
  if ! "${sums[@]}" --algo "$algorithm" --json "$logs/sums_$algorithm.json" >"$logs/sums.txt" 2>&1; then
    { cat "$logs/sums.txt"; echo "demo.sh: the run with --algo $algorithm failed, see above"; } >&2
    exit 1
  fi
done
kill "$switch"
wait "$switch" || true
trap - EXIT
python3 scripts/demo_table.py "ring=$logs/sums_ring.json" "best host schedule=$logs/sums_^ina.json" \
  "in the network=$logs/sums_ina.json"
completions=$(awk '$1 == "completions" { print $2 }' "$logs/switch.txt")
if [ "${completions:-0}" -eq 0 ]; then
  echo "demo.sh: the switch summed nothing; $logs/switch.txt and $logs/sums.txt say more" >&2
  exit 1
fi
echo
say "done: all sums were right, $completions of their packets the switch's. README.md goes on from here."
