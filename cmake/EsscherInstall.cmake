# cmake --install: headers, one library a room, and what find_package(esscher) needs. The program
# installs itself, in apps/esscher.
option(ESSCHER_INSTALL "Have an install step" ${PROJECT_IS_TOP_LEVEL})
if(NOT ESSCHER_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

set(ESSCHER_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/esscher)
get_property(rooms GLOBAL PROPERTY ESSCHER_ROOMS)
list(TRANSFORM rooms PREPEND esscher_ OUTPUT_VARIABLE targets)

# All that cmake --install needs, without the tests.
add_custom_target(install_needs DEPENDS ${targets})
install(TARGETS ${targets} EXPORT esscherTargets)
install(DIRECTORY include/esscher TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(EXPORT esscherTargets NAMESPACE esscher:: DESTINATION ${ESSCHER_PACKAGE_DIR})

configure_package_config_file(cmake/esscherConfig.cmake.in esscherConfig.cmake
  INSTALL_DESTINATION ${ESSCHER_PACKAGE_DIR}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break callers.
write_basic_package_version_file(esscherConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/esscherConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/esscherConfigVersion.cmake
        DESTINATION ${ESSCHER_PACKAGE_DIR})
