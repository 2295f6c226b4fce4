# cmake -P: writes SOURCE, which holds FOLDER's page.css and page.js and the MODULES (a,b,...) of
# VEGA with their LICENCE. Raw strings cost a compiler next to nothing, unlike lists of bytes.
cmake_policy(VERSION 3.25)
set(text "// Written by cmake/write_report_assets.cmake.\n#include \"report/assets.h\"\n\n")
string(APPEND text "namespace esscher::internal {\n\n")

# A closing tag would end the page's element.
function(take name content)
  if(content MATCHES "</script|\\)asset\"")
    message(FATAL_ERROR "${name} cannot be taken into a page as it is")
  endif()
  set(text "${text}std::string_view ${name}() {\n  return R\"asset(${content})asset\";\n}\n\n"
      PARENT_SCOPE)
endfunction()

file(READ ${FOLDER}/page.css style)
take(page_style "${style}")
file(READ ${FOLDER}/page.js script)
take(page_script "${script}")
file(READ ${LICENCE} licence)
take(chart_licences "${licence}")

# Each module is written for a loader that gives it what it requires by name.
set(library "const vegaModules = {};\nfunction vegaModule(name, body) {\n")
string(APPEND library "  const module = { exports: {} };\n")
string(APPEND library "  body(module.exports, module, (other) => vegaModules[other]);\n")
string(APPEND library "  vegaModules[name] = module.exports;\n}\n")
string(REPLACE "," ";" names "${MODULES}")
foreach(name IN LISTS names)
  file(READ ${VEGA}/vega-${name}.min.js module)
  string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" module "${module}")
  # The one module whose file has another name than those who require it use.
  if(name STREQUAL "selection")
    set(name selections)
  endif()
  string(APPEND library "vegaModule(\"vega-${name}\", function (exports, module, require) {\n")
  string(APPEND library "${module}\n});\n")
endforeach()
file(READ ${FOLDER}/vega_modules.js joined)
string(APPEND library "${joined}")
take(chart_library "${library}")
string(APPEND text "}  // namespace esscher::internal\n")
file(WRITE ${SOURCE} "${text}")
