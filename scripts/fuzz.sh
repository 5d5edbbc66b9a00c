#!/usr/bin/env bash
# Runs every fuzz target of wasm-export/fuzz for so many seconds, or the one that is named. `make fuzz` installs what
# it needs.
#
#   scripts/fuzz.sh 10             a quick look, as in `make test`
#   scripts/fuzz.sh 3600 formats   a long one
#
# What a target has learnt stays in wasm-export/fuzz/corpus, so that the next run goes on from there; what makes one
# fail goes to wasm-export/fuzz/artifacts: it becomes a unit test first, and is mended then.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?how many seconds for each target}
folder=wasm-export/fuzz
# Without a sanitizer, which only nightly compilers know: the formatter is safe Rust, and its panics are found anyway.
options=(--fuzz-dir "$folder" --sanitizer none --codegen-units 16 --target-dir "${CARGO_TARGET_DIR:-target}/fuzz")

# libFuzzer talks much; it is listened to where it has found something.
said=$(mktemp)
trap 'rm -f "$said"' EXIT

cargo fuzz build "${options[@]}"
for file in "$folder"/fuzz_targets/${2:-*}.rs; do
  target=$(basename "$file" .rs)
  echo "fuzz: $target"
  mkdir -p "$folder/corpus/$target"
  # Files of every format to begin with, or dumps; then whatever reaches further into the code.
  seeds=tests/golden/expected
  [ "$target" != read_archive ] || seeds=wasm-export/tests/dumps
  cargo fuzz run "${options[@]}" "$target" "$folder/corpus/$target" "$seeds" -- \
    -max_total_time="$seconds" -max_len=16384 -timeout=20 >"$said" 2>&1 || { tail -n 60 "$said" >&2; exit 1; }
  tail -n 1 "$said"
done
