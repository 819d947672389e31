#!/usr/bin/env bash
# MPI's maximum over processes, one of which has NaN, is another number on each process.
#
# Software: mpi4py 4.1.2 over MPICH 5.0.2 (from the package index), 4 processes
# Expected: after `Allreduce` all processes hold the same, be it NaN or the largest number.
# Happens:  of NaN, 1, 2, 3 the four get 3, 3, 3, NaN; of 0, 1, NaN, 3 they get 3, NaN, 3, 1: neither the maximum nor
#           NaN. MIN is alike. SUM gives NaN to all. mpi4py's lower-case `allreduce` reduces Python objects on its own
#           and gives all the same: NaN or not by the rank that has it, and 1 as the largest of 0, 1, NaN, 3.
# Matters:  "stop if the largest loss is too large" or "is NaN", asked by MAX, stops some processes and leaves the
#           others waiting in the next call. Ask with a sum, or reduce a flag.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    mpi4py==4.1.2 mpich==5.0.2 numpy==2.4.6
cd "$folder"
cat > reduce.py <<'PYTHON'
import numpy as np
from mpi4py import MPI

world = MPI.COMM_WORLD
seen = {}
for place in range(4):
    mine = np.array([np.nan if world.rank == place else world.rank], float)
    for name, operation in (("MAX", MPI.MAX), ("SUM", MPI.SUM)):
        result = np.zeros(1)
        world.Allreduce(mine, result, operation)
        seen[name, place] = world.gather(float(result[0]))
    seen["allreduce", place] = world.gather(world.allreduce(float(mine[0]), MPI.MAX))
if world.rank == 0:
    for (name, place), values in seen.items():
        print(f"NaN on process {place}, {name}: {values}")

    def different(values):
        return len({str(value) for value in values}) > 1

    assert all(different(seen["MAX", place]) for place in range(4))
    assert all(np.isnan(seen["SUM", place]).all() for place in range(4))
    assert not any(different(seen["allreduce", place]) for place in range(4))
    assert seen["allreduce", 2] == [1.0] * 4 and np.isnan(seen["allreduce", 0]).all()
PYTHON
venv/bin/mpiexec -n 4 venv/bin/python reduce.py
