#!/usr/bin/env bash
# The main job: a reward model learned in a million dimensions with exponentially weighted samples,
# and the temperatures at which the policy that it tilts may be deployed.
# examples/simulate.sh [esscher program]
set -euo pipefail
esscher=${1:-esscher}
folder=$(mktemp -d)/run
page=${folder%/run}/report.html

cat <<'WORDS'
A reward of x in a million dimensions depends on one hidden direction theta* alone. To plain
regression it looks flat to first and second order, so one pass over the samples would need about
d^2 = 10^12 of them to find theta*. Weighting each sample by e^{reward / beta1} changes that.
Below, stage 1 runs twice on the same samples, with and without these weights, and finds theta* in
part; refinement trains both layers jointly, which brings theta* out in full; then rewards are read
out, policies tilted by them are valued exactly as they would be deployed, and the temperatures
that are safe are told. A few minutes on two cores.

WORDS
command=(simulate --link damped_hermite:3 --dim 1e6 --width 256 --noise gaussian:0.3
  --feature-temperature 1 --feature-samples auto --control --readout-samples 20000
  --deployment-temperature 0.1:2:log9 --tolerance 0.05 --seed 1 -o "$folder" --report "$page")
printf '  $ esscher'
printf ' %s' "${command[@]}"
printf '\n\n'
"$esscher" "${command[@]}"

printf '\nWhat theory says of the same reward: esscher theory --link damped_hermite:3\n'
printf 'A tour of other rewards: examples/tour.sh\n'
printf '\nThe same as a page to look at, which opens from disk: %s\n' "$page"
