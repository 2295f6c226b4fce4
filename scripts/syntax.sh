#!/usr/bin/env bash
# Reads each source of the libraries and the program by itself, warnings as errors:
# scripts/syntax.sh [JOBS]. Builds read a room's sources as one, in which a missing include does not
# show and shadowed names cannot be told from those of a neighbour. Nothing is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-$(nproc)}
build=build/syntax
cmake --preset release -B "$build" -DESSCHER_UNITY=OFF -DESSCHER_BUILD_TESTS=OFF \
  -DESSCHER_BUILD_BENCH=OFF >/dev/null
# What sources include of what builds make: the commit, charts and their script.
cmake --build "$build" --target esscher_build_commit >/dev/null
python3 - "$build/compile_commands.json" <<'PYTHON' |
import json
import os
import shlex
import sys

root = os.getcwd()
for entry in json.load(open(sys.argv[1])):
    if not entry["file"].startswith((root + "/src/", root + "/apps/")):
        continue
    words = shlex.split(entry["command"])
    at = words.index("-o")
    del words[at:at + 2]
    print(shlex.join(["cd", entry["directory"]]) + " && " +
          shlex.join(words + ["-fsyntax-only", "-Werror", "-O0"]))
PYTHON
  xargs -d '\n' -P "$jobs" -n 1 bash -c
