"""What comes with the package: the program, the types, and how little it takes to import it."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import archc


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def test_the_program_comes_with_it():
    version = importlib.metadata.version("archc")
    assert archc.__version__ == version
    for command in (["archc"], [sys.executable, "-m", "archc"]):
        assert run(*command, "--version").stdout == f"archc {version}\n"
        failed = run(*command, "check", "nowhere.yaml")
        assert failed.returncode == 1 and "nowhere.yaml" in failed.stderr
        assert run(*command, "nonsense").returncode == 2


def test_the_program_is_its_own():
    """No script that starts Python: it would take longer than all the rest."""
    from archc.__main__ import program

    assert program().read_bytes()[:2] != b"#!"


def test_the_package_needs_nothing_else():
    needed = (
        "import sys, archc; archc.compile('input: [1, 8, 8]\\nlayers: [flatten]'); "
        "print([name for name in ('numpy', 'sklearn', 'torch', 'typing', 'dataclasses') if name in sys.modules])"
    )
    # Without `site`, which may import anything that is installed, the package is found by its path.
    path = [str(Path(archc.__file__).parent.parent)]
    found = run(sys.executable, "-S", "-c", f"import sys; sys.path += {path!r}; {needed}")
    assert (found.stdout, found.stderr) == ("[]\n", "")


def test_every_name_has_its_documentation():
    for name in archc.__all__:
        value = getattr(archc, name)
        if callable(value):
            assert value.__doc__ and value.__doc__.strip(), name
            public = [member for member in vars(value) if not member.startswith("_")] if isinstance(value, type) else []
            for member in public:
                described = getattr(value, member)
                assert getattr(described, "__doc__", None), f"{name}.{member}"
    assert set(archc.__all__) <= set(dir(archc))


def test_types():
    """The stubs say what there is, and the package keeps to them."""
    config = Path(__file__).parent / "mypy.ini"
    stubs = run(sys.executable, "-m", "mypy.stubtest", "archc._archc", "--mypy-config-file", str(config))
    assert stubs.returncode == 0, stubs.stdout
    typed = run(sys.executable, "-m", "mypy", "--config-file", str(config), "-p", "archc")
    assert typed.returncode == 0, typed.stdout
