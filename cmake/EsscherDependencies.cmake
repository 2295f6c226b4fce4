# Libraries that esscher is built with; packages.txt names the Debian package of each.
find_package(OpenMP REQUIRED)
find_package(hwy REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(muparser REQUIRED)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
