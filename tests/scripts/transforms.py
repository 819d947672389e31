"""Makes src/train/data/augment/torchvision.json: what torchvision's transforms make of small images.

    python tests/scripts/transforms.py > src/train/data/augment/torchvision.json     (with torchvision 0.29)

A line each: the call in words, the image (channels, height, width, bytes) and the values of the result. What
torchvision does to bytes only (posterize, equalize) is divided by 255 after it; everything else gets the bytes divided
by 255.
"""

import json

import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

torch.manual_seed(1)
NEAREST, BILINEAR, BICUBIC = InterpolationMode.NEAREST, InterpolationMode.BILINEAR, InterpolationMode.BICUBIC


def image(channels, height, width, low=0, high=256):
    return torch.randint(low, high, (channels, height, width), dtype=torch.uint8)


colour, grey, dull = image(3, 5, 7), image(1, 6, 4), image(3, 4, 5, 60, 190)
# Every hue, and greys.
hues = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255], [255, 0, 255], [90, 90, 90], [0, 0, 0],
                     [200, 10, 10], [10, 200, 190], [255, 255, 255], [12, 100, 33]], dtype=torch.uint8).T.reshape(3, 3, 4)
smooth = (torch.arange(3 * 24 * 20) % 251).to(torch.uint8).reshape(3, 24, 20)

CASES = []


def case(call, of, function, on_bytes=False):
    result = function(of) / 255 if on_bytes else function(of / 255)
    CASES.append({"call": call, "size": list(of.shape), "bytes": of.flatten().tolist(), "result_size": list(result.shape),
                  "result": [round(value, 5) for value in result.flatten().tolist()]})


for mode in ["edge", "reflect", "symmetric"]:
    case(f"pad {mode}", colour, lambda x: F.pad(x, [3, 2], padding_mode=mode))
case("pad fill", colour, lambda x: torch.cat([F.pad(x[c:c + 1], [1, 2], fill=v) for c, v in enumerate([0.5, 0.25, 1.0])]))
case("vflip", colour, F.vflip)
case("vflip", grey, F.vflip)
# No angle puts a pixel exactly between two: there, rounding would decide.
for angle in [0, 31, -77.5, 90, 180]:
    for name, mode in [("nearest", NEAREST), ("bilinear", BILINEAR)]:
        for of in [colour, grey]:
            fill = [0.5] * of.shape[0]
            case(f"rotate {angle} {name}", of, lambda x: F.rotate(x, angle, mode, fill=fill))
for degrees, translate, scale, shear in [(10, [2, -1], 1.2, [5, 0]), (-40, [0, 0], 0.6, [0, 20]), (0, [1, 1], 1.0, [-30, 15])]:
    for name, mode in [("nearest", NEAREST), ("bilinear", BILINEAR)]:
        words = " ".join(map(str, [degrees, *translate, scale, *shear]))
        case(f"affine {words} {name}", colour, lambda x: F.affine(x, degrees, translate, scale, shear, mode, fill=[0.25, 0.5, 0.75]))
for of in [colour, grey, hues]:
    for factor in [0, 0.4, 1.7]:
        case(f"brightness {factor}", of, lambda x: F.adjust_brightness(x, factor))
        case(f"contrast {factor}", of, lambda x: F.adjust_contrast(x, factor))
        case(f"saturation {factor}", of, lambda x: F.adjust_saturation(x, factor))
        case(f"sharpness {factor}", of, lambda x: F.adjust_sharpness(x, factor))
    for turn in [-0.5, -0.1, 0.3]:
        case(f"hue {turn}", of, lambda x: F.adjust_hue(x, turn))
    case("grayscale", of, lambda x: F.rgb_to_grayscale(x, of.shape[0]))
for of in [colour, grey, dull]:
    case("autocontrast", of, F.autocontrast)
    case("posterize 3", of, lambda x: F.posterize(x, 3), on_bytes=True)
    case("posterize 8", of, lambda x: F.posterize(x, 8), on_bytes=True)
    case("solarize 100", of, lambda x: F.solarize(x, 100), on_bytes=True)
    case("solarize 255", of, lambda x: F.solarize(x, 255), on_bytes=True)
    case("equalize", of, F.equalize, on_bytes=True)
case("equalize", smooth, F.equalize, on_bytes=True)
case("autocontrast", torch.full((1, 2, 2), 7, dtype=torch.uint8), F.autocontrast)
case("erase 1 2 3 4", colour, lambda x: F.erase(x, 1, 2, 3, 4, torch.tensor([0.5, 0.25, 0.125])[:, None, None]))
for name, mode in [("bilinear", BILINEAR), ("bicubic", BICUBIC)]:
    case(f"resized_crop 1 0 3 6 8 5 {name}", colour, lambda x: F.resized_crop(x, 1, 0, 3, 6, [8, 5], mode, antialias=True))
    case(f"resized_crop 0 0 24 20 7 6 {name}", smooth, lambda x: F.resized_crop(x, 0, 0, 24, 20, [7, 6], mode, antialias=True))
for operation, strength in [("ShearX", 0.33), ("ShearX", -0.99), ("ShearY", 0.5), ("TranslateX", -3.2), ("TranslateY", 2.9), ("Rotate", 31.5),
                            ("Brightness", -0.4), ("Color", 0.5), ("Contrast", 0.7), ("Sharpness", -0.6), ("AutoContrast", 0.0)]:
    case(f"trivial {operation} {strength}", colour, lambda x: _apply_op(x, operation, strength, NEAREST, [0.5, 0.5, 0.5]))
for of, height, width, sigma in [(colour, 3, 3, 0.5), (colour, 9, 5, 1.3), (grey, 1, 7, 2.0), (smooth, 7, 7, 0.1), (grey, 1, 1, 1.0)]:
    case(f"gaussian_blur {height} {width} {sigma}", of, lambda x: F.gaussian_blur(x, [width, height], [sigma, sigma]))

print("[\n" + ",\n".join(json.dumps(one) for one in CASES) + "\n]")
