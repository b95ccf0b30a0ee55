#!/bin/sh
# The toolchain that builds the detection component for wasm32.
#
#   guest/toolchain.sh install          makes sure there is one
#   guest/toolchain.sh build DIR        builds the core module with it, in the
#                                       target directory DIR, and prints its path
#
# Routes, the first that works:
#   1. the Rust toolchain in use has the target wasm32-unknown-unknown;
#   2. rustup adds that target;
#   3. Debian or Ubuntu: the packages rustc-web, cargo-web and rust-web-src,
#      whose standard library is built from source along with the component.
set -eu

target=wasm32-unknown-unknown
packages="rustc-web cargo-web rust-web-src"
here=$(cd "$(dirname "$0")" && pwd)

has_target() {
    [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$target/lib" ]
}

# Prints the path of a command that a Debian package ships; rustup's commands
# of the same names come first on the PATH.
packaged() {
    dpkg -L "$1" 2>/dev/null | grep -E "^/usr/bin/$2\$"
}

has_packages() {
    packaged rustc-web rustc >/dev/null && packaged cargo-web cargo >/dev/null && dpkg -s rust-web-src >/dev/null 2>&1
}

# Prints the path of a linker for wasm.
linker() {
    for found in "$(rustc --print sysroot 2>/dev/null)"/lib/rustlib/*/bin/rust-lld; do
        if [ -x "$found" ]; then
            echo "$found"
            return
        fi
    done
    command -v rust-lld || command -v wasm-ld || ls /usr/bin/wasm-ld-* 2>/dev/null | tail -n 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "only root can run: $*" >&2
        return 1
    fi
}

# Runs a command for at most so many seconds, where that can be had.
at_most() {
    if command -v timeout >/dev/null; then
        timeout "$@"
    else
        shift
        "$@"
    fi
}

install() {
    if has_target || has_packages; then
        return
    fi
    if command -v rustup >/dev/null && at_most 120 rustup target add $target >/dev/null 2>&1 && has_target; then
        return
    fi
    if command -v apt-get >/dev/null; then
        echo "installing the Debian packages $packages" >&2
        as_root apt-get update -q >&2 || true
        # shellcheck disable=SC2086 # three names
        as_root apt-get install -q -y --no-install-recommends $packages >&2 || true
    fi
    if ! has_packages; then
        cat >&2 <<EOF
There is no Rust toolchain for $target here. Either of these gives one:
  rustup target add $target
  apt-get install $packages     (Debian 12 or newer, Ubuntu)
or set FIRSTSEEN_MODULE to a component that was built elsewhere.
EOF
        exit 1
    fi
}

build() {
    # It is relative to where the caller is, not to the folder of this script.
    case $1 in
    /*) CARGO_TARGET_DIR=$1 ;;
    *) CARGO_TARGET_DIR=$PWD/$1 ;;
    esac
    export CARGO_TARGET_DIR
    # Left to itself, LLVM gathers bit masks in vectors, lane by lane.
    export RUSTFLAGS='-C target-feature=+simd128 -C no-vectorize-slp'
    set -- build --quiet --locked --package firstseen-guest --lib --features component --profile guest --target $target
    cd "$here"
    if has_target; then
        cargo "$@" >&2
    elif has_packages; then
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(linker)
        if [ -z "$CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER" ]; then
            echo "no linker for wasm: install the package lld" >&2
            exit 1
        fi
        export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER
        # Building the standard library is an unstable feature of cargo.
        RUSTC_BOOTSTRAP=1 RUSTC=$(packaged rustc-web rustc) "$(packaged cargo-web cargo)" "$@" \
            -Z build-std=std,panic_abort >&2
    else
        echo "there is no Rust toolchain for $target: run guest/toolchain.sh install" >&2
        exit 1
    fi
    echo "$CARGO_TARGET_DIR/$target/guest/firstseen_guest.wasm"
}

case "${1-}" in
install) install ;;
build) build "${2:?a target directory}" ;;
*)
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
