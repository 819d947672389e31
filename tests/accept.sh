#!/bin/sh
# Shows each text that a test wrote beside the one it expected, and asks whether it takes its place.
set -eu
cd "$(dirname "$0")/.."
for new in tests/ui/*.new.txt docs/*.new.md; do
    [ -e "$new" ] || continue
    old="${new%.new.*}.${new##*.}"
    if [ -e "$old" ]; then git --no-pager diff --no-index -- "$old" "$new" || true; else echo "$old is new:"; cat "$new"; fi
    printf 'Accept it? [y/N] '
    read -r answer || exit 1
    if [ "$answer" = y ]; then mv "$new" "$old"; fi
done
