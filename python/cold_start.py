"""How long it takes to start: the program and the module of the environment that this is run in, beside Python
itself."""

import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

RUNS = 41


def median(*command):
    """Milliseconds of a whole process."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    program = Path(sysconfig.get_path("scripts")) / "archc"
    for label, command in [
        ("python -c pass", [sys.executable, "-c", "pass"]),
        ("python -c 'import archc'", [sys.executable, "-c", "import archc"]),
        ("python -c 'import numpy'", [sys.executable, "-c", "import numpy"]),
        ("archc --version", [program, "--version"]),
    ]:
        print(f"{label:26} {median(*command):6.1f} ms")


if __name__ == "__main__":
    main()
