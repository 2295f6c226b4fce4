#!/usr/bin/env bash
# A wheel that holds its libraries, in build/python/dist, from the wheel of scripts/python.sh, which
# links Debian's: scripts/wheel.sh. Its tag names the oldest glibc that serves.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/python
export PATH=$folder/venv/bin:$PATH

rm -rf "$folder/dist" "$folder/repaired"
# Notes of a good run go where reasons of a failure go.
if ! notes=$(auditwheel repair --wheel-dir "$folder/repaired" "$folder"/wheel/*.whl 2>&1); then
  echo "$notes" >&2
  exit 1
fi
wheel unpack --dest "$folder/repaired" "$folder"/repaired/*.whl >/dev/null

# Who passes on a library passes on its license: those of the packages that auditwheel has listed.
unpacked=$(find "$folder/repaired" -mindepth 1 -maxdepth 1 -type d)
licenses=$(echo "$unpacked"/*.dist-info/licenses)
packages=$(python -c '
import json, sys

for part in json.load(open(sys.argv[1]))["components"]:
    if part["purl"].startswith("pkg:deb/"):
        print(part["name"])' "$unpacked"/*.dist-info/sboms/auditwheel.cdx.json)
for package in $packages; do
  install -D -m 644 "/usr/share/doc/$package/copyright" "$licenses/$package"
done
# Debian's files name long licenses by their paths.
common=$(grep -hro '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$licenses" | sort -u)
for license in $common; do
  install -D -m 644 "$license" "$licenses/common-licenses/$(basename "$license")"
done

mkdir "$folder/dist"
wheel pack --dest-dir "$folder/dist" "$unpacked" >/dev/null
rm -rf "$folder/repaired"
ls -l "$folder"/dist/*.whl
