# What a user gets: the shared library, the public header, inccl-perf, and two ways to find them.
#
#   find_package(inccl)   lib/cmake/inccl/: imported target inccl::inccl
#   pkg-config inccl      lib/pkgconfig/inccl.pc
#
# Both come from the variables below and hold no absolute path, so an installed tree may be moved.
# The library is shared and its header needs nothing but C, so neither names what the library
# itself links to: users need no development files of hwloc or libsodium. tests/house/consumer is
# built against an installed tree in both ways.
if(NOT TARGET inccl)
  return()
endif()
include(CMakePackageConfigHelpers)

set(inccl_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/inccl")
set(inccl_pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

install(TARGETS inccl EXPORT incclTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/inccl" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h")
install(EXPORT incclTargets NAMESPACE inccl:: DESTINATION "${inccl_cmake_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/incclConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/incclConfig.cmake" INSTALL_DESTINATION "${inccl_cmake_dir}")
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/incclConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/incclConfig.cmake" "${PROJECT_BINARY_DIR}/incclConfigVersion.cmake"
  DESTINATION "${inccl_cmake_dir}")

# pkg-config knows where its file lies; everything else is said relative to that.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(inccl_pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(inccl_pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(inccl_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH inccl_up "/${inccl_pkgconfig_dir}" "/")
  string(REGEX REPLACE "/$" "" inccl_up "${inccl_up}")
  set(inccl_pc_prefix "\${pcfiledir}/${inccl_up}")
  set(inccl_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(inccl_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/inccl.pc.in" "${PROJECT_BINARY_DIR}/inccl.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/inccl.pc" DESTINATION "${inccl_pkgconfig_dir}")

# bench/perf installs inccl-perf; it finds the library beside it, wherever the tree lies.
if(TARGET inccl-perf)
  file(RELATIVE_PATH inccl_bin_to_lib "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
  set_target_properties(inccl-perf PROPERTIES INSTALL_RPATH "$ORIGIN/${inccl_bin_to_lib}")
endif()
