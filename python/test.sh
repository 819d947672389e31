#!/usr/bin/env bash
# Builds the wheel as an installation would, in the profile of the tests, and runs the package's tests against it in a
# fresh environment.
set -euo pipefail
cd "$(dirname "$0")"
work="$PWD/../target/python-package"
rm -rf "$work" && mkdir -p "$work"
python3 -m venv "$work/build"
"$work/build/bin/pip" --quiet --disable-pip-version-check install "maturin>=1.9,<2"
# With maturin here already, and cargo's output at hand.
PATH="$work/build/bin:$PATH" "$work/build/bin/pip" --disable-pip-version-check wheel . --no-deps --no-build-isolation \
    --config-settings profile="${1:-dev}" --wheel-dir "$work"
python3 -m venv "$work/fresh"
"$work/fresh/bin/pip" --quiet --disable-pip-version-check install "$(echo "$work"/archc-*.whl)[sklearn]" --requirement tests/requirements.txt
cd tests
PATH="$work/fresh/bin:$PATH" "$work/fresh/bin/python" -m pytest --quiet -p no:cacheprovider
