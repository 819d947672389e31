"""What the comparisons run in: archc in release mode, PyTorch in a virtual environment, and the machine."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCHES = ROOT / "benches"
# Under Cargo's folder, which git ignores.
USUAL_VENV = ROOT / "target" / "pytorch"
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"


def machine_arguments(parser):
    """Options that all comparisons have."""
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of each side (2)")
    parser.add_argument("--binary", type=Path, metavar="ARCHC", help="an archc that is built already")
    parser.add_argument("--venv", type=Path, default=USUAL_VENV, metavar="DIR", help="where PyTorch is, or goes (target/pytorch)")


def arguments(parser):
    """Options that both benchmarks have."""
    machine_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="alternating runs of each side (5)")
    parser.add_argument("--quick", action="store_true", help="one round of few steps: to see that everything works")
    parser.add_argument("--only", action="append", metavar="NAME", help="only what has this in its name; may be given several times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes all numbers there too")


def archc(binary):
    """The program; built unless it is given."""
    if binary:
        return binary.resolve()
    command = ["cargo", "build", "--release", "--bin", "archc", "--message-format", "json-render-diagnostics"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    messages = (json.loads(line) for line in built.stdout.splitlines())
    return next(Path(message["executable"]) for message in messages if message.get("executable"))


def python(venv):
    """A Python that has PyTorch; made unless it is there."""
    program = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not program.exists():
        print(f"preparing PyTorch in {venv} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        install = [program, "-m", "pip", "install", "--quiet", "torch", "numpy", "pillow", "pyyaml", "--index-url", CPU_WHEELS]
        subprocess.run([*install, "--extra-index-url", "https://pypi.org/simple"], check=True)
    return program


def in_torch(program, script, request, threads, *arguments):
    """The answer of a script that computes with PyTorch, in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    command = [program, BENCHES / script, *arguments]
    done = subprocess.run(command, input=json.dumps(request), stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return json.loads(done.stdout)


def in_archc(program, *command):
    """What archc answers in JSON, or the reason that it gives."""
    done = subprocess.run([program, *map(str, command), "--format", "json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, (done.stderr or done.stdout).strip().splitlines()[0]
    return json.loads(done.stdout), None


def machine(threads):
    """The processor, in one line."""
    name, flags = platform.processor() or platform.machine(), ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as table:
            lines = [line.partition(":") for line in table if ":" in line]
        entries = {key.strip(): text.strip() for key, _, text in reversed(lines)}
        name, flags = entries.get("model name", name), entries.get("flags", "")
    except OSError:
        pass
    simd = next((level for level in ("avx512f", "avx2") if level in flags.split()), platform.machine())
    return f"{name}, {simd}, {os.cpu_count()} processors, {threads} threads each side"
