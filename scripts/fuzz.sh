#!/usr/bin/env bash
# Builds the fuzz targets and runs each for some time: scripts/fuzz.sh SECONDS [target...]
# As many run at once as there are processors, or JOBS. Each starts from fuzz/corpus and from what
# earlier runs found worth keeping (build/fuzz/corpus). A finding is left in build/fuzz/findings;
# show it to its target again to see it.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: scripts/fuzz.sh SECONDS [target...]}
shift
targets=("$@")
# That of formulas first: what it begins with takes it longest.
if [ ${#targets[@]} -eq 0 ]; then targets=(theory npy npz safetensors csv dialect jsonl gzip zstd model); fi
jobs=${JOBS:-$(nproc)}

scripts/setup.sh build check
cmake --preset fuzz
cmake --build build/fuzz -j "$jobs" --target "${targets[@]/%/_fuzz}"
mkdir -p build/fuzz/findings
# What was freed is kept for a while to catch its use; a quarter of the default leaves the limit
# below to what the program holds.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=64}

# Not with exec: wait -n of bash 5.2 may miss a process that a signal ended, but not its shell.
fuzz() {
  local target=$1 kept=build/fuzz/corpus/$1 timeout=10
  mkdir -p "$kept"
  # An integral that is hard takes seconds under the sanitizers.
  if [ "$target" = theory ]; then timeout=60; fi
  # The limits are promises: no file may cost more memory than this, or hang.
  "build/fuzz/fuzz/${target}_fuzz" -max_total_time="$seconds" -rss_limit_mb=512 \
    -malloc_limit_mb=256 -timeout=$timeout -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="build/fuzz/findings/$target-" "$kept" "fuzz/corpus/$target" \
    2>"build/fuzz/$target.log"
}

declare -A running=()  # targets by process
failed=()
# Waits for the first to end and tells of it, of one target at a time.
finish_one() {
  local ended status=0 target
  wait -n -p ended "${!running[@]}" || status=$?
  target=${running[$ended]}
  unset "running[$ended]"
  printf '\n== %s\n' "$target" >&2
  if [ "$status" -eq 0 ]; then
    grep '^stat::' "build/fuzz/$target.log" >&2 || true
  else
    cat "build/fuzz/$target.log" >&2 || true
    failed+=("$target")
  fi
}

for target in "${targets[@]}"; do
  if [ ${#running[@]} -ge "$jobs" ]; then finish_one; fi
  fuzz "$target" &
  running[$!]=$target
done
while [ ${#running[@]} -gt 0 ]; do finish_one; done

if [ ${#failed[@]} -gt 0 ]; then
  printf '\n== FOUND SOMETHING: %s\n' "${failed[*]}" >&2
  exit 1
fi
