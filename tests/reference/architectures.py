"""The module of every file in architectures/."""

import torch
from torch import nn
from torchvision import models
from torchvision.models.resnet import ResNet
from torchvision.models.vgg import cfgs, make_layers

from modules import (AlexNet, CifarResNet, ConvNet, Features, PlainBlock, ResNet50Layer4, UNet, UNetClassifier,
                     ValidUNet, cifar_resnet, digits_cnn, head, vgg_c, vgg_lrn)


def regnet(name):
    # Its constructor computes with tensors, which must have values.
    with torch.device("cpu"):
        return getattr(models, name)()


TUTORIAL = [32, 32, "M", 64, 64, 128, 128, 128, "M", 256, 256, 256, 512, 512, 512, "M"]
CUSTOM = [64, 64, 64, "M", 128, 128, 128, "M", 256, 256, 256, "M"]

# Every file in architectures/: the module, and its input.
ARCHITECTURES = {
    "alexnet": (AlexNet, (3, 227, 227)),
    "alexnet_paper": (lambda: AlexNet(groups=2), (3, 227, 227)),
    "alexnet_torchvision": (models.alexnet, (3, 224, 224)),
    "convnet": (ConvNet, (1, 28, 28)),
    "digits_cnn": (digits_cnn, (1, 8, 8)),
    "googlenet": (lambda: models.googlenet(aux_logits=False, init_weights=False), (3, 224, 224)),
    "inception_v3": (lambda: models.inception_v3(aux_logits=False, init_weights=False), (3, 299, 299)),
    "plain18": (lambda: ResNet(PlainBlock, [2, 2, 2, 2]), (3, 224, 224)),
    "plain34": (lambda: ResNet(PlainBlock, [3, 4, 6, 3]), (3, 224, 224)),
    "resnet50_layer4": (ResNet50Layer4, (3, 32, 32)),
    "unet": (UNet, (3, 256, 256)),
    "unet_classifier": (UNetClassifier, (3, 32, 32)),
    "unet_valid": (ValidUNet, (1, 572, 572)),
    "vgg11_lrn": (vgg_lrn, (3, 224, 224)),
    "vgg16_c": (vgg_c, (3, 224, 224)),
    "vgg16_cifar": (
        lambda: Features(make_layers(cfgs["D"]), nn.Dropout(), nn.Linear(512, 512), nn.ReLU(), nn.Dropout(),
                         nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)), (3, 32, 32)),
    "vgg16_cifar10": (
        lambda: Features(make_layers(cfgs["D"]), nn.Dropout(), nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(),
                         nn.Dropout(), nn.Linear(512, 10)), (3, 32, 32)),
    "vgg16_cifar100": (
        lambda: Features(make_layers(cfgs["D"], batch_norm=True), *head(512, [4096, 4096], 100)), (3, 32, 32)),
    "vgg_cifar10": (lambda: Features(make_layers(TUTORIAL), *head(512 * 4 * 4, [4096, 4096], 10)), (3, 32, 32)),
    "vgg_custom": (lambda: Features(make_layers(CUSTOM, batch_norm=True), *head(256 * 4 * 4, [512], 10)), (3, 32, 32)),
}
for depth in (11, 13, 16, 19):
    ARCHITECTURES[f"vgg{depth}"] = (getattr(models, f"vgg{depth}"), (3, 224, 224))
    ARCHITECTURES[f"vgg{depth}_bn"] = (getattr(models, f"vgg{depth}_bn"), (3, 224, 224))
for depth in (18, 34, 50, 101, 152):
    resnet = getattr(models, f"resnet{depth}")
    ARCHITECTURES[f"resnet{depth}"] = (resnet, (3, 224, 224))
    ARCHITECTURES[f"resnet{depth}_cifar100"] = (lambda resnet=resnet: cifar_resnet(resnet), (3, 32, 32))
for depth in (20, 32, 44, 56, 110):
    ARCHITECTURES[f"resnet{depth}_cifar10"] = (lambda n=(depth - 2) // 6: CifarResNet(n), (3, 32, 32))
for name in ("convnext_base", "convnext_large", "convnext_small", "convnext_tiny", "densenet121", "densenet161",
             "densenet169", "densenet201", "efficientnet_b0", "mnasnet0_5", "mnasnet1_0", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "resnext50_32x4d",
             "resnext101_32x8d", "resnext101_64x4d", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5",
             "shufflenet_v2_x2_0", "squeezenet1_0", "squeezenet1_1", "wide_resnet50_2", "wide_resnet101_2"):
    ARCHITECTURES[name] = (getattr(models, name), (3, 224, 224))
for name in ("regnet_x_400mf", "regnet_x_800mf", "regnet_x_1_6gf", "regnet_x_3_2gf", "regnet_x_8gf", "regnet_y_400mf",
             "regnet_y_800mf", "regnet_y_1_6gf", "regnet_y_3_2gf"):
    ARCHITECTURES[name] = (lambda name=name: regnet(name), (3, 224, 224))
for name, side in (("efficientnet_b1", 240), ("efficientnet_b2", 288), ("efficientnet_b3", 300),
                   ("efficientnet_v2_s", 384), ("efficientnet_v2_m", 480)):
    ARCHITECTURES[name] = (getattr(models, name), (3, side, side))
