# How a folder becomes a library, a program or a test: one function each.
#
# inccl_module(NAME SOURCES … [DEPENDS …] [PRIVATE …])
#   A folder of src/: the static library inccl_NAME (position independent), alias inccl::NAME.
#   DEPENDS repeats the floors of the architecture: only folders on lower floors stand there.
# inccl_test(NAME SOURCES … DEPENDS … [LABELS …] [TIMEOUT seconds])
#   A GoogleTest program, one ctest entry.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

find_program(INCCL_CCACHE_PROGRAM ccache)
if(INCCL_CCACHE AND INCCL_CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${INCCL_CCACHE_PROGRAM}")
endif()

add_library(inccl_options INTERFACE)
target_compile_features(inccl_options INTERFACE cxx_std_20)
target_include_directories(inccl_options INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
# No contraction of a*b+c to FMA: results are bitwise equal at every SIMD level.
target_compile_options(inccl_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-ffp-contract=off>
  $<$<BOOL:${INCCL_WERROR}>:-Werror>)
if(INCCL_SANITIZE)
  target_compile_options(inccl_options INTERFACE -fsanitize=${INCCL_SANITIZE} -fno-omit-frame-pointer
    $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all>)
  target_link_options(inccl_options INTERFACE -fsanitize=${INCCL_SANITIZE})
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

function(inccl_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(inccl_${name} STATIC ${arg_SOURCES})
  add_library(inccl::${name} ALIAS inccl_${name})
  target_link_libraries(inccl_${name} PUBLIC inccl_options ${arg_DEPENDS} PRIVATE ${arg_PRIVATE})
endfunction()

function(inccl_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS;ARGS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(${name} PRIVATE INCCL_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} GTest::gmock GTest::gtest_main)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
