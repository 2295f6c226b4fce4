#!/usr/bin/env bash
# A tour of links: what weighting samples by e^{reward / beta} does to each of them.
# examples/tour.sh [esscher program]
set -euo pipefail
esscher=${1:-esscher}

stop() {
  printf '\n'
  printf '%.0s-' {1..92}
  printf '\n%s\n' "$1"
  shift
  printf '\n  $ esscher'
  # Quoted where a shell would want it, so that the line can be copied.
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_.:,@=/-]*) printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n\n'
  "$esscher" "$@"
}

stop "The links that have a name. Anything else is a formula in z." \
  links
stop "tanh rises all the way: its first Hermite coefficient shows the direction at once." \
  theory --link tanh --noise gaussian:0.3 --beta 4,2,1,0.5
stop "A bounded link that looks flat to first and second order: one pass over the samples needs
about d^2 of them, unless rewards are weighted." \
  theory --link damped_hermite:3 --beta 4,2,1,0.5
stop "The same shape, clipped: at one temperature between 1 and 2 the weighted signal vanishes.
A feature temperature must not be there." \
  theory --link hermite:3@clip:-2,2 --beta 2,1.5,1
stop "z^2 exp(-z^2): no transform of the label makes this link linear (generative exponent 4)." \
  theory --link z2exp --beta 4,1
stop "A cosine, with noise on the rewards." \
  theory --link cos:3 --noise gaussian:0.3 --beta 4,1
stop "A formula of your own." \
  theory --link 'tanh(z^3-3*z)' --beta 4,2,1,0.5
