"""The PyTorch modules that archc is compared with.

Where torchvision has a network, it is torchvision's own class, narrowed where a test needs it narrow. The rest is
written as in the tutorials that the files in architectures/ name, so that parameters have the same names.
"""

import torch
from torch import nn
from torchvision import models
from torchvision.models.convnext import CNBlockConfig, ConvNeXt, LayerNorm2d
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.vgg import VGG, cfgs, make_layers
from torchvision.ops import StochasticDepth
from torchvision.transforms.v2.functional import center_crop

LRN = dict(size=5, alpha=1e-4, beta=0.75, k=2)


class ConvNet(nn.Module):
    """yunjey's tutorial: two 5×5 convolutions with batch norm."""

    def __init__(self, widths=(16, 32), size=(28, 28), classes=10):
        super().__init__()
        stage = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 5, padding=2), nn.BatchNorm2d(o), nn.ReLU(), nn.MaxPool2d(2))
        self.layer1 = stage(1, widths[0])
        self.layer2 = stage(widths[0], widths[1])
        self.fc = nn.Linear(widths[1] * (size[0] // 4) * (size[1] // 4), classes)

    def forward(self, x):
        return self.fc(self.layer2(self.layer1(x)).flatten(1))


class AlexNet(nn.Module):
    """Krizhevsky et al. 2012, with groups=2 the paper's two halves."""

    def __init__(self, widths=(96, 256, 384, 384, 256), kernel=11, stride=4, groups=1, lrn=LRN, last=(6, 6),
                 hidden=(4096, 4096), classes=1000, dropout=0.5):
        super().__init__()
        a, b, c, d, e = widths
        self.net = nn.Sequential(
            nn.Conv2d(3, a, kernel, stride), nn.ReLU(), nn.LocalResponseNorm(**lrn), nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2, groups=groups), nn.ReLU(), nn.LocalResponseNorm(**lrn), nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1, groups=groups), nn.ReLU(),
            nn.Conv2d(d, e, 3, padding=1, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(e * last[0] * last[1], hidden[0]), nn.ReLU(),
            nn.Dropout(dropout), nn.Linear(*hidden), nn.ReLU(), nn.Linear(hidden[1], classes),
        )

    def forward(self, x):
        return self.classifier(self.net(x).flatten(1))


class Features(nn.Module):
    """VGG's convolutions with a head of one's own and no adaptive pool."""

    def __init__(self, features, *classifier):
        super().__init__()
        self.features = features
        self.classifier = nn.Sequential(*classifier)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def head(inputs, hidden, classes, dropout=0.5):
    """VGG's: Linear, ReLU, Dropout for each hidden width, and a last Linear."""
    layers = []
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(dropout)]
        inputs = width
    return layers + [nn.Linear(inputs, classes)]


def vgg_c():
    """Structure C: the third convolution of a stage is 1×1."""
    layers, channels = [], 3
    for width, kernels in [(64, [3, 3]), (128, [3, 3]), (256, [3, 3, 1]), (512, [3, 3, 1]), (512, [3, 3, 1])]:
        for kernel in kernels:
            layers += [nn.Conv2d(channels, width, kernel, padding=kernel // 2), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return VGG(nn.Sequential(*layers), init_weights=False)


def vgg_lrn():
    """Structure A-LRN: response normalisation after the first convolution."""
    layers = list(make_layers(cfgs["A"]))
    return VGG(nn.Sequential(*layers[:2], nn.LocalResponseNorm(**LRN), *layers[2:]), init_weights=False)


def narrow_vgg(cfg, pool, hidden, classes, dropout):
    """torchvision's VGG with batch norm, narrow."""
    vgg = VGG(nn.Identity(), init_weights=False)
    vgg.features = make_layers(cfg, batch_norm=True)
    vgg.avgpool = nn.AdaptiveAvgPool2d(pool)
    channels = [width for width in cfg if width != "M"][-1]
    vgg.classifier = nn.Sequential(*head(channels * pool * pool, hidden, classes, dropout))
    return vgg


def narrow_alexnet(classes):
    """torchvision's AlexNet, narrow."""
    net = models.AlexNet(num_classes=classes)
    net.features = nn.Sequential(
        nn.Conv2d(3, 6, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 10, 3, padding=1), nn.ReLU(),
        nn.Conv2d(10, 8, 3, padding=1), nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
    )
    net.avgpool = nn.AdaptiveAvgPool2d(2)
    net.classifier = nn.Sequential(
        nn.Dropout(), nn.Linear(8 * 4, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, classes),
    )
    return net


def narrow_resnet(block, counts, widths, classes):
    """torchvision's ResNet, narrow."""
    with torch.device("meta"):
        net = ResNet(block, [1, 1, 1, 1])
    net.inplanes = widths[0]
    net.conv1 = nn.Conv2d(3, widths[0], 7, stride=2, padding=3, bias=False)
    net.bn1 = nn.BatchNorm2d(widths[0])
    for stage, (count, width) in enumerate(zip(counts, widths)):
        setattr(net, f"layer{stage + 1}", net._make_layer(block, width, count, stride=1 if stage == 0 else 2))
    for stage in range(len(counts), 4):
        setattr(net, f"layer{stage + 1}", nn.Identity())
    net.fc = nn.Linear(net.inplanes, classes)
    return net


def cifar_resnet(resnet, classes=100):
    """A ResNet of torchvision's with weiaicunzai's stem."""
    net = resnet(num_classes=classes)
    net.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    net.maxpool = nn.Identity()
    return net


class PlainBlock(BasicBlock):
    """A basic block without its shortcut."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.downsample = None

    def forward(self, x):
        return self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))


def unit(inputs, outputs, kernel, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.BatchNorm2d(outputs), nn.ReLU())


class ResidualBlock(nn.Module):
    """A projection in every block; downsampling halves the first convolution's output."""

    def __init__(self, inputs, middle, outputs, downsample=False):
        super().__init__()
        stride = 2 if downsample else 1
        self.layer = nn.Sequential(
            unit(inputs, middle, 1, stride), unit(middle, middle, 3), unit(middle, outputs, 1)
        )
        self.shortcut = "downsize" if downsample else "make_equal_channel"
        setattr(self, self.shortcut, unit(inputs, outputs, 1, stride))

    def forward(self, x):
        return self.layer(x) + getattr(self, self.shortcut)(x)


class ResNet50Layer4(nn.Module):
    """The course's ResNet-50 with three stages, and only the weights that it uses."""

    def __init__(self, widths=(64, 64, 128, 256), counts=(3, 4, 6), classes=10):
        super().__init__()
        stem, *middles = widths
        self.layer1 = nn.Sequential(
            nn.Conv2d(3, stem, 7, stride=2, padding=3), nn.BatchNorm2d(stem), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)
        )
        channels = stem
        for stage, (middle, count) in enumerate(zip(middles, counts), start=2):
            blocks = []
            for block in range(count):
                downsample = stage < 4 and block == count - 1
                blocks.append(ResidualBlock(channels, middle, 4 * middle, downsample))
                channels = 4 * middle
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.avgpool = nn.AvgPool2d(2, 2)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def digits_cnn():
    layers, channels = [], 1
    for width, pool in [(16, False), (16, True), (32, True)]:
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if pool else []
        channels = width
    net = nn.Sequential()
    net.features = nn.Sequential(*layers)
    net.flatten = nn.Flatten()
    net.fc = nn.Linear(channels * 4, 10)
    return net


class Mobile(nn.Module):
    """The layers of MobileNet, ShuffleNet and ConvNeXt, and some activations."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6, eps=1e-3, momentum=0.01), nn.Hardswish())
        self.expand = nn.Sequential(nn.Conv2d(6, 12, 1), nn.GroupNorm(3, 12), nn.ReLU6())
        self.depth = nn.Sequential(
            nn.Conv2d(12, 24, 3, 2, 1, groups=12), LayerNorm2d(24, eps=1e-6), nn.Mish())
        self.squeeze = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(24, 4, 1), nn.ELU(0.7), nn.Conv2d(4, 24, 1), nn.Hardsigmoid())
        self.right = nn.Sequential(nn.Conv2d(14, 6, 1), nn.PReLU(6))
        self.project = nn.Sequential(nn.Conv2d(16, 16, 1), nn.PReLU(), StochasticDepth(0.0, "row"))
        self.norm = nn.LayerNorm([32, 2, 3])
        self.head = nn.Sequential(nn.Linear(32, 10), nn.LayerNorm(10), nn.Softplus(beta=2), nn.Linear(10, 5))

    def forward(self, x):
        x = self.depth(self.expand(self.stem(x)))
        x = nn.functional.channel_shuffle(x * self.squeeze(x), 3)
        x = torch.cat([x[:, :10], self.right(x[:, 10:])], 1)
        x = x + self.project(x)
        pool = nn.functional
        x = torch.cat([pool.adaptive_max_pool2d(x, (2, 3)), pool.adaptive_avg_pool2d(x, (2, 3))], 1)
        return self.head(pool.adaptive_max_pool2d(self.norm(x), 1).flatten(1))


class UpAndDown(nn.Module):
    """Every way to another height and width, and back."""

    def __init__(self):
        super().__init__()
        self.down1 = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ELU())
        self.down2 = nn.Sequential(nn.ReflectionPad2d((2, 2, 1, 1)), nn.Conv2d(4, 6, 3, 2), nn.ELU())
        self.down3 = nn.Sequential(nn.ReplicationPad2d((0, 1, 0, 1)), nn.Conv2d(6, 8, 2, 2), nn.ELU())
        self.up2 = nn.Sequential(nn.ConvTranspose2d(8, 6, 3, 2, 1, (1, 1)), nn.ELU())
        self.up1 = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(12, 4, (1, 3)), nn.ELU())
        self.sides = nn.Sequential(
            nn.Upsample(size=(7, 9), mode="bilinear", align_corners=True), nn.Upsample(scale_factor=1.5),
            nn.ConvTranspose2d(8, 4, (2, 3), padding=1, dilation=2, groups=2, bias=False), nn.SiLU())
        self.more = nn.Sequential(nn.Upsample(scale_factor=1.3, mode="bilinear"), nn.Conv2d(6, 5, 3), nn.Tanh())
        self.fc = nn.Linear(5, 5)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(a)
        x = self.up1(torch.cat([b, self.up2(self.down3(b))], 1))
        x = self.sides(torch.cat([a, x], 1))
        x = self.more(nn.functional.pad(x, (0, 0, 0, 0, 1, 1)))
        return self.fc(x.mean((2, 3)))


class Grn(nn.Module):
    """ConvNeXt V2's global response normalisation."""

    def __init__(self, channels):
        super().__init__()
        self.grn = Scale(channels)

    def forward(self, x):
        norm = x.norm(2, (2, 3), keepdim=True)
        return x + self.grn(x * norm / (norm.mean(1, keepdim=True) + 1e-6))


class Pyramid(nn.Module):
    """What goes back to the sizes of earlier maps, branches that are counted, and a response norm."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ELU())
        self.down = nn.Sequential(nn.Conv2d(4, 6, 3, 2), nn.ELU())
        self.up = nn.ConvTranspose2d(6, 4, 2, 2)
        self.lateral, self.top = nn.Conv2d(4, 4, 1), nn.Sequential(nn.Conv2d(6, 4, 1))
        self.rates = nn.Sequential(*[nn.Conv2d(12, 5, 3, padding=rate, dilation=rate) for rate in (1, 2, 3)])
        self.norm, self.fc = Grn(5), nn.Linear(5, 5)

    def forward(self, x):
        stem = self.stem(x)
        down = self.down(stem)
        up, lateral = self.up(down), self.lateral(stem)
        window = center_crop(stem, list(up.shape[2:]))
        top = lateral + nn.functional.interpolate(self.top(down), lateral.shape[2:])
        x = torch.cat([window, up, top[:, :, 1:, :-1].tanh()], 1)
        return self.fc(self.norm(sum(rate(x) for rate in self.rates)).mean((2, 3)))


def narrow_convnext(classes):
    """torchvision's ConvNeXt, narrow, with scales of its blocks that show."""
    blocks = [CNBlockConfig(6, 8, 1), CNBlockConfig(8, 10, 2), CNBlockConfig(10, None, 1)]
    return ConvNeXt(blocks, layer_scale=0.5, num_classes=classes)


class Scale(nn.Module):
    """A factor and a summand for each channel."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(channels)), nn.Parameter(torch.empty(channels))
        nn.init.uniform_(self.weight, 0.5, 1.5)
        nn.init.uniform_(self.bias, -0.3, 0.3)

    def forward(self, x):
        sizes = (-1,) + (1,) * (x.dim() - 2)
        return x * self.weight.view(sizes) + self.bias.view(sizes)


class OfChannels(nn.Linear):
    """Over the channels at each position."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Merges(nn.Module):
    """Every way in which values meet, and constants."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), Scale(6), nn.Tanh())
        self.a = nn.Sequential(nn.Conv2d(6, 6, 1))
        self.b = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, groups=6))
        self.b.register_parameter("1", nn.Parameter(torch.full((6,), 0.3)))
        self.c = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1))
        self.d, self.e = nn.Sequential(nn.Conv2d(6, 6, 1), nn.SiLU()), nn.Conv2d(6, 6, 1)
        self.f, self.g, self.h = nn.Conv2d(6, 8, 3), nn.Sequential(nn.Conv2d(6, 8, 3)), nn.Conv2d(6, 8, 3)
        self.g.register_parameter("1", nn.Parameter(torch.full((8, 1, 1), 2.0)))
        self.mask = nn.Sequential()
        self.mask.conv, self.rows = nn.Conv2d(2, 1, 3, padding=1), nn.Conv2d(8, 8, 1)
        self.i = nn.Sequential(OfChannels(8, 6), nn.GELU(), OfChannels(6, 4, bias=False))
        self.j = nn.Sequential(nn.Linear(4, 6), Scale(6))
        self.fc = nn.Linear(6, 5)

    def forward(self, x):
        x = self.stem(x)
        b = self.b[0](x) * getattr(self.b, "1")[:, None, None]
        x = (self.a(x) * 0.5 + b + self.c(x) * -1.25) / 3
        x = x - self.d(x) - self.e(x)
        x = torch.maximum(torch.maximum(self.f(x), self.g[0](x) * getattr(self.g, "1")), self.h(x))
        mask = self.mask.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1))
        x = x * mask * self.rows(nn.functional.adaptive_avg_pool2d(x, (7, 1)))
        x = nn.functional.channel_shuffle(x, 2).unflatten(1, (4, 2)).softmax(2).flatten(1, 2)
        x = self.i(x).mean((2, 3))
        return self.fc(torch.maximum(self.j(x), self.j[0](x)))


class PaddedBlock(BasicBlock):
    """A block whose shortcut has no parameters: He et al. 2016, option A."""

    def __init__(self, inputs, width, stride=1, *arguments, **more):
        super().__init__(inputs, width, stride)
        self.missing = width - inputs

    def forward(self, x):
        self.downsample = lambda x: nn.functional.pad(
            x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.missing // 2, self.missing // 2))
        return super().forward(x)


class CifarResNet(nn.Module):
    """The ResNets of He et al. 2016, section 4.2, of 6n + 2 layers."""

    def __init__(self, n):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        for stage, (inputs, width) in enumerate([(16, 16), (16, 32), (32, 64)], start=1):
            blocks = [PaddedBlock(inputs, width, 1 if stage == 1 else 2)]
            blocks += [PaddedBlock(width, width) for _ in range(n - 1)]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)).relu())))
        return self.fc(x.mean((2, 3)))


class UNet(nn.Module):
    """A U-Net with four levels, whose convolutions keep the size of the map."""

    def __init__(self):
        super().__init__()
        unit = lambda i, o: [nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
        double = lambda i, o: nn.Sequential(*unit(i, o), *unit(o, o))
        self.down1, self.down2, self.down3, self.down4 = double(3, 64), double(64, 128), double(128, 256), double(256, 512)
        self.bottom = double(512, 1024)
        self.up4, self.join4 = nn.ConvTranspose2d(1024, 512, 2, 2), double(1024, 512)
        self.up3, self.join3 = nn.ConvTranspose2d(512, 256, 2, 2), double(512, 256)
        self.up2, self.join2 = nn.ConvTranspose2d(256, 128, 2, 2), double(256, 128)
        self.up1, self.join1 = nn.ConvTranspose2d(128, 64, 2, 2), double(128, 64)
        self.out = nn.Conv2d(64, 21, 1)

    def forward(self, x):
        pool = lambda x: nn.functional.max_pool2d(x, 2)
        a = self.down1(x)
        b = self.down2(pool(a))
        c = self.down3(pool(b))
        d = self.down4(pool(c))
        x = self.join4(torch.cat([d, self.up4(self.bottom(pool(d)))], 1))
        x = self.join3(torch.cat([c, self.up3(x)], 1))
        x = self.join2(torch.cat([b, self.up2(x)], 1))
        return self.out(self.join1(torch.cat([a, self.up1(x)], 1)))


class Up(nn.Module):
    """A step back of the published U-Net."""

    def __init__(self, inputs, width, double):
        super().__init__()
        self.up, self.join = nn.ConvTranspose2d(inputs, width, 2, 2), double(inputs, width)

    def forward(self, skip, x):
        x = self.up(x)
        return self.join(torch.cat([center_crop(skip, list(x.shape[2:])), x], 1))


class ValidUNet(nn.Module):
    """The published U-Net, whose convolutions have no padding."""

    def __init__(self):
        super().__init__()
        double = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3), nn.ReLU(), nn.Conv2d(o, o, 3), nn.ReLU())
        self.down1, self.down2, self.down3, self.down4 = double(1, 64), double(64, 128), double(128, 256), double(256, 512)
        self.bottom = double(512, 1024)
        self.up4, self.up3 = Up(1024, 512, double), Up(512, 256, double)
        self.up2, self.up1 = Up(256, 128, double), Up(128, 64, double)
        self.out = nn.Conv2d(64, 2, 1)

    def forward(self, x):
        pool = lambda x: nn.functional.max_pool2d(x, 2)
        a = self.down1(x)
        b = self.down2(pool(a))
        c = self.down3(pool(b))
        d = self.down4(pool(c))
        x = nn.functional.dropout(self.bottom(pool(d)), training=self.training)
        return self.out(self.up1(a, self.up2(b, self.up3(c, self.up4(d, x)))))


class UNetClassifier(nn.Module):
    """A U-Net with two levels, and a linear layer on the mean of what it makes."""

    def __init__(self):
        super().__init__()
        unit = lambda i, o: [nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
        double = lambda i, o: nn.Sequential(*unit(i, o), *unit(o, o))
        self.down1, self.down2, self.bottom = double(3, 32), double(32, 64), double(64, 128)
        self.up2, self.join2 = nn.ConvTranspose2d(128, 64, 2, 2), double(128, 64)
        self.up1, self.join1 = nn.ConvTranspose2d(64, 32, 2, 2), double(64, 32)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        pool = lambda x: nn.functional.max_pool2d(x, 2)
        a = self.down1(x)
        b = self.down2(pool(a))
        x = self.join2(torch.cat([b, self.up2(self.bottom(pool(b)))], 1))
        x = self.join1(torch.cat([a, self.up1(x)], 1))
        return self.fc(x.mean((2, 3)))
