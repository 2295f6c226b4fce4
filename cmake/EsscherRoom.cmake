# esscher_compile(target): how rooms and programs are compiled. With ESSCHER_UNITY, sources are
# compiled together; who edits one file again and again may prefer -DESSCHER_UNITY=OFF.
function(esscher_compile target)
  target_compile_options(${target} PRIVATE ${ESSCHER_WARNINGS})
  if(ESSCHER_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${ESSCHER_UNITY_BATCH})
    # Names of one file may shadow those of another; builds without unity warn of real shadows.
    target_compile_options(${target} PRIVATE -Wno-shadow)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
  # What reads, orders and writes takes little of the tests' time; optimised, sanitized code of it
  # takes long to compile.
  if("address" IN_LIST ESSCHER_SANITIZE AND NOT ESSCHER_BUILD_FUZZ
     AND target MATCHES "^esscher(_data|_pipeline|_report|_record)?$")
    target_compile_options(${target} PRIVATE -O0)
  endif()
  # Fuzz targets do nothing here with the bytes of a file but to move tensors of a model into a
  # MetricKernel. Rooms that they do reach come first where they are linked, so that of inline
  # functions which both have the instrumented ones are taken.
  if(ESSCHER_BUILD_FUZZ AND target MATCHES "^esscher_(features|refinement|policy|temperature)$")
    target_compile_options(${target} PRIVATE -O0 -fno-sanitize=all)
  endif()
  # Vector kernels are read once for each instruction set, so each stays by itself. To watch the
  # scope of their hundreds of registers takes GCC minutes and finds nothing.
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    file(STRINGS ${source} kernel REGEX "hwy/foreach_target" LIMIT_COUNT 1)
    if(kernel)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
      if(ESSCHER_BUILD_FUZZ)
        # No bytes of a file get there, and Clang takes minutes to instrument them, or to compile
        # them for more than the baseline's instruction set.
        set_source_files_properties(${source} PROPERTIES
          COMPILE_OPTIONS "-fno-sanitize=all;-DHWY_COMPILE_ONLY_STATIC")
      elseif("address" IN_LIST ESSCHER_SANITIZE)
        set_source_files_properties(${source} PROPERTIES
          COMPILE_OPTIONS -fno-sanitize-address-use-after-scope)
      endif()
    endif()
  endforeach()
endfunction()

# esscher_room(name [ROOMS room...] [HEADERS library...] [PRIVATE library...])
#
# One room is one library: every src/<name>/*.cpp, with the headers of include/esscher/<name>/.
# ROOMS are the rooms that it may include. PRIVATE are libraries that its headers do not show, and
# HEADERS those of them that are headers only, which users of an installed esscher do not need.
set_property(GLOBAL PROPERTY ESSCHER_ROOMS "")
set(ESSCHER_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on "text" + std::string() (GCC bug 105651).
  list(APPEND ESSCHER_WARNINGS -Wno-restrict)
endif()

function(esscher_room name)
  cmake_parse_arguments(ROOM "" "" "ROOMS;HEADERS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  set(target esscher_${name})
  add_library(${target} ${sources})
  add_library(esscher::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_features(${target} PUBLIC cxx_std_20)
  esscher_compile(${target})
  list(TRANSFORM ROOM_ROOMS PREPEND esscher_ OUTPUT_VARIABLE rooms)
  target_link_libraries(${target} PUBLIC ${rooms} PRIVATE ${ROOM_PRIVATE})
  foreach(library IN LISTS ROOM_HEADERS)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:${library}>)
  endforeach()
  # For the tests, which check includes against this (tests/build).
  set_property(GLOBAL APPEND PROPERTY ESSCHER_ROOMS ${name})
  set_property(GLOBAL PROPERTY ESSCHER_ROOM_${name}_MAY_INCLUDE ${ROOM_ROOMS})
endfunction()
