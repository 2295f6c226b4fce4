#!/usr/bin/env bash
# The Python package, built on the libraries of a build tree and installed into build/python/venv:
# scripts/python.sh BUILD. Only the module is compiled; what tests need comes from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
folder=$PWD/build/python
venv=$folder/venv

requirements=python/tests/requirements.txt

if [ ! -e "$venv/installed" ] || [ "$requirements" -nt "$venv/installed" ]; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
  touch "$venv/installed"
fi

cmake --install "$build" --prefix "$folder/esscher" >/dev/null
rm -rf "$folder/wheel"
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
launcher=$(sed -n 's/^CMAKE_CXX_COMPILER_LAUNCHER:[A-Z]*=//p' "$build/CMakeCache.txt")
CXX=$compiler "$venv/bin/pip" wheel . --quiet --no-deps --no-build-isolation \
  --wheel-dir "$folder/wheel" \
  --config-settings=cmake.source-dir=python \
  --config-settings=build-dir="$folder/cmake" \
  --config-settings=build.targets=_core \
  --config-settings=cmake.define.esscher_ROOT="$folder/esscher" \
  --config-settings=cmake.define.CMAKE_CXX_COMPILER_LAUNCHER="$launcher"
"$venv/bin/pip" install --quiet --no-deps --force-reinstall "$folder"/wheel/*.whl
"$venv/bin/pip" check --quiet
ls -l "$folder"/wheel/*.whl
