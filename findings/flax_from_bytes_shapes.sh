#!/usr/bin/env bash
# Flax restores a checkpoint of other shapes into a network, and drops what the network lacks.
#
# Software: Flax 0.12.8, `flax.serialization.from_bytes` (jax 0.10.2)
# Expected: a kernel of 2 x 7 for a network with 3 x 3 is an error, as in PyTorch and Keras.
# Happens:  the target gives the structure alone: the array is put in its place, whatever its shape and type; bfloat16
#           goes where f32 was. A missing key is an error, an additional one is dropped in silence.
# Matters:  the mistake shows up later, as a shape error inside a layer, or never: a bias of one element broadcasts, and
#           so does a kernel of 1 x 1. A reader of such files should compare shapes, types and the list of keys itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    flax==0.12.8 jax==0.10.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import flax.serialization
import jax.numpy as jnp

target = {"kernel": jnp.zeros((3, 3)), "bias": jnp.zeros(3)}


def restore(**given):
    return flax.serialization.from_bytes(target, flax.serialization.to_bytes(given))


other = restore(kernel=jnp.ones((2, 7), jnp.bfloat16), bias=jnp.ones(1))
print("target: kernel 3 x 3 float32, bias 3; restored:", {k: (v.shape, str(v.dtype)) for k, v in other.items()})
assert other["kernel"].shape == (2, 7) and other["kernel"].dtype == jnp.bfloat16 and other["bias"].shape == (1,)
more = restore(kernel=jnp.ones((3, 3)), bias=jnp.ones(3), scale=jnp.ones(3))
print("with an additional key:", sorted(more))
assert sorted(more) == ["bias", "kernel"]
try:
    restore(kernel=jnp.ones((3, 3)))
    raise SystemExit("a missing key is accepted now")
except ValueError as error:
    print("without the bias:", str(error).splitlines()[0][:100])
PYTHON
