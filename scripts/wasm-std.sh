# shellcheck shell=bash
# A standard library for wasm32-unknown-unknown, and clippy for it. Sourced by set-up.sh, whose `home` and functions it uses.
#
# The standard way is `rustup target add`. Where rustup cannot download (WASM_STD=debian, or `auto` after a failed try),
# the library is built once from Debian's source package with Debian's compiler, and linked as a rustup toolchain of
# its own; native builds stay on the usual one. Sets `wasm_toolchain` to that toolchain's name, or leaves it empty.

wasm_target=wasm32-unknown-unknown
wasm_toolchain=
linked=wasm-debian
sysroot=${home:?this file is sourced by set-up.sh}/sysroot
# Raised when this file builds the library in another way, so that machines that have the old one build it again.
recipe=1

wasm_std() {
  case ${WASM_STD:-auto} in
    rustup) from_rustup || fail "rustup target add $wasm_target failed" ;;
    debian) from_debian ;;
    auto) has_target || { ! is_linked && from_rustup; } || from_debian ;;
    *) fail "WASM_STD is $WASM_STD; it can be auto, rustup or debian" ;;
  esac
}

# lints: shellcheck, rustfmt and clippy, the last also for wasm32.
lints() {
  has shellcheck || packages shellcheck
  cargo fmt --version >/dev/null 2>&1 || logged rustfmt rustup component add rustfmt
  cargo clippy --version >/dev/null 2>&1 || logged clippy rustup component add clippy
  [ -n "$wasm_toolchain" ] || return 0
  [ -x /usr/bin/clippy-driver ] || packages rust-web-clippy
  # Debian's clippy looks for its library beside Debian's compiler unless it is told.
  [ -x "$sysroot/bin/cargo-clippy" ] || sysroot_command cargo-clippy "SYSROOT=$sysroot exec /usr/bin/cargo-clippy"
}

has_target() {
  compgen -G "$(rustc --print target-libdir --target $wasm_target 2>/dev/null)/libstd-*.rlib" >/dev/null
}

from_rustup() {
  has_target && return
  say "rustup target add $wasm_target"
  logged rustup timeout 120 rustup target add $wasm_target && has_target
}

is_linked() {
  [ "$(cat "$sysroot/stamp" 2>/dev/null)" = "$(/usr/bin/rustc -vV 2>/dev/null; echo $recipe)" ] &&
    [ -x "$(readlink -f "$sysroot"/lib/rustlib/*-linux-gnu/bin/rust-lld)" ] &&
    rustup which --toolchain $linked cargo >/dev/null 2>&1
}

from_debian() {
  wasm_toolchain=$linked
  is_linked && return
  has rustup || fail "the Debian way to $wasm_target needs rustup, to link the toolchain it builds"
  packages rustc-web rust-web-src
  say "building the standard library for $wasm_target from Debian's source (a minute)"
  lay_out_sysroot
  build_std
  rustup toolchain link $linked "$sysroot"
  { /usr/bin/rustc -vV; echo $recipe; } >"$sysroot/stamp"
}

# sysroot_command NAME COMMAND: a command of the linked toolchain. A script, since Debian's compiler finds its sysroot
# by its own place, whatever link it is started through.
sysroot_command() {
  printf '#!/bin/sh\n%s "$@"\n' "$2" >"$sysroot/bin/$1"
  chmod +x "$sysroot/bin/$1"
}

# A sysroot with Debian's compiler and host library, rustup's cargo and linker, and room for the wasm32 library.
lay_out_sysroot() {
  local host program
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  rm -rf "$sysroot"
  mkdir -p "$sysroot/bin" "$sysroot/lib/rustlib/$host/bin" "$sysroot/lib/rustlib/$wasm_target/lib"
  for program in rustc rustdoc; do sysroot_command $program "exec /usr/bin/$program --sysroot $sysroot"; done
  for program in cargo cargo-fmt rustfmt; do ln -s "$(rustup which $program)" "$sysroot/bin/$program"; done
  ln -s "/usr/lib/rustlib/$host/lib" "$sysroot/lib/rustlib/$host/lib"
  ln -s /usr/lib/rustlib/src "$sysroot/lib/rustlib/src"
  ln -s "$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld" "$sysroot/lib/rustlib/$host/bin/rust-lld"
}

# Cargo builds the library as a dependency of an empty crate. Bitcode goes in, or `lto = true` fails later; paths of
# this machine stay out.
build_std() {
  local seed release hash
  release=$(/usr/bin/rustc -vV | sed -n 's/^release: //p')
  hash=$(/usr/bin/rustc -vV | sed -n 's/^commit-hash: //p')
  seed=$(mktemp -d)
  mkdir "$seed/src"
  : >"$seed/src/lib.rs"
  printf '[package]\nname = "seed"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$seed/Cargo.toml"
  local flags="-Cembed-bitcode=yes --remap-path-prefix=/usr/src/rustc-$release=/rustc/$hash"
  flags="$flags --remap-path-prefix=/usr/lib/rustlib/src/rust=/rustc/$hash"
  (
    cd "$seed" || exit
    export RUSTC_BOOTSTRAP=1 RUSTC=$sysroot/bin/rustc RUSTFLAGS=$flags
    logged wasm-std "$sysroot/bin/cargo" build --release --target $wasm_target \
      -Z build-std=std,panic_abort,proc_macro,test
  )
  rm -f "$seed/target/$wasm_target/release/deps/"libseed*
  cp "$seed/target/$wasm_target/release/deps/"*.rlib "$sysroot/lib/rustlib/$wasm_target/lib/"
  rm -rf "$seed"
}
