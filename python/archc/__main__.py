"""`python -m archc`: the program that came with the package."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path


def program() -> Path:
    """Where the program is: beside Python's own, in the user's scripts, or on the path."""
    name = "archc" + (sysconfig.get_config_var("EXE") or "")
    schemes = [None, sysconfig.get_preferred_scheme("user")]
    for scheme in schemes:
        folder = sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts")
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    from shutil import which

    found = which(name)
    if found is None:
        sys.exit(f"archc: the program `{name}` is not where the package was installed: {sysconfig.get_path('scripts')}")
    return Path(found)


def main() -> None:
    command = [os.fspath(program()), *sys.argv[1:]]
    if os.name == "nt":
        # There a process cannot become another one.
        sys.exit(subprocess.run(command).returncode)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
