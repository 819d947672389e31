#!/usr/bin/env bash
# Labels read and saved by nibabel, with the header they came with, come back as 0.988 and 2.992.
#
# Software: nibabel 5.4.2, SimpleITK 2.5.7
# Expected: integers from 0 to 255 fit into uint8, and a file whose header says uint8 holds them.
# Happens:  `get_fdata` gives floats, and what is saved from floats under a header that says uint8 is spread over all
#           256 codes with a scale: 0, 1, 3, 7 are stored as 0, 36, 109, 255 and read as 0, 0.988, 2.992, 7.0000001;
#           0, 1 as 0 and 255, read as 1.00000006. No label but 0 equals its number, and where they are cut off to
#           integers, 1 and 3 are 0 and 2. int16 is alike: 1 becomes 0.9999999998, and half of the labels 0 to 19 are
#           one too low when cut off. An array of integers is saved as it is, by the same call. SimpleITK reads the
#           same file as floats that differ again.
# Matters:  load, change, save is how masks of medical images are prepared. `mask == 1` finds nothing then, and
#           `astype` loses classes. Save `np.rint(data).astype(np.uint8)`, and round what is read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    nibabel==5.4.2 SimpleITK==2.5.7 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import nibabel
import numpy as np
import SimpleITK


def saved(data, kind):
    nibabel.save(nibabel.Nifti1Image(data.astype(kind), np.eye(4)), "mask.nii")
    first = nibabel.load("mask.nii")
    nibabel.save(nibabel.Nifti1Image(first.get_fdata(), first.affine, first.header), "floats.nii")
    nibabel.save(nibabel.Nifti1Image(np.asarray(first.dataobj), first.affine, first.header), "integers.nii")
    return first, nibabel.load("floats.nii"), nibabel.load("integers.nii")


for labels, kind in (([0, 1, 3, 7], np.uint8), ([0, 1], np.uint8), ([0, 1, 2, 3], np.int16), (list(range(20)), np.int16)):
    data = np.array([[labels]])
    first, floats, integers = saved(data, kind)
    read = floats.get_fdata()
    equal, cut = int((read == data).sum()), int((read.astype(int) == data).sum())
    print(f"{labels} in {floats.get_data_dtype()}: read as {[round(float(v), 10) for v in read.ravel()[:4]]}, ...")
    print(f"  {equal} of {len(labels)} equal, {cut} if cut off; codes {np.asarray(floats.dataobj.get_unscaled()).ravel()[:4]}")
    assert (first.get_fdata() == data).all() and (integers.get_fdata() == data).all()
    assert floats.get_data_dtype() == kind and equal == 1
    assert cut == {4: 2 if kind == np.uint8 else 1, 2: 2, 20: 10}[len(labels)]
    if labels == [0, 1, 3, 7]:
        other = SimpleITK.ReadImage("floats.nii")
        print("  SimpleITK:", other.GetPixelIDTypeAsString(), SimpleITK.GetArrayFromImage(other).ravel().tolist())
        assert abs(read.ravel() - [0, 0.98824, 2.99216, 7]).max() < 1e-5
        assert (SimpleITK.GetArrayFromImage(other).ravel() != read.ravel()).sum() >= 2
PYTHON
