# ESSCHER_SANITIZE: sanitizers for everything that is built here; CMakePresets.json sets it.
set(ESSCHER_SANITIZE "" CACHE STRING "address;undefined or thread; empty for none")

if(ESSCHER_SANITIZE)
  list(JOIN ESSCHER_SANITIZE "," sanitizers)
  # A finding ends the program, so that a test cannot pass with one.
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
  if("address" IN_LIST ESSCHER_SANITIZE AND "undefined" IN_LIST ESSCHER_SANITIZE)
    # The address sanitizer sees what they look for, and they are a third of the time to compile.
    add_compile_options(-fno-sanitize=null,object-size)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC's manual: with sanitizers this warning has many false alarms.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

# The thread sanitizer sees only the synchronisation that it has compiled, or that it is told of.
# OpenMP run times are not compiled with it, so the end of every parallel region would be reported
# as a race. LLVM's run time can tell it through the archer tool, GCC's cannot; hence Clang here.
# Linked in, archer needs no OMP_TOOL_LIBRARIES; the test preset's TSAN_OPTIONS it does need.
if("thread" IN_LIST ESSCHER_SANITIZE)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ESSCHER_SANITIZE=thread needs Clang with LLVM's OpenMP, not "
                        "${CMAKE_CXX_COMPILER_ID}: see the comment here; use the preset tsan")
  endif()
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-resource-dir
                  OUTPUT_VARIABLE resources OUTPUT_STRIP_TRAILING_WHITESPACE)
  find_library(ESSCHER_ARCHER archer REQUIRED HINTS ${resources}/../.. ${resources}/../../..)
  get_filename_component(archer_folder ${ESSCHER_ARCHER} DIRECTORY)
  add_link_options(-Wl,--no-as-needed ${ESSCHER_ARCHER} -Wl,--as-needed
                   -Wl,-rpath,${archer_folder})
endif()
