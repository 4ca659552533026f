# How a folder becomes a library, a program or a test: one function each.
#
# inccl_module(NAME SOURCES … [DEPENDS …] [PRIVATE …])
#   A folder of src/: the static library inccl_NAME (position independent), alias inccl::NAME.
#   DEPENDS repeats the floors of the architecture: only folders on lower floors stand there.
# inccl_test(NAME SOURCES … DEPENDS … [LABELS …] [TIMEOUT seconds])
#   A GoogleTest program, one ctest entry.
# inccl_fuzz(TARGET SOURCES … DEPENDS …)
#   A fuzz target of tests/fuzz: the test fuzz_TARGET_test, which replays tests/fuzz/corpus/TARGET with
#   mutations; with INCCL_FUZZ also bin/TARGET_fuzz of libFuzzer and its seeds, fuzz-corpus/TARGET.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

find_program(INCCL_CCACHE_PROGRAM ccache)
if(INCCL_CCACHE AND INCCL_CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${INCCL_CCACHE_PROGRAM}")
  if(INCCL_PRECOMPILE)  # without them ccache keeps nothing that was compiled with a precompiled header
    set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros "${INCCL_CCACHE_PROGRAM}")
  endif()
endif()

add_library(inccl_options INTERFACE)
target_compile_features(inccl_options INTERFACE cxx_std_20)
target_include_directories(inccl_options INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
# No contraction of a*b+c to FMA: results are bitwise equal at every SIMD level.
target_compile_options(inccl_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-ffp-contract=off>
  $<$<BOOL:${INCCL_WERROR}>:-Werror>)
if(INCCL_SANITIZE)
  target_compile_definitions(inccl_options INTERFACE INCCL_SANITIZED)
  # Not `enum`: a caller in C may pass any integer for a type or an operation, and the library's own
  # checks answer that.
  target_compile_options(inccl_options INTERFACE -fsanitize=${INCCL_SANITIZE} -fno-omit-frame-pointer
    $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all;-fno-sanitize=enum>
    "$<$<BOOL:$<TARGET_PROPERTY:INCCL_UNCHECKED>>:-fno-sanitize=$<TARGET_PROPERTY:INCCL_UNCHECKED>>")
  target_link_options(inccl_options INTERFACE -fsanitize=${INCCL_SANITIZE})
  find_program(INCCL_LLD ld.lld)
  if(INCCL_LLD AND CMAKE_CXX_COMPILER_ID MATCHES Clang)  # a fifth of the time for each of 200 programs
    target_link_options(inccl_options INTERFACE -fuse-ld=lld)
  endif()
endif()

if(INCCL_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "INCCL_FUZZ needs clang++: cmake --preset fuzz")
  endif()
  target_compile_options(inccl_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Precompiled headers: what nearly every file includes, parsed once. For builds that are made to test;
# the release build goes without, and so proves that each file includes what it uses.
#
# inccl_precompiled_headers(NAME STATIC|EXECUTABLE HEADERS … DEPENDS …)
#   The kind is that of the targets that use them: an executable's code is compiled otherwise (-fPIE).
function(inccl_precompiled_headers name kind)
  cmake_parse_arguments(arg "" "" "HEADERS;DEPENDS" ${ARGN})
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/precompiled/${name}.cc" CONTENT "int main() {}\n")
  if(kind STREQUAL EXECUTABLE)
    add_executable(inccl_precompiled_${name} "${PROJECT_BINARY_DIR}/precompiled/${name}.cc")
  else()
    add_library(inccl_precompiled_${name} STATIC "${PROJECT_BINARY_DIR}/precompiled/${name}.cc")
  endif()
  target_link_libraries(inccl_precompiled_${name} PRIVATE inccl_options ${arg_DEPENDS})
  target_compile_options(inccl_precompiled_${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  target_precompile_headers(inccl_precompiled_${name} PRIVATE ${arg_HEADERS})
endfunction()

function(inccl_use_precompiled target name)
  if(INCCL_PRECOMPILE)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    target_link_libraries(${target} PRIVATE fmt::fmt)  # its macros are those of the header's compilation
    target_precompile_headers(${target} REUSE_FROM inccl_precompiled_${name})
  endif()
endfunction()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

if(INCCL_PRECOMPILE)
  set(inccl_common_headers <algorithm> <array> <atomic> <cstring> <functional> <map> <memory> <mutex> <optional>
    <span> <string> <thread> <utility> <vector> <fmt/format.h>)
  inccl_precompiled_headers(code STATIC HEADERS ${inccl_common_headers} DEPENDS fmt::fmt)
  if(INCCL_BUILD_TESTS)
    inccl_precompiled_headers(test EXECUTABLE HEADERS ${inccl_common_headers} <gmock/gmock.h> <gtest/gtest.h>
      DEPENDS fmt::fmt GTest::gmock)
  endif()
endif()

function(inccl_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(inccl_${name} STATIC ${arg_SOURCES})
  add_library(inccl::${name} ALIAS inccl_${name})
  target_link_libraries(inccl_${name} PUBLIC inccl_options ${arg_DEPENDS} PRIVATE ${arg_PRIVATE})
  inccl_use_precompiled(inccl_${name} code)
endfunction()

# Whether a test of these labels is not built: by INCCL_TESTS_WITHOUT; or, with INCCL_UNIT_TESTS off, as one that
# is left to a sanitizers' build. Those stay that such a build leaves out, or whose subject is what an
# optimising compiler makes of the code.
function(inccl_is_left_out result)
  set(left OFF)
  if(NOT INCCL_UNIT_TESTS AND "unit" IN_LIST ARGN)
    set(left ON)
  endif()
  foreach(label slow sweep timing codegen)
    if(label IN_LIST ARGN)
      set(left OFF)
    endif()
  endforeach()
  foreach(label IN LISTS INCCL_TESTS_WITHOUT)
    if(label IN_LIST ARGN)
      set(left ON)
    endif()
  endforeach()
  set(${result} ${left} PARENT_SCOPE)
endfunction()

function(inccl_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS;ARGS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(${name} PRIVATE INCCL_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} GTest::gmock GTest::gtest_main)
  inccl_use_precompiled(${name} test)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  inccl_is_left_out(left ${arg_LABELS})
  if(left)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()

# Code that runs long under sanitizers, or (intrinsics) needs an optimiser: -O1 where the preset says -O0,
# and so without the precompiled headers.
function(inccl_optimise_under_sanitizers target)
  if(INCCL_SANITIZE)
    set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()

function(inccl_fuzz target)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${target}")
  set(replay fuzz_${target}_test)
  add_executable(${replay} ${arg_SOURCES})
  target_link_libraries(${replay} PRIVATE ${arg_DEPENDS} fuzz_replay)
  if(NOT INCCL_UNIT_TESTS)
    set_target_properties(${replay} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  add_test(NAME ${replay} COMMAND ${replay} "${corpus}")
  set_tests_properties(${replay} PROPERTIES TIMEOUT 120 LABELS "unit;asan")
  if(INCCL_FUZZ)
    add_executable(${target}_fuzz ${arg_SOURCES})
    target_include_directories(${target}_fuzz PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${target}_fuzz PRIVATE ${arg_DEPENDS})
    target_link_options(${target}_fuzz PRIVATE -fsanitize=fuzzer)
    add_dependencies(${target}_fuzz ${replay})
    add_custom_command(TARGET ${target}_fuzz POST_BUILD VERBATIM
      COMMAND ${replay} --unpack "${PROJECT_BINARY_DIR}/fuzz-corpus/${target}" "${corpus}")
  endif()
endfunction()
