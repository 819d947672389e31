#!/usr/bin/env bash
# White made grey is 254 in torchvision, and 65,280 in 16 bits.
#
# Software: torchvision 0.29.2 (`transforms.v2`) with PyTorch 2.15.0, Pillow 13.0.0
# Expected: 255 stays 255 when colours become grey, for tensors as for Pillow's images, and white is 65,535 in uint16.
# Happens:  tensors are weighed with 0.2989, 0.587 and 0.114, which sum to 0.9999, and cut off: 254, and every other
#           grey value but 0 is one less too. `ToDtype(torch.uint16, scale=True)` shifts by 8 bits: 255 becomes 65,280,
#           and int32 and int64 alike; back to floats it is 0.9961. From uint16 to uint8 the low byte is dropped, so
#           there and back all is well.
# Matters:  a grey network trained on Pillow's images and served on tensors sees each pixel one level darker. Tests for
#           white paper (> 254, == 1.0) fail. A scale by 257 and rounding keep both ends.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import torch
from PIL import Image
from torchvision.transforms import v2

values = [0, 1, 2, 100, 128, 254, 255]
tensor = torch.tensor(values, dtype=torch.uint8).expand(3, 1, -1)
pillow = Image.new("RGB", (len(values), 1))
pillow.putdata([(value, value, value) for value in values])
grey = v2.functional.rgb_to_grayscale(tensor)[0, 0].tolist()
by_pillow = list(v2.functional.rgb_to_grayscale(pillow).tobytes())
print("grey", values, "made grey: tensor", grey, "Pillow", by_pillow)
assert by_pillow == values and grey == [max(value - 1, 0) for value in values]
wide = v2.functional.to_dtype(tensor, torch.uint16, scale=True)
there = wide[0, 0].tolist()
back = v2.functional.to_dtype(wide, torch.uint8, scale=True)[0, 0].tolist()
white = v2.functional.to_dtype(wide, torch.float32, scale=True)[0, 0, -1].item()
print("as uint16", there, "and back", back, "white as a float", round(white, 4))
assert there == [256 * value for value in values] and back == values and round(white, 4) == 0.9961
longer = v2.functional.to_dtype(tensor, torch.int32, scale=True)[0, 0, -1].item()
print("white as int32", longer, "of", 2**31 - 1)
assert longer == 255 * 2**23
PYTHON
