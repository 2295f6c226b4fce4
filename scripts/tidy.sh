#!/usr/bin/env bash
# clang-tidy over the sources of the libraries and the program: scripts/tidy.sh BUILD [JOBS]
# BUILD is a configured tree with ESSCHER_UNITY, in which a room's sources are read as one: most of
# the time goes into headers. Tests and benchmarks are left out: their frameworks' macros and loops
# are most of what it would complain about, and would triple its time.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
jobs=${2:-$(nproc)}

# TIDY_CHECKS goes behind the checks of .clang-tidy: '-clang-analyzer-*' leaves out the slowest.
# Vector kernels are looked at for one instruction set instead of five.
# Some of gcc's warning options are unknown to clang, which matters where warnings are errors.
# Longest first, so that no processor waits for the last file.
sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$build/compile_commands.json" |
  grep -E "/Unity/|^$PWD/(src|apps)/" |
  xargs ls -S |
  xargs -P "$jobs" -n 1 clang-tidy -p "$build" --quiet --warnings-as-errors='*' \
    ${TIDY_CHECKS:+--checks="$TIDY_CHECKS"} --extra-arg=-DHWY_COMPILE_ONLY_STATIC \
    --extra-arg=-Wno-unknown-warning-option 2>/dev/null
