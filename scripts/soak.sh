#!/usr/bin/env bash
# The long campaigns: everything that scripts/test.sh has no time for. Run before a release, or
# before saying that a change of the core is done. Takes an hour or more on 2 cores.
#
#   scripts/soak.sh                       all campaigns
#   scripts/soak.sh --only faults,fuzz    some of them
#   scripts/soak.sh --rounds 20           rounds of fault trials, each with a fresh seed (default 5)
#   scripts/soak.sh --trials 200          trials in a round (default 50)
#   scripts/soak.sh --seed 4711           one round with this seed, to repeat a failure
#   scripts/soak.sh --fuzz-seconds 600    for each fuzz target (default 120)
#
#   tests        all tests, optimised build, with many trials
#   asan         all tests under address and undefined-behaviour sanitizers
#   tsan         all tests whose ranks are threads, under the thread sanitizer
#   faults       tests labelled faults, again and again, each round with a seed that is printed
#   matrix       inccl-perf: collectives x ranks (1 to 8, 13) x transports, float sum at all sizes and all
#                types x all operations at three, verified and hashed
#   matrix-asan  the same under address and undefined-behaviour sanitizers
#   matrix-tsan  the same, ranks as threads of one process, under the thread sanitizer
#   model        every state of the aggregation protocol's larger scenarios (docs/ina-model.md), and
#                trials x 2,000 walks by chance through larger jobs in each round
#   fuzz         every libFuzzer target
#
# A campaign that fails does not stop the next. Logs are in build/soak/; the table at the end names
# them. Exit status 0 only when all campaigns passed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/phases.sh

campaigns=(tests asan tsan faults matrix matrix-asan matrix-tsan model fuzz)
only='' rounds=5 trials=50 seed='' fuzz_seconds=120
while [ "$#" -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --only | --rounds | --trials | --seed | --fuzz-seconds)
      [ "$#" -ge 2 ] || { echo "soak.sh: $1 needs a value" >&2; exit 2; }
      case "$1" in
        --only) only=$2 ;;
        --rounds) rounds=$2 ;;
        --trials) trials=$2 ;;
        --seed) seed=$2 rounds=1 ;;
        --fuzz-seconds) fuzz_seconds=$2 ;;
      esac
      shift 2 ;;
    *) echo "soak.sh: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
done
for word in ${only//,/ }; do
  [[ " ${campaigns[*]} " == *" $word "* ]] || {
    echo "soak.sh: no campaign '$word'; there are: ${campaigns[*]}" >&2; exit 2; }
done

logs=build/soak
failures=0
# A hang must not stop the campaigns: nothing here runs longer than this.
limit="timeout --kill-after=30 7200"
export UBSAN_OPTIONS=print_stacktrace=1
# Tests that fork beside threads of their own: let the child go on.
export TSAN_OPTIONS=die_after_fork=0

wanted() { [ -z "$only" ] || [[ ",$only," == *",$1,"* ]]; }

# step NAME COMMAND…: a phase with build/soak/NAME.log, whose failure is counted.
step() {
  local name=$1
  shift
  phase "$name" "$logs/${name// /_}.log" $limit "$@" || { failures=$((failures + 1)); return 1; }
}

build() {  # PRESET CMAKE-ARGUMENTS…
  local preset=$1
  shift
  # test.sh may have left tests out of it.
  step "configure $preset" cmake --preset "$preset" -DINCCL_UNIT_TESTS=ON -DINCCL_TESTS_WITHOUT= "$@" &&
    step "build $preset" cmake --build "build/$preset" --parallel "$jobs"
}

all_tests() {  # PRESET CTEST-ARGUMENTS…
  local preset=$1
  shift
  INCCL_TEST_TRIALS=$trials step "tests $preset" \
    ctest --test-dir "build/$preset" --output-on-failure --timeout 1800 -j 1 "$@"
}

fault_rounds() {
  local round chosen
  for ((round = 1; round <= rounds; round++)); do
    chosen=${seed:-$((RANDOM << 30 | RANDOM << 15 | RANDOM))}
    say "round $round of $rounds: repeat it with --only faults --seed $chosen --trials $trials"
    INCCL_TEST_SEED=$chosen INCCL_TEST_TRIALS=$trials step "faults seed $chosen" \
      ctest --test-dir build/dev --output-on-failure --no-tests=error --timeout 1800 -j 1 -L '^faults$'
  done
}

model_rounds() {
  local search=build/dev/bin/ina_model_search round chosen
  step "model searched" "$search" --list soak && tail -n 1 "$logs/model_searched.log"
  for ((round = 1; round <= rounds; round++)); do
    chosen=${seed:-$((RANDOM << 30 | RANDOM << 15 | RANDOM))}
    say "round $round of $rounds: repeat it with --only model --seed $chosen --trials $trials"
    step "model walks seed $chosen" "$search" --walks $((trials * 2000)) --seed "$chosen"
  done
}

# matrix BUILD processes|threads RANKS SIZES…: inccl-perf for each collective, number of ranks (a word of
# RANKS) and transport: float sum at SIZES, and all types and operations at three sizes, hashed. Buffers
# are shifted, and the library's own, in turn. A wrong element or a bad status fails it.
matrix() {
  local perf=build/$1/bin/inccl-perf kind=$2 all_ranks=$3 status=0 point=0 rows=0
  local collective ranks transport what place output
  shift 3
  for collective in all_reduce all_gather broadcast reduce_scatter reduce alltoall alltoallv gather scatter \
    sendrecv barrier; do
    for ranks in $all_ranks; do
      for transport in inproc shm tcp; do
        place=--np  # threads of one process are all that "inproc" connects
        if [ "$kind" = threads ] || [ "$transport" = inproc ]; then place=-t; fi
        for what in "-d float -o sum $*" "-d all -o all -b 40 -e 160K -f 64"; do
          # shellcheck disable=SC2206  # words
          local command=("$perf" "$collective" "$place" "$ranks" --transport "$transport" $what -n 2 -w 1 -c 1 --hash
            -r $((ranks - 1)) -u $(((point + point / 3) % 3)) -R $((point % 2)))
          echo "${command[*]}"
          output=$(INCCL_TESTS_ALLTOALLV_SPREAD=0.75 timeout 900 "${command[@]}" 2>&1) ||
            { echo "FAILED: ${command[*]}"; status=1; }
          echo "$output"
          rows=$((rows + $(grep -cE '^ +[0-9]+ +[0-9]+ ' <<<"$output")))
        done
        point=$((point + 1))
      done
    done
  done
  echo "matrix: $((2 * point)) runs, $rows rows, status $status"
  return "$status"
}
export -f matrix

fuzz_targets() {
  local target name status=0
  for target in build/fuzz/bin/*_fuzz; do
    [ -x "$target" ] || continue
    name=$(basename "$target" _fuzz)
    step "fuzz $name" "$target" "build/fuzz/fuzz-corpus/$name" -max_total_time="$fuzz_seconds" -timeout=25 \
      -print_final_stats=1 -artifact_prefix="$logs/" || status=1
  done
  return "$status"
}

mkdir -p "$logs"
install_dependencies || exit 1

if wanted tests || wanted faults || wanted model; then build dev -DINCCL_WERROR=ON; fi
if wanted tests; then all_tests dev; fi
if wanted faults; then fault_rounds; fi
if wanted model; then model_rounds; fi
if wanted matrix && build release; then
  step matrix bash -c 'matrix release processes "1 2 3 4 5 6 7 8 13" -b 8 -e 16M -f 4'
fi
if wanted asan || wanted matrix-asan; then build asan -DINCCL_BUILD_BENCH=ON -DINCCL_BUILD_TOOLS=ON; fi
if wanted asan; then all_tests asan -LE '^(timing|house)$'; fi
if wanted matrix-asan; then step "matrix asan" bash -c 'matrix asan processes "1 2 3 5 8" -b 8 -e 1M -f 8'; fi
if wanted tsan || wanted matrix-tsan; then build tsan; fi
if wanted tsan; then all_tests tsan -LE '^(timing|house|processes)$'; fi
if wanted matrix-tsan; then step "matrix tsan" bash -c 'matrix tsan threads "1 2 3 5 8" -b 8 -e 1M -f 8'; fi
if wanted fuzz && ! compgen -G 'tests/fuzz/*_fuzz.cc' >/dev/null; then
  say "fuzz skipped: there is no tests/fuzz/*_fuzz.cc"
elif wanted fuzz && build fuzz -DINCCL_BUILD_BENCH=OFF -DINCCL_BUILD_EXAMPLES=OFF; then
  fuzz_targets
fi

echo
phase_times
say "total; logs in $logs/"
if [ "$failures" -ne 0 ]; then echo "soak.sh: $failures phases failed" >&2; exit 1; fi
say "all campaigns passed"
