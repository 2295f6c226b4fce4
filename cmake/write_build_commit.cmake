# cmake -D SOURCE=<source tree> -D HEADER=<file to write> -P write_build_commit.cmake
set(commit unknown)
find_program(GIT git)
if(GIT)
  # The owner of a checkout is often not who builds it (containers); only names are read here.
  set(git ${GIT} -c safe.directory=${SOURCE} -C ${SOURCE})
  execute_process(COMMAND ${git} rev-parse --show-toplevel
                  OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  # A release unpacked inside somebody else's repository must not carry that one's commit.
  file(REAL_PATH ${SOURCE} source)
  if(top STREQUAL source)
    execute_process(COMMAND ${git} describe --always --dirty --abbrev=12 --exclude=*
                    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
                    RESULT_VARIABLE failed)
    if(NOT failed)
      set(commit ${described})
    endif()
  endif()
endif()

set(content "// Written by cmake/write_build_commit.cmake.\n#pragma once\n\n")
string(APPEND content "#define ESSCHER_COMMIT \"${commit}\"\n")
set(current "")
if(EXISTS ${HEADER})
  file(READ ${HEADER} current)
endif()
if(NOT content STREQUAL current)
  file(WRITE ${HEADER} "${content}")
endif()
