# What base/build_info.cpp tells about the build. Settings are fixed when CMake configures; the
# commit is asked for at each build, and its header is only written when it has changed.
set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(ESSCHER_COMPILER "GCC ${CMAKE_CXX_COMPILER_VERSION}")
else()
  set(ESSCHER_COMPILER "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
endif()
configure_file(cmake/build_settings.h.in ${generated}/base/build_settings.h @ONLY)

add_custom_target(esscher_build_commit
  COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR}
          -D HEADER=${generated}/base/build_commit.h
          -P ${CMAKE_CURRENT_LIST_DIR}/write_build_commit.cmake
  BYPRODUCTS ${generated}/base/build_commit.h
  COMMENT "Asking git for the commit" VERBATIM)
add_dependencies(esscher_base esscher_build_commit)
target_include_directories(esscher_base PRIVATE ${generated})
