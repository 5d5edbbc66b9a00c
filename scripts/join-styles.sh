#!/usr/bin/env bash
# Joins the files that web/style.css imports into target/page/style.css, so that a browser requests one file. Trunk runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t imported < <(sed -n 's/^@import "\(.*\)";$/web\/\1/p' web/style.css)
files=(web/styles/*.css)
if [[ ${#imported[@]} != "${#files[@]}" ]]; then
  echo "web/style.css imports ${#imported[@]} of the ${#files[@]} files in web/styles" >&2
  exit 1
fi
mkdir -p target/page
for file in "${imported[@]}"; do
  cat "$file"
  echo
done >target/page/style.css
