"""Holds `archc schema` against every file that archc accepts, and those that it refuses: schema.py PATH_OF_ARCHC"""

import json
import pathlib
import subprocess
import sys
import tomllib

import jsonschema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

ROOT = pathlib.Path(__file__).parent.parent.parent


def tree(path):
    """The file as a schema sees it; None if it is no YAML or TOML."""
    try:
        if path.suffix == ".toml":
            return json.loads(json.dumps(tomllib.loads(path.read_text())))
        return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_text()), default=str))
    except (YAMLError, tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError, TypeError):
        return None


def said(program, paths):
    """What archc says of each file: its codes, those of errors first."""
    run = subprocess.run([program, "check", "--format", "json", *paths], capture_output=True, text=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return {line["file"]: [(one["severity"], one["code"]) for one in line["diagnostics"]] for line in lines}


def main(program):
    run = subprocess.run([program, "schema"], capture_output=True, text=True, check=True)
    schema = json.loads(run.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    networks = [path for path in sorted((ROOT / "architectures").iterdir()) if path.suffix in (".yaml", ".toml")]
    assert len(networks) > 50
    for path in networks:
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(tree(path))]
        assert not errors, (path, errors)

    cases = [path for path in sorted((ROOT / "tests/ui").rglob("*")) if path.suffix in (".yaml", ".toml")]
    # A first line such as `# --set let.width=0` makes another file of it.
    cases = [path for path in cases if not path.read_text().startswith("# --set ")]
    found = said(program, [str(path) for path in cases])
    accepted, refused, unseen = 0, 0, []
    for path in cases:
        data, problems = tree(path), found[str(path)]
        codes = {code for severity, code in problems if severity == "error"}
        if data is None or "E001" in codes:
            continue
        valid = validator.is_valid(data)
        if not codes:
            assert valid, (path, [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)])
            accepted += 1
        elif not valid:
            refused += 1
        elif codes & {"E003", "E004", "E005"}:
            unseen.append(path.name)
    assert accepted > 20 and refused > 50, (accepted, refused)
    # Keys and kinds of values are what a schema is for.
    assert set(unseen) <= UNSEEN, sorted(set(unseen) - UNSEEN)
    assert not UNSEEN - set(unseen), ("the schema sees more", sorted(UNSEEN - set(unseen)))
    print(f"{len(networks)} networks and {accepted} other files pass the schema, {refused} with mistakes do not")


# What is in a file that is included, an empty list of layers, and a key that only some presets need.
UNSEEN = {"include_no_mapping.yaml", "missing_classes.yaml", "missing_layer_list.yaml"}

if __name__ == "__main__":
    main(sys.argv[1])
