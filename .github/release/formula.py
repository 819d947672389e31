"""Prints the formula for Homebrew, of archives and their checksums: formula.py VERSION REPOSITORY SHA256SUMS"""

import sys
from pathlib import Path

# Which archive is for which machine.
ARCHIVES = {
    ("macos", "arm"): "aarch64-apple-darwin",
    ("macos", "intel"): "x86_64-apple-darwin",
    ("linux", "arm"): "aarch64-unknown-linux-musl",
    ("linux", "intel"): "x86_64-unknown-linux-musl",
}


def formula(version, repository, sums):
    checksums = {}
    for line in sums.splitlines():
        checksum, name = line.split(maxsplit=1)
        checksums[name.lstrip("*")] = checksum
    lines = [
        "class Archc < Formula",
        '  desc "Compiler and trainer for convolutional networks written as YAML or TOML"',
        f'  homepage "https://github.com/{repository}"',
        f'  version "{version}"',
        '  license any_of: ["MIT", "Apache-2.0"]',
    ]
    for system in ("macos", "linux"):
        lines += ["", f"  on_{system} do"]
        for processor in ("arm", "intel"):
            name = f"archc-{version}-{ARCHIVES[system, processor]}.tar.gz"
            if name not in checksums:
                sys.exit(f"there is no checksum of {name}")
            lines += [
                f"    on_{processor} do",
                f'      url "https://github.com/{repository}/releases/download/v{version}/{name}"',
                f'      sha256 "{checksums[name]}"',
                "    end",
            ]
        lines.append("  end")
    lines += [
        "",
        "  def install",
        '    bin.install "archc"',
        '    man1.install Dir["man/*.1"]',
        '    bash_completion.install "completions/archc.bash" => "archc"',
        '    fish_completion.install "completions/archc.fish"',
        '    zsh_completion.install "completions/_archc"',
        "  end",
        "",
        "  test do",
        '    (testpath/"net.yaml").write "input: [1, 8, 8]\\nlayers: [flatten -> linear 10]\\n"',
        '    assert_match "650", shell_output("#{bin}/archc check net.yaml")',
        "  end",
        "end",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    version, repository, sums = sys.argv[1:]
    print(formula(version.removeprefix("v"), repository, Path(sums).read_text()))
