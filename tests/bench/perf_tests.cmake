# bench/perf: its parts, each for itself, and whole runs of the program.
if(NOT TARGET inccl-perf)
  return()
endif()
foreach(unit test_values data_check report options launch runner)
  inccl_test(bench_perf_${unit}_test SOURCES perf_${unit}_test.cc
    DEPENDS inccl_perf_core inccl_options LABELS unit)
endforeach()

# Holds the words of --algo and --proto to those of the library.
inccl_test(bench_perf_choices_test SOURCES perf_choices_test.cc
  DEPENDS inccl_perf_core inccl::comm LABELS unit)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME bench_perf_end_to_end_test
  COMMAND Python3::Interpreter -B "${CMAKE_CURRENT_LIST_DIR}/perf_end_to_end_test.py" "$<TARGET_FILE:inccl-perf>")
set_tests_properties(bench_perf_end_to_end_test PROPERTIES LABELS multi TIMEOUT 600)

add_test(NAME bench_perf_pairwise_test
  COMMAND Python3::Interpreter -B "${CMAKE_CURRENT_LIST_DIR}/perf_pairwise_test.py" "$<TARGET_FILE:inccl-perf>")
set_tests_properties(bench_perf_pairwise_test PROPERTIES LABELS "multi;slow" TIMEOUT 600)
