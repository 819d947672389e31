"""Checks torchvision's own resnet18, vgg11_bn and alexnet, full size with random weights, against the archc program.

    cargo build --release
    python tests/reference/torchvision_full.py target/release/archc

Each state dict is saved as .pth and as safetensors; `archc predict` must give torchvision's five best classes with
torchvision's probabilities for an image file. Takes a minute and 2 GB of temporary files, so it is run by hand.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision import models, transforms

from make import scatter

ARCHITECTURES = pathlib.Path(__file__).parents[2] / "architectures"
FILES = {"resnet18": "resnet18.yaml", "vgg11_bn": "vgg11_bn.yaml", "alexnet": "alexnet_torchvision.yaml"}
# What the files' `eval` transforms do.
TRANSFORM = transforms.Compose([
    transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])


def predict(archc, file, weights, image):
    command = [archc, "predict", ARCHITECTURES / file, "--weights", weights, "--format", "json", image]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


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
            with torch.no_grad():
                net.get_parameter(list(dict(net.named_parameters()))[-2]).mul_(30)   # far from 1/1000 each
                logits = net(TRANSFORM(Image.open(image))[None])[0]
            best = logits.softmax(0).topk(5)
            for extension, save in [("pth", torch.save), ("safetensors", save_file)]:
                weights = folder / f"{name}.{extension}"
                save(net.state_dict(), weights)
                found = predict(archc, file, weights, image)
                print(name, extension, found)
                weights.unlink()
            print(name, "torchvision", list(zip(best.indices.tolist(), best.values.tolist())))


if __name__ == "__main__":
    main(sys.argv[1])
