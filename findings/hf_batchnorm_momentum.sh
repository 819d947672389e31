#!/usr/bin/env bash
# Hugging Face's MobileNets forget their running statistics in one batch.
#
# Software: transformers 5.23.0 with PyTorch 2.15.0; networks made from their default configurations
# Expected: TensorFlow's decay of 0.9997 or 0.997 is PyTorch's momentum of 0.0003 or 0.003.
# Happens:  it is handed over as it stands. MobileNetV1 has 0.9997, MobileNetV2 0.997, EfficientNet 0.99 in its stem and
#           most of its blocks and 0.1 in the norms of the expansions: after one batch of training the running mean *is*
#           that batch's mean. timm and torchvision have 0.1, 0.01 or 0.0003.
# Matters:  nothing shows in a network that is loaded and used. Fine-tuned, its evaluation follows the last few images
#           seen: validation jumps from epoch to epoch. An importer should take such a number from the architecture, not
#           from the checkpoint's module.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 transformers==5.23.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import collections
import os

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers

made = {
    "MobileNetV1": transformers.MobileNetV1ForImageClassification(transformers.MobileNetV1Config()),
    "MobileNetV2": transformers.MobileNetV2ForImageClassification(transformers.MobileNetV2Config()),
    "EfficientNet": transformers.EfficientNetForImageClassification(
        transformers.EfficientNetConfig(width_coefficient=0.5, depth_coefficient=0.5, image_size=64)
    ),
    "ResNet": transformers.ResNetForImageClassification(transformers.ResNetConfig()),
}
momenta = {}
for name, model in made.items():
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    momenta[name] = dict(collections.Counter(norm.momentum for norm in norms))
    print(f"{name}: batch norms by momentum {momenta[name]}")
assert set(momenta["MobileNetV1"]) == {0.9997} and set(momenta["MobileNetV2"]) == {0.997}
assert set(momenta["EfficientNet"]) == {0.99, 0.1} and set(momenta["ResNet"]) == {0.1}
norm = made["MobileNetV2"].mobilenet_v2.conv_stem.first_conv.normalization.train()
norm(torch.full((8, norm.num_features, 2, 2), 100.0))
norm(torch.full((8, norm.num_features, 2, 2), 5.0))
print("running mean after a batch of 100 and a batch of 5:", norm.running_mean[0].item())
assert abs(norm.running_mean[0].item() - 5) < 0.5
PYTHON
