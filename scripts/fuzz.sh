#!/usr/bin/env bash
# Builds the fuzz targets and runs each for some time: scripts/fuzz.sh SECONDS [target...]
# Starts from fuzz/corpus and from what earlier runs found worth keeping (build/fuzz/corpus). A
# finding is left in build/fuzz/findings; show it to its target again to see it.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: scripts/fuzz.sh SECONDS [target...]}
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then targets=(npy npz safetensors csv dialect jsonl gzip zstd model theory); fi

scripts/setup.sh build check
cmake --preset fuzz
cmake --build build/fuzz -j "${JOBS:-$(nproc)}" --target "${targets[@]/%/_fuzz}"
mkdir -p build/fuzz/findings
# What was freed is kept for a while to catch its use; a quarter of the default leaves the limit
# below to what the program holds.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=64}

failed=()
for target in "${targets[@]}"; do
  printf '\n== %s\n' "$target" >&2
  kept=build/fuzz/corpus/$target
  mkdir -p "$kept"
  log=build/fuzz/$target.log
  timeout=10
  # An integral that is hard takes seconds under the sanitizers.
  if [ "$target" = theory ]; then timeout=60; fi
  # The limits are promises: no file may cost more memory than this, or hang.
  if "build/fuzz/fuzz/${target}_fuzz" -max_total_time="$seconds" -rss_limit_mb=512 \
    -malloc_limit_mb=256 -timeout=$timeout -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="build/fuzz/findings/$target-" "$kept" "fuzz/corpus/$target" 2>"$log"; then
    grep '^stat::' "$log" >&2
  else
    cat "$log" >&2
    failed+=("$target")
  fi
done
if [ ${#failed[@]} -gt 0 ]; then
  printf '\n== FOUND SOMETHING: %s\n' "${failed[*]}" >&2
  exit 1
fi
