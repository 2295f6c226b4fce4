#!/usr/bin/env bash
# The wheel of scripts/wheel.sh in an empty environment, with Debian's copies of its libraries hidden
# where this machine lets a user have mounts of his own: scripts/wheel_test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/python
venv=$folder/wheel-venv

python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -c python/tests/requirements.txt \
  "$folder"/dist/*.whl
check=("$venv/bin/python" -W error python/tests/wheel_alone.py)

if ! unshare --user --map-root-user --mount true 2>/dev/null; then
  echo "wheel_test: this machine allows no mounts; Debian's libraries stay in sight" >&2
  exec "${check[@]}"
fi

# The program that was built here links Debian's libraries: it tells where they lie, and that they
# cannot be had once they are hidden.
linked=$folder/esscher/bin/esscher
hidden=()
for library in "$venv"/lib/python*/site-packages/esscher.libs/*; do
  stem=$(basename "$library")
  stem=${stem%%-*}
  hidden+=("$(ldd "$linked" | awk -v name="$stem.so" 'index($1, name) == 1 { print $3 }')")
done
empty=$(mktemp)
trap 'rm "$empty"' EXIT
unshare --user --map-root-user --mount bash -euo pipefail -c '
  empty=$1 linked=$2 count=$3
  shift 3
  for library in "${@:1:count}"; do mount --bind "$empty" "$library"; done
  if "$linked" --version >/dev/null 2>&1; then
    echo "wheel_test: libraries of Debian are still found" >&2
    exit 1
  fi
  "${@:count + 1}"' bash "$empty" "$linked" ${#hidden[@]} "${hidden[@]}" "${check[@]}"
