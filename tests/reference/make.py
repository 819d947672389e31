"""Writes every file that tests/reference.rs and tests/architectures.rs compare archc with.

    pip install torch torchvision safetensors
    python tests/reference/make.py

Made with PyTorch 2.15.0, torchvision 0.29.2 and safetensors 0.8.0 on a CPU. Running it again with these versions gives
the same files; other versions differ in the last digits.

- `values/NAME.safetensors`, for each narrow network in f64: weights, a batch, and what PyTorch makes of them. Keys:
  `images`, `labels`, `weights/…`; for MODE in `train` and `eval`: `MODE/logits`, `MODE/loss`, `MODE/gradients/…`;
  `train/buffers/…`, the running statistics after one forward pass in training; for OPTIMIZER in `OPTIMIZERS`:
  `OPTIMIZER/…`, weights and running statistics after three steps in training mode on the same batch.
- `torchvision/NAME.pth` and `.safetensors`, state dicts in f32 as torchvision's users save them, and
  `torchvision/NAME.logits.safetensors` with `images` and `logits`.
- `logits.txt`, for networks of architectures/ at full width and on small images: the first logits in f64, with weights
  and an image that both sides compute from a formula.
- `parameters.txt`, for every file in architectures/: parameters, multiply-accumulates, and each tensor's name and
  shape.
  """

import math
import pathlib

import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import modules
from architectures import ARCHITECTURES

HERE = pathlib.Path(__file__).parent
CLASSES = 5

# The narrow networks of networks/NAME.yaml: module, input, examples in the batch.
NETWORKS = {
    "convnet": (lambda: modules.ConvNet((4, 6), (12, 14), CLASSES), (1, 12, 14), 6),
    "vgg_bn": (lambda: modules.narrow_vgg([4, 6, "M", 8, 8, "M"], 2, [10, 8], CLASSES, 0.0), (3, 13, 10), 6),
    "alexnet": (
        lambda: modules.AlexNet((8, 12, 8, 10, 6), 5, 2, 2, dict(size=5, alpha=0.5, beta=0.75, k=1), (1, 1), (12, 10),
                                CLASSES, 0.0), (3, 35, 43), 4),
    "resnet_basic": (lambda: modules.narrow_resnet(modules.BasicBlock, [2, 2], [4, 6], CLASSES), (3, 21, 26), 6),
    "resnet_bottleneck": (lambda: modules.narrow_resnet(modules.Bottleneck, [2, 2], [3, 4], CLASSES), (3, 21, 26), 6),
    "resnet50_layer4": (lambda: modules.ResNet50Layer4((3, 2, 3, 4), (2, 2, 1), CLASSES), (3, 32, 32), 8),
    "mobile": (modules.Mobile, (3, 18, 22), 6),
    "convnext": (lambda: modules.narrow_convnext(CLASSES), (3, 32, 40), 4),
    "merges": (modules.Merges, (3, 9, 7), 5),
    "up_and_down": (modules.UpAndDown, (2, 12, 14), 4),
    "pyramid": (modules.Pyramid, (2, 15, 13), 4),
}

# The same settings stand in tests/reference.rs.
OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.01),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
}
STEPS = 3

# The narrow relatives of torchvision's networks, for state dicts.
STATE_DICTS = {
    "torchvision_resnet": (
        lambda: modules.narrow_resnet(modules.BasicBlock, [1, 1, 1, 1], [4, 6, 8, 10], 10), (3, 32, 32)),
    "torchvision_vgg_bn": (
        lambda: modules.narrow_vgg([4, "M", 6, "M", 8, 8, "M"], 3, [16, 16], 10, 0.5), (3, 32, 32)),
    "torchvision_alexnet": (lambda: modules.narrow_alexnet(10), (3, 80, 80)),
}


def scatter(net):
    """Gives batch norms weights and statistics that no default could stand in for."""
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            for tensor, low, high in [(module.weight, 0.5, 1.5), (module.bias, -0.3, 0.3),
                                      (module.running_mean, -0.3, 0.3), (module.running_var, 0.5, 1.5)]:
                nn.init.uniform_(tensor, low, high)


def state(net):
    """Weights and running statistics by name."""
    tensors = {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}
    return {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}


def under(prefix, tensors):
    return {f"{prefix}/{name}": tensor.contiguous() for name, tensor in tensors.items()}


def one_pass(net, mode, images, labels):
    """Logits, loss and gradients by name, and in training mode the running statistics afterwards."""
    net.train(mode == "train").zero_grad()
    logits = net(images)
    loss = nn.functional.cross_entropy(logits, labels)
    loss.backward()
    values = {"logits": logits.detach(), "loss": loss.detach().reshape(1)}
    values |= under("gradients", {name: parameter.grad.clone() for name, parameter in net.named_parameters()})
    if mode == "train":
        values |= under("buffers", {name: tensor for name, tensor in state(net).items() if ".running_" in name})
    return under(mode, values)


def values_of(make, shape, batch, dtype):
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    net = make()
    scatter(net)
    images = torch.randn(batch, *shape)
    labels = torch.arange(batch) % CLASSES
    torch.set_default_dtype(dtype)
    net, images = net.to(dtype), images.to(dtype)
    start = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    values = {"images": images, "labels": labels} | under("weights", state(net))
    for mode in ["train", "eval"]:
        net.load_state_dict(start)
        values |= one_pass(net, mode, images, labels)
    for name, optimizer in OPTIMIZERS.items():
        net.load_state_dict(start)
        optimizer = optimizer(net.parameters())
        for _ in range(STEPS):
            one_pass(net, "train", images, labels)
            optimizer.step()
        values |= under(name, state(net))
    return values


def check_single_precision(name, exact, single):
    """PyTorch in f32 must keep the rule that archc is held to, or the fixture says nothing about archc."""
    for mode in ["train", "eval"]:
        gradients = [key for key in exact if key.startswith(f"{mode}/gradients/")]
        largest = max(exact[key].abs().max() for key in gradients)
        for key in [f"{mode}/logits", f"{mode}/loss"] + gradients:
            error = (single[key].double() - exact[key]).abs().max()
            assert error <= 1e-4 * exact[key].abs().max() + 1e-6 * largest, f"{name}: {key} is off by {error:.1e}"


def write_values():
    for name, (make, shape, batch) in NETWORKS.items():
        exact = values_of(make, shape, batch, torch.float64)
        check_single_precision(name, exact, values_of(make, shape, batch, torch.float32))
        save_file(exact, HERE / "values" / f"{name}.safetensors")


def write_state_dicts():
    torch.set_default_dtype(torch.float32)
    for name, (make, shape) in STATE_DICTS.items():
        torch.manual_seed(2)
        net = make().eval()
        scatter(net)
        images = torch.randn(3, *shape)
        with torch.no_grad():
            logits = net(images)
        torch.save(net.state_dict(), HERE / "torchvision" / f"{name}.pth")
        save_file(net.state_dict(), HERE / "torchvision" / f"{name}.safetensors")
        save_file({"images": images, "logits": logits}, HERE / "torchvision" / f"{name}.logits.safetensors")


# Networks of architectures/ whose logits are compared, and the side of the image.
LOGITS = {"inception_v3": 96} | {
    name: 64 for name in [
        "convnext_tiny", "densenet121", "densenet161", "densenet169", "densenet201", "efficientnet_b0",
        "efficientnet_v2_s", "googlenet", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small",
        "regnet_x_400mf", "regnet_y_400mf", "resnet18", "resnet50", "resnext50_32x4d", "shufflenet_v2_x0_5",
        "shufflenet_v2_x1_0", "squeezenet1_0", "squeezenet1_1"]
} | {
    name: 32 for name in [
        "resnet20_cifar10", "resnet32_cifar10", "resnet44_cifar10", "resnet56_cifar10", "resnet110_cifar10",
        "resnext101_32x8d", "unet_classifier", "wide_resnet50_2"]
}


def uniform(name, shape):
    """Numbers in [0, 1) that depend on the name and the place only; tests/reference/logits.rs computes the same."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
    place = numpy.arange(math.prod(shape), dtype=numpy.uint64)
    mixed = (place * 0x9E3779B1 + seed & 0xFFFFFFFF).astype(numpy.uint32)
    for shift, factor in [(16, 0x85EBCA6B), (13, 0xC2B2AE35)]:
        mixed = (mixed ^ mixed >> numpy.uint32(shift)) * numpy.uint32(factor)
    return torch.from_numpy((mixed ^ mixed >> numpy.uint32(16)) / 2.0 ** 32).reshape(shape)


def computed(name, shape):
    """A weight or running statistic of a size that keeps values in range."""
    numbers = uniform(name, shape)
    if len(shape) > 1:
        return (2 * numbers - 1) * math.sqrt(6 / math.prod(shape[1:]))
    return 0.5 + numbers if name.endswith(("weight", "running_var")) else 0.6 * numbers - 0.3


def write_logits():
    torch.set_default_dtype(torch.float64)
    lines = ["# Written by make.py: the first logits of networks on images of a side."]
    for name, side in sorted(LOGITS.items()):
        net = ARCHITECTURES[name][0]().eval()
        net.load_state_dict({key: computed(key, tensor.shape) if tensor.dim() > 0 else tensor
                             for key, tensor in net.state_dict().items()})
        with torch.no_grad():
            logits = net(4 * uniform("image", (1, 3, side, side)) - 2)[0]
        lines.append(f"{name} {side} {' '.join(repr(logit) for logit in logits[:8].tolist())}")
    (HERE / "logits.txt").write_text("\n".join(lines) + "\n")


def write_parameters():
    torch.set_default_dtype(torch.float32)
    lines = ["# Written by make.py: each network's parameters, multiply-accumulates, and tensors by name and shape."]
    for name, (make, shape) in sorted(ARCHITECTURES.items()):
        with torch.device("meta"), FlopCounterMode(display=False) as counter:
            net = make().to("meta").eval()
            net(torch.empty(1, *shape))
        parameters = sum(parameter.numel() for parameter in net.parameters())
        lines.append(f"{name} params={parameters} macs={counter.get_total_flops() // 2}")
        lines += [f"  {key} {'x'.join(map(str, tensor.shape))}" for key, tensor in state(net).items()]
    (HERE / "parameters.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    for folder in ["values", "torchvision"]:
        (HERE / folder).mkdir(exist_ok=True)
    torch.set_num_threads(1)
    write_values()
    write_state_dicts()
    write_logits()
    write_parameters()
