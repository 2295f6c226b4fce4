#!/usr/bin/env bash
# The README's pictures, from real runs: scripts/pictures.sh [esscher program]
# Needs chromium (packages.txt, group test) and the ParD landscape where ESSCHER_SHARED says.
set -euo pipefail
cd "$(dirname "$0")/.."
esscher=${1:-build/release/apps/esscher/esscher}
shared=${ESSCHER_SHARED:-../shared}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One figure of a page, as its own SVG button saves it: picture PAGE FIGURE FILE
picture() {
  cp "$1" "$work/look.html"
  cat >>"$work/look.html" <<SCRIPT
<script>
(async () => {
  const chart = window.esscherReport.charts.find((each) => each.id === "$2");
  const end = document.createElement("pre");
  end.id = "picture";
  end.textContent = btoa(unescape(encodeURIComponent(await window.esscherReport.svg(chart))));
  document.body.append(end);
})();
</script>
SCRIPT
  chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$work/profile" \
    --virtual-time-budget=10000 --dump-dom "file://$work/look.html" 2>/dev/null |
    sed -n 's/.*<pre id="picture">\([^<]*\)<.*/\1/p' | base64 -d >"$work/picture.svg"
  grep -q '</svg>' "$work/picture.svg" || { echo "pictures: no figure $2 in $1" >&2; exit 70; }
  mv "$work/picture.svg" "$3"
  echo "$3"
}

mkdir -p docs/pictures
# Every eighth of the variants of three sites, by their fitness against one toxin.
awk 'NR == 1 || NR % 8 == 2' "$shared/data/pard3/data.csv" >"$work/variants.csv"
"$esscher" evaluate "$work/variants.csv" --one-hot seq --reward y_ParE3 --quiet \
  -o "$work/evaluation" --report "$work/evaluation.html"
picture "$work/evaluation.html" value-against-kl docs/pictures/evaluate.svg
"$esscher" simulate --link damped_hermite:3 --dim 1e4 --width 64 --noise gaussian:0.3 --control \
  --quiet -o "$work/run" --report "$work/run.html"
picture "$work/run.html" overlaps docs/pictures/simulate.svg
