#!/usr/bin/env bash
# Installs what is missing of packages.txt with apt-get: scripts/setup.sh [group...]
# Groups are build (the default), test, check, peers and python. Costs a few milliseconds when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then set -- build; fi

if ! command -v dpkg-query >/dev/null; then
  echo "setup: no Debian packages here; packages.txt names what esscher needs" >&2
  exit 0
fi

packages=()
for group in "$@"; do
  found=$(awk -v group="$group" '
    /^## /          { inside = ($2 == group); next }
    /^#/ || NF == 0 { next }
    inside          { print $1 }' packages.txt)
  if [ -z "$found" ]; then
    echo "setup: packages.txt has no group '$group'" >&2
    exit 64
  fi
  mapfile -t -O "${#packages[@]}" packages <<<"$found"
done

# dpkg-query fails when it does not know one of them; what it prints is right all the same.
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null |
  awk '$1 == "ii" { print $2 }' || true)
missing=()
for package in "${packages[@]}"; do
  case $'\n'"$installed"$'\n' in
    *$'\n'"$package"$'\n'*) ;;
    *) missing+=("$package") ;;
  esac
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

echo "setup: installing ${missing[*]}" >&2
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  echo "setup: this needs root or sudo; ask for: apt-get install ${missing[*]}" >&2
  exit 77
fi
apt_get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
"${apt_get[@]}" update
"${apt_get[@]}" install -y --no-install-recommends "${missing[@]}"
