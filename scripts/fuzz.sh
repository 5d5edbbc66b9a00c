#!/usr/bin/env bash
# Runs every fuzz target of wasm-export/fuzz for a number of seconds, or only the named one. `make fuzz` installs what
# this needs.
#
#   scripts/fuzz.sh 10             a quick look
#   scripts/fuzz.sh 3600 formats   an hour of one target
#
# A run starts from the committed corpus in wasm-export/fuzz/corpus and from what earlier runs have learnt, which stays
# in TARGET_DIR/fuzz/learnt. An input that makes a target fail goes to wasm-export/fuzz/artifacts. Copy it into the
# committed corpus, see `cargo test -p wasm-export --test corpus` fail, and mend the fault.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?how many seconds for each target}
folder=wasm-export/fuzz
target_dir=${CARGO_TARGET_DIR:-target}/fuzz
# Without a sanitizer, which needs a nightly compiler. The formatter is safe Rust, and its panics are found without one.
options=(--fuzz-dir "$folder" --sanitizer none --codegen-units 16 --target-dir "$target_dir")

# libFuzzer prints many lines. They are shown only where it has found something.
log=$(mktemp)
trap 'rm -f "$log"' EXIT

cargo fuzz build "${options[@]}"
for file in "$folder"/fuzz_targets/${2:-*}.rs; do
  target=$(basename "$file" .rs)
  learnt=$target_dir/learnt/$target
  mkdir -p "$learnt"
  # libFuzzer writes new inputs to the first folder only, so that the committed corpus stays as it is. Files of every
  # format, or dumps, serve as further inputs.
  seeds=tests/golden/expected
  [ "$target" != read_archive ] || seeds=wasm-export/tests/dumps
  echo "fuzz: $target"
  cargo fuzz run "${options[@]}" "$target" "$learnt" "$folder/corpus/$target" "$seeds" -- \
    -max_total_time="$seconds" -max_len=16384 -timeout=20 >"$log" 2>&1 || { tail -n 60 "$log" >&2; exit 1; }
  tail -n 1 "$log"
done
