# The API reference: Doxygen over the public header, as HTML. `cmake --build BUILD --target reference`,
# where Doxygen is installed (Debian: doxygen).
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()
set(DOXYGEN_PROJECT_BRIEF "In-network collective communication library")
set(DOXYGEN_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/reference")
set(DOXYGEN_OPTIMIZE_OUTPUT_FOR_C YES)
set(DOXYGEN_EXTRACT_ALL YES)
set(DOXYGEN_TYPEDEF_HIDES_STRUCT YES)
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_EXPAND_ONLY_PREDEF YES)
set(DOXYGEN_PREDEFINED "INCCL_EXPORT=")
set(DOXYGEN_WARN_AS_ERROR YES)
set(DOXYGEN_GENERATE_LATEX NO)
set(DOXYGEN_STRIP_FROM_INC_PATH "${PROJECT_SOURCE_DIR}/include")
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE "${PROJECT_SOURCE_DIR}/docs/errors.md")
# The header has plain C comments: what stands before a declaration documents it.
set(DOXYGEN_INPUT_FILTER "sed -e 's|^/\\* \\([^-]\\)|/** \\1|' -e 's|\\([,;]\\) */\\* |\\1 /**< |'")
doxygen_add_docs(reference "${PROJECT_SOURCE_DIR}/include/inccl/inccl.h" "${PROJECT_SOURCE_DIR}/docs/errors.md"
  COMMENT "API reference in ${DOXYGEN_OUTPUT_DIRECTORY}/html/index.html")
