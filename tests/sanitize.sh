#!/bin/sh
# Runs the kernels' and the executor's tests under AddressSanitizer: everything that is `unsafe` is in there.
#
#     sh tests/sanitize.sh [TEST…]
#
# The sanitizer comes with the stable toolchain but behind a flag of nightly ones, hence RUSTC_BOOTSTRAP. It is given to
# this crate alone, by a wrapper of rustc, so that dependencies need not be built anew.
set -eu
cd "$(dirname "$0")/.."
mkdir -p target
wrapper="$PWD/target/sanitizing-rustc"
printf '#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec "$@" -Zsanitizer=address\n' > "$wrapper"
chmod +x "$wrapper"
[ $# -gt 0 ] || set -- kernels:: executor::
RUSTC_WORKSPACE_WRAPPER="$wrapper" exec cargo test --workspace --lib -- "$@"
