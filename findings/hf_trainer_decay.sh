#!/usr/bin/env bash
# Hugging Face's Trainer keeps weight decay off layer norms, and not off batch norms.
#
# Software: transformers 5.23.0 (`Trainer.get_decay_parameter_names`), PyTorch 2.15.0, timm 1.0.31, torchvision 0.29.2
# Expected: biases and the weights of every normalisation are exempt, as in timm, where all that has one axis is.
# Happens:  a parameter is exempt if its module is an nn.LayerNorm or if its name holds bias, layernorm, rmsnorm or a
#           part "norm". The batch norms of torchvision's ResNet (`bn1`), of Hugging Face's own ResNet, RegNet and
#           MobileNet (`normalization`) are decayed; ConvNeXt's layer norms are exempt.
# Matters:  the same script with the same 0.05 trains two kinds of network by two rules, and a batch norm called
#           `norm1` by a third. Who reproduces such a run needs the list of names, not the number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    torch==2.15.0 torchvision==0.29.2 timm==1.0.31 transformers==5.23.0 accelerate==1.15.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import os

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import torchvision
import transformers
from timm.optim import param_groups_weight_decay

arguments = transformers.TrainingArguments("run", weight_decay=0.05, use_cpu=True, report_to=[])
small = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 8, 8, 8]}
models = {
    "torchvision ResNet": torchvision.models.resnet18(),
    "Hugging Face ResNet": transformers.ResNetForImageClassification(transformers.ResNetConfig(**small)),
    "Hugging Face ConvNeXt": transformers.ConvNextForImageClassification(transformers.ConvNextConfig(**small)),
    "norm1": torch.nn.ModuleDict({"norm1": torch.nn.BatchNorm2d(3), "norm": torch.nn.BatchNorm2d(3)}),
}
decayed = {}
for name, model in models.items():
    names = set(transformers.Trainer(model, arguments).get_decay_parameter_names(model))
    norms = [
        f"{path}.weight"
        for path, module in model.named_modules()
        if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.LayerNorm))
    ]
    decayed[name] = [norm for norm in norms if norm in names], len(norms)
    print(f"{name}: {len(decayed[name][0])} of {len(norms)} norm weights decayed, {decayed[name][0][:2]}")
assert len(decayed["torchvision ResNet"][0]) == decayed["torchvision ResNet"][1] == 20
assert len(decayed["Hugging Face ResNet"][0]) == decayed["Hugging Face ResNet"][1] > 0
assert decayed["Hugging Face ConvNeXt"][0] == [] and decayed["Hugging Face ConvNeXt"][1] > 0
assert decayed["norm1"] == (["norm1.weight"], 2)
groups = param_groups_weight_decay(models["torchvision ResNet"], 0.05)
exempt = {id(parameter) for group in groups if group["weight_decay"] == 0 for parameter in group["params"]}
norms = [module for module in models["torchvision ResNet"].modules() if isinstance(module, torch.nn.BatchNorm2d)]
print("timm:", sum(id(norm.weight) in exempt for norm in norms), "of", len(norms), "norm weights exempt")
assert all(id(norm.weight) in exempt for norm in norms)
PYTHON
