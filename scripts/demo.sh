#!/usr/bin/env bash
# From a fresh Debian 12 to a measured and verified all-reduce between four processes.
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
phase "building the library and inccl-perf with $jobs jobs" "$logs/build.log" \
  cmake --build build/release --parallel "$jobs" --target inccl inccl-perf

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
say "done: every element of every size was right. Columns: time of one call, algbw = bytes / time,"
echo "         busbw = algbw x 2(n-1)/n, the rate that each link carried. README.md goes on from here."
