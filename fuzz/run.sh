#!/bin/sh
# Runs fuzz targets from their kept seeds, as many at a time as there are cores.
#
#   fuzz/run.sh [TARGET...]     those named, or all of the manifest
#
# FUZZ_SECONDS is how long each runs; where it is not set, all of them share
# five minutes. What a target finds on its way is kept beside the build
# products and used by the next run; an input that fails is named and fails
# the run.
#
# It does without cargo-fuzz and without a nightly compiler: libFuzzer needs
# counters in the code, which every compiler can put there. cargo-fuzz runs the
# same targets, with AddressSanitizer.
set -eu

cd "$(dirname "$0")"
host=$(rustc -vV | sed -n 's/^host: //p')
built=${CARGO_TARGET_DIR:-$PWD/target}
# shellcheck disable=SC2046 # one word a target
[ $# -gt 0 ] || set -- $(sed -n '/^\[\[bin\]\]/,/^$/s/^name = "\(.*\)"/\1/p' Cargo.toml)
seconds=${FUZZ_SECONDS:-$((300 / $#))}

coverage="-sanitizer-coverage-level=4 -sanitizer-coverage-inline-8bit-counters -sanitizer-coverage-pc-table"
coverage="$coverage -sanitizer-coverage-trace-compares -simplifycfg-branch-fold-threshold=0"
RUSTFLAGS="--cfg fuzzing -C codegen-units=1 -C passes=sancov-module"
for argument in $coverage; do
    RUSTFLAGS="$RUSTFLAGS -C llvm-args=$argument"
done
export RUSTFLAGS
# Naming the host keeps the flags from what runs while it is built.
cargo build --release --locked --bins --target "$host"

for target; do
    echo "$target"
done | xargs -n 1 -P "$(getconf _NPROCESSORS_ONLN)" sh -eu -c '
    built=$1 host=$2 seconds=$3 target=$4
    found=$built/corpus/$target
    log=$found.log
    mkdir -p "$found" "$built/artifacts/$target"
    if "$built/$host/release/$target" "$found" "seeds/$target" -artifact_prefix="$built/artifacts/$target/" \
        -max_total_time="$seconds" -timeout=20 -print_final_stats=1 >"$log" 2>&1; then
        echo "$target: $(sed -n "s/^stat::number_of_executed_units: //p" "$log") inputs in $seconds s"
    else
        echo "$target failed:"
        cat "$log"
        exit 1
    fi' fuzz "$built" "$host" "$seconds"
