#!/usr/bin/env bash
# Builds everything with warnings as errors and runs all tests: those of one process (label unit) under
# sanitizers, those that the sanitizers' run leaves out (below) without, those of several processes in both.
#
#   scripts/test.sh                   everything, under 15 minutes on 2 cores
#   scripts/test.sh --quick           no sanitizers, no tests labelled slow or timing
#   scripts/test.sh --no-sanitizers   all tests, no sanitizers
#   scripts/test.sh --tidy            clang-tidy over the changed files, and nothing else
#
# Labels: timing and multi run alone (they measure, or fill the machine); waits run several at once, but
# beside nothing that computes (their processes mostly wait for deadlines); the sanitizer run leaves out slow,
# timing, house and sweep (tests that compute over everything what others do over some; soak.sh runs
# them under sanitizers too). Exit status 0 only when nothing failed; skips are counted, with their
# reasons.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/phases.sh

quick=no sanitizers=yes tidy=no
for argument in "$@"; do
  case "$argument" in
    --quick) quick=yes sanitizers=no ;;
    --no-sanitizers) sanitizers=no ;;
    --tidy) tidy=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "test.sh: unknown argument '$argument' (see --help)" >&2; exit 2 ;;
  esac
done

failed=no
results=()  # JUnit files, for the closing line

# run_tests PRESET NAME CTEST-ARGUMENTS…: one ctest run; a failure is noted, the script goes on.
run_tests() {
  local preset=$1 name=$2 junit
  shift 2
  junit=$PWD/build/$preset/logs/$name.xml
  rm -f "$junit"
  phase_live "tests, $preset, $name" \
    ctest --test-dir "build/$preset" --output-on-failure --no-tests=ignore --output-junit "$junit" \
      --test-output-size-passed 4000000 --test-output-size-failed 4000000 "$@" || failed=yes
  if [ -f "$junit" ]; then results+=("$preset=$junit"); fi
}

# run_all PRESET LABELS-LEFT-OUT: the tests of one build, in the order in which they bear company.
run_all() {
  local preset=$1 left_out=$2
  run_tests "$preset" parallel -j "$jobs" -LE "^($left_out|timing|multi|waits)$"
  run_tests "$preset" waits -j 6 -L '^waits$' -LE "^($left_out)$"
  run_tests "$preset" alone -j 1 -L '^(timing|multi)$' -LE "^($left_out)$"
}

# A build that starts from nothing compiles a folder's files together, which is less to compile, and without
# the tests that sanitizers run; one that is there stays as it is, so that a developer's next change compiles
# one file.
build() {  # PRESET CMAKE-ARGUMENTS…
  local preset=$1
  shift
  if [ ! -f "build/$preset/CMakeCache.txt" ]; then
    set -- -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 "$@"
    if [ "$preset" = asan ]; then set -- "-DINCCL_TESTS_WITHOUT=slow;sweep;timing" "$@"; fi
    if [ "$preset" = dev ] && [ "$sanitizers" = yes ]; then set -- -DINCCL_UNIT_TESTS=OFF "$@"; fi
  fi
  if [ "$sanitizers" = no ]; then set -- -DINCCL_UNIT_TESTS=ON "$@"; fi
  phase "configuring build/$preset" "build/$preset/logs/configure.log" cmake --preset "$preset" "$@"
  phase "building build/$preset with $jobs jobs" "build/$preset/logs/build.log" \
    cmake --build "build/$preset" --parallel "$jobs"
}

# Files that differ from the last commit, or else those of the last commit.
changed_sources() {
  { git diff --name-only HEAD; git ls-files --others --exclude-standard; } | sort -u >build/changed
  [ -s build/changed ] || git show --name-only --format= HEAD >build/changed
  grep -E '\.(cc|c)$' build/changed | while read -r file; do [ -f "$file" ] && echo "$file"; done || true
}

install_dependencies
if [ "$tidy" = yes ]; then
  phase "configuring build/dev" build/dev/logs/configure.log cmake --preset dev
  changed_sources | xargs -r -n 1 -P "$jobs" clang-tidy --quiet -p build/dev
  exit
fi

build dev -DINCCL_WERROR=ON
if [ "$quick" = yes ]; then run_all dev 'timing|slow'; else run_all dev none; fi

if [ "$sanitizers" = yes ]; then
  # Without the tools: a third less to compile, and sanitizers see the same of the library.
  build asan -DINCCL_BUILD_BENCH=OFF -DINCCL_BUILD_TOOLS=OFF -DINCCL_BUILD_EXAMPLES=OFF
  export UBSAN_OPTIONS=print_stacktrace=1
  run_all asan 'slow|sweep|timing|house'
fi

echo
phase_times
say "total"
python3 scripts/summarize_tests.py "${results[@]}" || failed=yes
[ "$failed" = no ]
