#!/usr/bin/env bash
# Measures INCCL side by side with the peers that are installed; installs nothing.
#
#   scripts/compare.sh                                  all-reduce, 2 ranks, all peers, 8 B to 64 MiB
#   scripts/compare.sh --ranks 4 --collectives broadcast,reduce --json run.json --svg run.svg
#   scripts/compare.sh --collectives table --check      all that docs/performance.md shows
#   scripts/compare.sh --help                           all flags
#
# Builds INCCL (preset release) and the adapters of the peers (build/peers), then runs
# bench/peers/compare on a quiet machine. Peers: scripts/install-peers.sh. Exit status: that of compare.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/phases.sh

for argument in "$@"; do
  case "$argument" in
    -h | --help | --show | --show=* | --list) exec python3 bench/peers/compare "$@" ;;
  esac
done

# Wrong flags are refused now, not after the builds.
python3 bench/peers/compare "$@" --list >/dev/null || exit $?

for program in cmake ninja g++ python3; do
  command -v "$program" >/dev/null || {
    echo "compare.sh: $program is missing; scripts/install-deps.sh installs what INCCL needs" >&2
    exit 2
  }
done

# The logs exist before anybody follows them.
mkdir -p build/release/logs build/peers/logs
touch build/release/logs/{configure,build}.log build/peers/logs/{configure,build}.log

phase "configuring build/release" build/release/logs/configure.log \
  cmake --preset release -DINCCL_BUILD_TESTS=OFF
phase "building libinccl.so with $jobs jobs" build/release/logs/build.log \
  cmake --build build/release --target inccl --parallel "$jobs"
phase "configuring the peers' adapters" build/peers/logs/configure.log \
  cmake -S bench/peers -B build/peers -G Ninja -DINCCL_BUILD_DIR="$PWD/build/release"
phase "building the peers' adapters" build/peers/logs/build.log \
  cmake --build build/peers --parallel "$jobs"

exec python3 bench/peers/compare "$@"
