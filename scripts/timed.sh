#!/usr/bin/env bash
# Runs the steps of a long command, and prints at the end how long each has taken.
#
#   scripts/timed.sh begin                   forgets the times of earlier steps
#   scripts/timed.sh NAME COMMAND ARGUMENT…  runs a step; if it fails, prints the times
#   scripts/timed.sh end                     prints the times
set -euo pipefail
times=${CARGO_TARGET_DIR:-$(dirname "$0")/../target}/times

report() {
  # Steps may run side by side, so all is not their sum.
  awk -F '\t' -v all="$(($(date +%s) - $(cat "$times.begun" 2>/dev/null || date +%s)))" '
    { printf "%5d min %02d s  %s\n", $1 / 60, $1 % 60, $2 }
    END { printf "%5d min %02d s  in all\n", all / 60, all % 60 }' "$times"
}

case $1 in
  begin)
    mkdir -p "$(dirname "$times")"
    : >"$times"
    date +%s >"$times.begun"
    ;;
  end) report ;;
  *)
    name=$1
    shift
    echo "$*"
    begun=$SECONDS
    status=0
    "$@" || status=$?
    printf '%s\t%s\n' "$((SECONDS - begun))" "$name" >>"$times"
    if [ "$status" != 0 ]; then
      report
      echo "failed: $name" >&2
      exit "$status"
    fi
    ;;
esac
