#!/usr/bin/env bash
# Packs a built program with its manual pages, completions and licences: archive.sh VERSION TARGET PROGRAM
set -euo pipefail
version=${1#v} target=$2 program=$3
name="archc-$version-$target"
rm -rf "$name" && mkdir -p "$name/completions"
cp "$program" "$name/"
cp README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$name/"
cp -r architectures "$name/"
"$program" completions bash > "$name/completions/archc.bash"
"$program" completions fish > "$name/completions/archc.fish"
"$program" completions zsh > "$name/completions/_archc"
"$program" completions powershell > "$name/completions/_archc.ps1"
"$program" man --out "$name/man" > /dev/null
case $target in
    *windows*) 7z a -bso0 "$name.zip" "$name" && echo "$name.zip" ;;
    *) tar -czf "$name.tar.gz" "$name" && echo "$name.tar.gz" ;;
esac
rm -rf "$name"
