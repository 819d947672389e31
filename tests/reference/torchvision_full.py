"""Checks torchvision's own networks, full size with random weights, against the archc program.

    cargo build --release
    python tests/reference/torchvision_full.py target/release/archc [NAME…]

Each state dict is saved as .pth and as safetensors; `archc predict` must give torchvision's five best classes with
torchvision's probabilities for an image file. Takes minutes and 2 GB of temporary files, so it is run by hand.
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
from torchvision import transforms

from architectures import ARCHITECTURES
from make import scatter

FOLDER = pathlib.Path(__file__).parents[2] / "architectures"
NAMES = ["alexnet_torchvision", "densenet121", "densenet161", "densenet169", "densenet201", "efficientnet_b0", "googlenet",
         "inception_v3", "mobilenet_v2", "mobilenet_v3_large", "regnet_y_400mf", "resnet18", "resnet34", "resnet50",
         "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d", "shufflenet_v2_x1_0", "squeezenet1_0",
         "squeezenet1_1", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
         "wide_resnet50_2"]


def transform(side):
    """What the files' `eval` transforms do."""
    return transforms.Compose([
        transforms.Resize({224: 256, 299: 342}[side]), transforms.CenterCrop(side), transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])


def expected(net, side, image):
    """The five best classes with their probabilities, after the last layer is scaled to make them differ."""
    images = transform(side)(Image.open(image))[None]
    last = [module for module in net.modules() if isinstance(module, (nn.Conv2d, nn.Linear))][-1]
    with torch.no_grad():
        last.weight.mul_(3 / net(images).std())
        best = net(images)[0].softmax(0).topk(5)
    return list(zip(best.indices.tolist(), best.values.tolist()))


def predict(archc, file, weights, image):
    command = [archc, "predict", file, "--weights", weights, "--format", "json", image]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [(entry["class"], entry["probability"]) for entry in answer["predictions"]]


def main(archc, *names):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        image = folder / "noise.png"
        pixels = numpy.random.default_rng(3).integers(0, 256, (256, 300, 3), dtype=numpy.uint8)
        Image.fromarray(pixels).save(image)
        for name in names or NAMES:
            torch.manual_seed(3)
            make, (_, side, _) = ARCHITECTURES[name]
            net, [file] = make().eval(), FOLDER.glob(f"{name}.*")
            scatter(net)
            best = expected(net, side, image)
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
    main(*sys.argv[1:])
