#!/bin/sh
# The toolchain that builds the detection component for wasm32.
#
#   guest/toolchain.sh install          makes sure there is one
#   guest/toolchain.sh build SHAPE DIR  builds a core module with it, in the target
#                                       directory DIR, and prints its path
#   guest/toolchain.sh lint SHAPE DIR   runs clippy on it with what is compiled
#                                       for wasm only, in the target directory DIR
#
# SHAPE is one of
#   component      what the component is made of
#   plain          the module without imports
#   plain-scalar   the same, without vector instructions
#
# Routes, the first that works:
#   1. the Rust toolchain in use has the target wasm32-unknown-unknown;
#   2. rustup adds that target;
#   3. Debian or Ubuntu: the packages rustc-web, cargo-web and rust-web-src,
#      whose standard library is built from source along with the component;
#      their clippy is in rust-web-clippy.
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

apt_install() {
    echo "installing the Debian packages $*" >&2
    as_root apt-get update -q >&2 || true
    as_root apt-get install -q -y --no-install-recommends "$@" >&2 || true
}

install() {
    if has_target || has_packages; then
        return
    fi
    if command -v rustup >/dev/null && at_most 120 rustup target add $target >/dev/null 2>&1 && has_target; then
        return
    fi
    if command -v apt-get >/dev/null; then
        # shellcheck disable=SC2086 # three names
        apt_install $packages
    fi
    if ! has_packages; then
        cat >&2 <<EOF
There is no Rust toolchain for $target here. Either of these gives one:
  rustup target add $target
  apt-get install $packages     (Debian 12 or newer, Ubuntu)
or set FIRSTSEEN_MODULE, FIRSTSEEN_PLAIN_MODULE and FIRSTSEEN_PLAIN_SCALAR_MODULE to
modules that were built elsewhere.
EOF
        exit 1
    fi
}

# Sets the target directory, the flags of a shape, the arguments that say what is
# compiled, and the name of the file that comes of it.
prepare() {
    # Left to itself, LLVM gathers bit masks in vectors, lane by lane.
    RUSTFLAGS='-C target-feature=+simd128 -C no-vectorize-slp'
    file=firstseen_plain.wasm
    case $1 in
    component)
        module="--package firstseen-guest --features component"
        file=firstseen_guest.wasm
        ;;
    plain) module="--package firstseen-plain --features simd" ;;
    plain-scalar)
        module="--package firstseen-plain"
        RUSTFLAGS=''
        ;;
    *) usage ;;
    esac
    # It is relative to where the caller is, not to the folder of this script.
    case $2 in
    /*) CARGO_TARGET_DIR=$2 ;;
    *) CARGO_TARGET_DIR=$PWD/$2 ;;
    esac
    export CARGO_TARGET_DIR RUSTFLAGS
    module="--quiet --locked $module --lib --profile guest --target $target"
    if ! has_target; then
        # Building the standard library is an unstable feature of cargo.
        module="$module -Z build-std=std,panic_abort"
    fi
    cd "$here"
}

usage() {
    sed -n '2,20s/^# \{0,1\}//p' "$0" >&2
    exit 64
}

# Runs a command with the packaged compiler.
with_packages() {
    RUSTC_BOOTSTRAP=1 RUSTC=$(packaged rustc-web rustc) CARGO=$(packaged cargo-web cargo) "$@"
}

without_toolchain() {
    echo "there is no Rust toolchain for $target: run guest/toolchain.sh install" >&2
    exit 1
}

# shellcheck disable=SC2086 # many arguments
build() {
    prepare "$1" "$2"
    if has_target; then
        cargo build $module >&2
    elif has_packages; then
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(linker)
        if [ -z "$CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER" ]; then
            echo "no linker for wasm: install the package lld" >&2
            exit 1
        fi
        export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER
        with_packages "$(packaged cargo-web cargo)" build $module >&2
    else
        without_toolchain
    fi
    echo "$CARGO_TARGET_DIR/$target/guest/$file"
}

# shellcheck disable=SC2086 # many arguments
lint() {
    prepare "$1" "$2"
    if has_target; then
        cargo clippy $module -- --deny warnings
    elif has_packages; then
        packaged rust-web-clippy cargo-clippy >/dev/null || apt_install rust-web-clippy
        with_packages "$(packaged rust-web-clippy cargo-clippy)" clippy $module -- --deny warnings
    else
        without_toolchain
    fi
}

case "${1-}" in
install) install ;;
build) build "${2:?a shape}" "${3:?a target directory}" ;;
lint) lint "${2:?a shape}" "${3:?a target directory}" ;;
*) usage ;;
esac
