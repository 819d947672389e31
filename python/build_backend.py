"""Builds the wheel: maturin makes the module, and cargo the program that comes with it.

A program of its own, and not a script that calls the module, starts without Python, which takes longer to start than
archc does. """

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import maturin
from maturin import get_requires_for_build_editable, get_requires_for_build_wheel

__all__ = [
    "build_editable",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_wheel",
]

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "archc.data" / "scripts"


def program(profile):
    """Builds the program, and puts it where maturin looks for what goes into the scripts of an environment."""
    name = "archc" + (sysconfig.get_config_var("EXE") or "")
    target = os.environ.get("CARGO_BUILD_TARGET", "")
    manifest = HERE.parent / "Cargo.toml"
    # With the features that the module has of what they share, which is built once for both.
    packages = ["--package", "archc", "--package", "archc-python", "--bin", "archc"]
    subprocess.run(
        ["cargo", "build", "--locked", *packages, "--profile", profile, "--manifest-path", manifest], check=True
    )
    folder = (
        Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
        / target
        / {"dev": "debug"}.get(profile, profile)
    )
    SCRIPTS.mkdir(parents=True, exist_ok=True)
    shutil.copy2(folder / name, SCRIPTS / name)
    strip = shutil.which("strip")
    if strip and not target and os.name == "posix":
        subprocess.run([strip, SCRIPTS / name], check=True)


def settings(given):
    """What maturin is asked for: `profile` is cargo's, and `build-args` goes on as it is."""
    given = given or {}
    profile = given.get("profile", "release")
    program(profile)
    return {"build-args": f"--profile {profile} {given.get('build-args', '')}"}


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    # maturin wants the folder to be there before there is anything to put into it.
    SCRIPTS.mkdir(parents=True, exist_ok=True)
    return maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return maturin.build_wheel(wheel_directory, settings(config_settings), metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return maturin.build_editable(wheel_directory, settings(config_settings), metadata_directory)
