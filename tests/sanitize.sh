#!/bin/sh
# Runs the kernels' and the executor's tests under AddressSanitizer: everything that is `unsafe` is in there.
#
#     sh tests/sanitize.sh [TEST…]
#
# The sanitizer comes with the stable toolchain but behind a flag of nightly ones, hence RUSTC_BOOTSTRAP. All
# dependencies are built anew, in target/sanitize, which takes a while.
set -eu
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/sanitize"
[ $# -gt 0 ] || set -- kernels:: executor::
exec cargo test --lib --target "$host" -- "$@"
