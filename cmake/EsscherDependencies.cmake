# Libraries that esscher is built with; packages.txt names the Debian package of each.
find_package(OpenMP REQUIRED)
find_package(hwy REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(muparser REQUIRED)
find_package(dnnl REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(zstd REQUIRED)
find_package(simdjson REQUIRED)
# Random123 is a folder of headers without a package file.
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
add_library(Random123::headers INTERFACE IMPORTED)
set_target_properties(Random123::headers PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES ${RANDOM123_INCLUDE_DIR})
