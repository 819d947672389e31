"""Holds the names of timm's and Hugging Face's networks against torchvision's.

    pip install torch torchvision timm transformers
    python tests/scripts/packages.py                writes tests/fixtures/packages.txt
    python tests/scripts/packages.py ARCHC [NAME…]  has archc read random weights of theirs and of
                                                    torchvision's up to 60 MB, and compares logits

Which layer is which follows from the order in which both networks call their layers and from the sizes; then
torchvision's network gets the other's weights, and must give its logits. Made with PyTorch 2.15.0, torchvision 0.29.2,
timm 1.0.31 and transformers 5.24.0.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version

import torch
from torch import nn
from torchvision import models

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/reference"))


def timm(name):
    import timm
    return timm.create_model(name, pretrained=False)


def hugging_face(kind, **config):
    import transformers
    config = getattr(transformers, f"{kind}Config")(num_labels=1000, **config)
    return getattr(transformers, f"{kind}ForImageClassification")(config)


def hugging_face_efficientnet():
    """With PyTorch's padding in the place of TensorFlow's."""
    net = hugging_face("EfficientNet", width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280, image_size=224)
    net.efficientnet.embeddings.padding = nn.ZeroPad2d(1)
    for block in net.efficientnet.encoder.blocks:
        convolution = block.depthwise_conv
        if convolution.stride == 2:
            convolution.depthwise_conv_pad = nn.ZeroPad2d(convolution.depthwise_conv.kernel_size[0] // 2)
    return net


def hugging_face_convnext():
    """With the ε of the other norms in the last one's place."""
    net = hugging_face("ConvNext")
    net.convnext.layernorm.eps = 1e-6
    return net


RESNETS = {18: ("basic", [2, 2, 2, 2], [64, 128, 256, 512]), 50: ("bottleneck", [3, 4, 6, 3], [256, 512, 1024, 2048])}


def hugging_face_resnet(depth):
    kind, depths, sizes = RESNETS[depth]
    return hugging_face("ResNet", layer_type=kind, depths=depths, hidden_sizes=sizes, embedding_size=64)


# Package, name there, file in architectures/, their network, torchvision's.
NETWORKS = [
    ("timm", "resnet18", "resnet18.yaml", lambda: timm("resnet18"), models.resnet18),
    ("timm", "resnet50", "resnet50.toml", lambda: timm("resnet50"), models.resnet50),
    ("timm", "densenet121", "densenet121.yaml", lambda: timm("densenet121"), models.densenet121),
    ("timm", "vgg11_bn", "vgg11_bn.yaml", lambda: timm("vgg11_bn"), models.vgg11_bn),
    ("timm", "mobilenetv2_100", "mobilenet_v2.yaml", lambda: timm("mobilenetv2_100"), models.mobilenet_v2),
    ("timm", "mobilenetv3_large_100", "mobilenet_v3_large.yaml", lambda: timm("mobilenetv3_large_100"),
     models.mobilenet_v3_large),
    ("timm", "efficientnet_b0", "efficientnet_b0.yaml", lambda: timm("efficientnet_b0"), models.efficientnet_b0),
    ("timm", "regnety_004", "regnet_y_400mf.yaml", lambda: timm("regnety_004"), models.regnet_y_400mf),
    ("timm", "convnext_tiny", "convnext_tiny.yaml", lambda: timm("convnext_tiny"), models.convnext_tiny),
    ("Hugging_Face", "resnet18", "resnet18.yaml", lambda: hugging_face_resnet(18), models.resnet18),
    ("Hugging_Face", "resnet50", "resnet50.toml", lambda: hugging_face_resnet(50), models.resnet50),
    ("Hugging_Face", "regnet", "regnet_y_400mf.yaml",
     lambda: hugging_face("RegNet", depths=[1, 3, 6, 6], hidden_sizes=[48, 104, 208, 440], groups_width=8,
                          embedding_size=32, layer_type="y"), models.regnet_y_400mf),
    ("Hugging_Face", "mobilenet_v2", "mobilenet_v2.yaml",
     lambda: hugging_face("MobileNetV2", tf_padding=False, finegrained_output=True), models.mobilenet_v2),
    ("Hugging_Face", "efficientnet", "efficientnet_b0.yaml", hugging_face_efficientnet, models.efficientnet_b0),
    ("Hugging_Face", "convnext", "convnext_tiny.yaml", hugging_face_convnext, models.convnext_tiny),
]


def logits(net, images):
    with torch.no_grad():
        output = net(images)
    return output if torch.is_tensor(output) else output.logits


# What a layer scale is called.
SCALES = ("gamma", "layer_scale", "layer_scale_parameter")


def scatter(net):
    """Gives norms and layer scales numbers that no default could stand in for, and classes far apart."""
    for name, parameter in net.named_parameters():
        if name.split(".")[-1] in SCALES:
            nn.init.uniform_(parameter, 0.1, 0.5)
    for module in net.modules():
        if isinstance(module, nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in [(module.weight, 0.5, 1.5), (module.bias, -0.3, 0.3),
                                      (module.running_mean, -0.3, 0.3), (module.running_var, 0.5, 1.5)]:
                nn.init.uniform_(tensor, low, high)


def layers(net, images):
    """Names and sizes of the layers with weights, in the order in which they are called."""
    found, hooks = [], []
    for name, module in net.named_modules():
        if any(True for _ in module.parameters(recurse=False)):
            hooks.append(module.register_forward_hook(lambda *_, name=name, module=module: found.append((name, module))))
    logits(net, images)
    for hook in hooks:
        hook.remove()
    # torchvision's RegNet alone calls the way around a block first.
    block = lambda name: name.split(".proj.")[0].split(".f.")[0]
    order = {}
    for name, _ in found:
        order.setdefault(block(name), len(order))
    return sorted(found, key=lambda layer: (order[block(layer[0])], ".proj." in layer[0]))


def own(module):
    """The arrays of a module, but for those of the modules in it; a layer scale has one name."""
    tensors = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return {"layer_scale" if name in SCALES else name: tensor for name, tensor in tensors if tensor.dim() > 0}


def sizes(module):
    return tuple((name, tensor.shape[0], tensor.numel()) for name, tensor in sorted(own(module).items()))


def full_name(name, module):
    """A layer scale's is a weight of its block."""
    scale = [key for key, _ in module.named_parameters(recurse=False) if key in SCALES]
    return ".".join([name, *scale])


def pairs(theirs, ours, images):
    waiting = {}
    for name, module in layers(theirs, images):
        waiting.setdefault(sizes(module), []).append((name, module))
    found = []
    for name, module in layers(ours, images):
        other, source = waiting[sizes(module)].pop(0)
        with torch.no_grad():
            for key, tensor in own(module).items():
                tensor.copy_(own(source)[key].reshape(tensor.shape))
        if isinstance(module, nn.BatchNorm2d):
            module.eps = source.eps
        found.append((full_name(other, source), full_name(name, module)))
    assert not any(waiting.values()), waiting
    return found


def with_eps(text, net):
    """A file with the ε of the network's batch norms."""
    found = {module.eps for module in net.modules() if isinstance(module, nn.BatchNorm2d)}
    return re.sub(r"\bbn\b( eps=\S+)?", f"bn eps={found.pop()}", text) if found else text


def made(entry):
    torch.manual_seed(3)
    net = entry[3]().eval()
    scatter(net)
    return net


def write():
    lines = ["# tests/scripts/packages.py wrote this: package, network, file in architectures/; layers there and here."]
    for entry in NETWORKS:
        package, name, architecture, _, make = entry
        theirs, ours = made(entry), make(weights=None, **{"init_weights": False} if "vgg" in name else {}).eval()
        images = torch.rand(1, 3, 224, 224)
        found = pairs(theirs, ours, images)
        expected, got = logits(theirs, images), logits(ours, images)
        assert (expected - got).abs().max() <= 1e-4 * expected.abs().max(), (package, name, (expected - got).abs().max())
        print(f"{package} {name}: {len(found)} layers, the same logits")
        if any(other != own for other, own in found):
            lines += [f"{package} {name} {architecture}", *(f"{other} {own}" for other, own in found), ""]
    (ROOT / "tests/fixtures/packages.txt").write_text("\n".join(lines))


# torchvision's own up to 60 MB, with their auxiliary heads: name, file in architectures/, network.
TORCHVISION = [
    (name, f"{name}.yaml", lambda name=name: getattr(models, name)(**{"init_weights": False} if name == "googlenet" else {}))
    for name in ("densenet121", "densenet169", "efficientnet_b0", "googlenet", "mobilenet_v2", "mobilenet_v3_large",
                 "regnet_y_400mf", "resnet18", "shufflenet_v2_x1_0", "squeezenet1_0", "squeezenet1_1")
]


def scores(archc, file, weights, image):
    """The logarithm of each class's probability."""
    command = [archc, "predict", file, "--weights", weights, "--format", "json", "--top", "1000", image]
    answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    found = {entry["class"]: entry["probability"] for entry in answer["predictions"]}
    return torch.tensor([found[index] for index in range(1000)], dtype=torch.float64).log()


def check(archc, names):
    import numpy
    from PIL import Image
    from safetensors.torch import save_file
    from torchvision_full import transform

    entries = NETWORKS + [("torchvision", name, file, make, None) for name, file, make in TORCHVISION]
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchvision", "timm", "transformers"))
    print(f"{versions}\n\n| package | network | file in architectures/ | arrays | `.pth` | `.safetensors` |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        image = folder / "noise.png"
        pixels = numpy.random.default_rng(3).integers(0, 256, (256, 300, 3), dtype=numpy.uint8)
        Image.fromarray(pixels).save(image)
        images = transform(224)(Image.open(image))[None]
        for entry in entries:
            package, name, architecture, _, _ = entry
            if names and name not in names:
                continue
            net = made(entry)
            # Some make the classes as good as equal otherwise.
            last = [module for module in net.modules() if isinstance(module, (nn.Conv2d, nn.Linear))][-1]
            with torch.no_grad():
                last.weight.mul_(3 / logits(net, images).std())
            expected = logits(net, images)[0].double()
            file = folder / architecture
            # Images are prepared alike for all.
            text = re.sub(r"\bresize \d+", "resize 256", (ROOT / "architectures" / architecture).read_text())
            file.write_text(with_eps(text, net) if package != "torchvision" else text)
            errors = []
            for extension, save in [("pth", torch.save), ("safetensors", save_file)]:
                weights = folder / f"{name}.{extension}"
                save(net.state_dict(), weights)
                found = scores(archc, file, weights, image)
                weights.unlink()
                error = (found - expected.log_softmax(0)).abs().max() / expected.abs().max()
                assert error <= 1e-4, (package, name, error)
                errors.append(f"{error:.0e}")
            arrays = len(net.state_dict())
            print(f"| {package.replace('_', ' ')} | {name} | {architecture} | {arrays} | {' | '.join(errors)} |", flush=True)


if __name__ == "__main__":
    check(sys.argv[1], sys.argv[2:]) if sys.argv[1:] else write()
