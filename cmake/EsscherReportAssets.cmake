# What the pages of room report hold beside their data: a style, a script and the chart library,
# made into one source. The library is Vega's modules, of which Debian's libjs-vega has no bundle;
# crossfilters, maps, trees, forces and word clouds are left out.
set(ESSCHER_VEGA_MODULES
  util time format loader dataflow statistics scale canvas scenegraph transforms view-transforms
  encode expression selection functions event-selector parser runtime view)
find_path(ESSCHER_VEGA_DIR vega-view.min.js
  PATHS /usr/share/javascript/vega REQUIRED NO_DEFAULT_PATH
  DOC "Folder of Vega's modules (Debian: libjs-vega)")
find_file(ESSCHER_VEGA_LICENCE copyright
  PATHS /usr/share/doc/libjs-vega REQUIRED NO_DEFAULT_PATH
  DOC "Licences of Vega's modules")

set(assets_source ${CMAKE_CURRENT_BINARY_DIR}/generated/report/assets.cpp)
set(assets_folder ${PROJECT_SOURCE_DIR}/src/report)
list(TRANSFORM ESSCHER_VEGA_MODULES PREPEND ${ESSCHER_VEGA_DIR}/vega- OUTPUT_VARIABLE module_files)
list(TRANSFORM module_files APPEND .min.js)
list(JOIN ESSCHER_VEGA_MODULES "," module_names)
add_custom_command(OUTPUT ${assets_source}
  COMMAND ${CMAKE_COMMAND} -D SOURCE=${assets_source} -D FOLDER=${assets_folder}
          -D VEGA=${ESSCHER_VEGA_DIR} -D LICENCE=${ESSCHER_VEGA_LICENCE}
          -D MODULES=${module_names} -P ${CMAKE_CURRENT_LIST_DIR}/write_report_assets.cmake
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/write_report_assets.cmake ${assets_folder}/page.css
          ${assets_folder}/page.js ${assets_folder}/vega_modules.js ${module_files}
          ${ESSCHER_VEGA_LICENCE}
  COMMENT "Taking the pages' script, style and chart library into a source" VERBATIM)
# Clang counts what a literal may be made of; and names in it are not ours.
set_source_files_properties(${assets_source} PROPERTIES
  SKIP_UNITY_BUILD_INCLUSION ON COMPILE_OPTIONS -w)
target_sources(esscher_report PRIVATE ${assets_source})
