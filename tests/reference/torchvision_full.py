"""Checks torchvision's own resnet18, vgg11_bn and alexnet, full size with random weights, against the archc program.

    cargo build --release
    python tests/reference/torchvision_full.py target/release/archc

Each state dict is saved as .pth and as safetensors; `archc predict` must give torchvision's five best classes with
torchvision's probabilities for an image file. Takes a minute and 2 GB of temporary files, so it is run by hand.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torchvision import models, transforms

from make import scatter

ARCHITECTURES = pathlib.Path(__file__).parents[2] / "architectures"
FILES = {"resnet18": "resnet18.yaml", "vgg11_bn": "vgg11_bn.yaml", "alexnet": "alexnet_torchvision.yaml"}
# What the files' `eval` transforms do.
TRANSFORM = transforms.Compose([
    transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])


def expected(net, image):
    """The five best classes with their probabilities, after the last layer is scaled to make them differ."""
    images = TRANSFORM(Image.open(image))[None]
    last = [module for module in net.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        last.weight.mul_(3 / net(images).std())
        best = net(images)[0].softmax(0).topk(5)
    return list(zip(best.indices.tolist(), best.values.tolist()))


def predict(archc, file, weights, image):
    command = [archc, "predict", ARCHITECTURES / file, "--weights", weights, "--format", "json", image]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [(entry["class"], entry["probability"]) for entry in answer["predictions"]]


def main(archc):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        image = folder / "noise.png"
        pixels = numpy.random.default_rng(3).integers(0, 256, (256, 300, 3), dtype=numpy.uint8)
        Image.fromarray(pixels).save(image)
        for name, file in FILES.items():
            torch.manual_seed(3)
            net = getattr(models, name)().eval()
            scatter(net)
            best = expected(net, image)
            for extension, save in [("pth", torch.save), ("safetensors", save_file)]:
                weights = folder / f"{name}.{extension}"
                save(net.state_dict(), weights)
                found = predict(archc, file, weights, image)
                weights.unlink()
                assert [entry[0] for entry in found] == [entry[0] for entry in best], f"{name}: {found} for {best}"
                errors = [abs(math.log(a / b)) for (_, a), (_, b) in zip(found, best)]
                assert max(errors) < 1e-3, f"{name}: {found} for {best}"
                print(f"{name}.{extension}: the five best agree, logits to {max(errors):.0e}")


if __name__ == "__main__":
    main(sys.argv[1])
