"""Makes src/train/data/images: small files of kinds that are easily misread, and images.txt with what Pillow makes of
them.

    python tests/scripts/images.py      (with Pillow 13 and tifffile)

A line each: file, height, width, the bytes of red, green and blue in hexadecimal, plane after plane. Pillow cuts 16-bit
greys off at 255 instead of scaling them; for those the line has the upper byte, rounded.
"""

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageOps

folder = Path(__file__).parents[2] / "src/train/data/images"
rng = np.random.default_rng(3)
# Smooth, so that JPEG keeps it.
x, y = np.meshgrid(np.arange(16), np.arange(8))
photo = np.stack([x * 16, y * 30, 255 - x * 8 - y * 8], axis=2).astype(np.uint8)
colour = Image.fromarray(photo, "RGB")
colour.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
colour.save(folder / "progressive.jpg", quality=95, progressive=True)
colour.convert("L").save(folder / "grey.jpg", quality=95)
colour.quantize(16).save(folder / "palette.png")
transparent = colour.quantize(16)
transparent.info["transparency"] = 3
transparent.save(folder / "palette_transparent.png")
grey = np.outer(np.arange(8), np.arange(16)).astype(np.uint16) * 600
Image.fromarray(grey).save(folder / "sixteen_bits.png")
Image.fromarray(photo[:, :, 0], "L").convert("1").save(folder / "one_bit.png")
Image.merge("LA", [colour.getchannel(0), colour.getchannel(1)]).save(folder / "grey_alpha.png")
# Of TIFF, each compression that Pillow and microscopes write, in both byte orders.
for name, image, options in [
    ("lzw.tif", colour, {"compression": "tiff_lzw"}),
    ("deflate.tif", colour, {"compression": "tiff_adobe_deflate"}),
    ("packbits.tif", colour, {"compression": "packbits"}),
    ("plain.tiff", colour, {}),
    ("grey.tif", colour.convert("L"), {"compression": "tiff_lzw"}),
    ("one_bit.tif", colour.convert("1"), {}),
    ("cmyk.tif", colour.convert("CMYK"), {}),
    ("transparent.tif", colour.convert("RGBA"), {"compression": "tiff_lzw"}),
    ("sixteen_bits.tif", Image.fromarray(grey), {}),
]:
    image.save(folder / name, **options)
turned = Image.Exif()
turned[0x0112] = 6
colour.save(folder / "turned.tif", exif=turned)
tifffile.imwrite(folder / "big_endian.tif", grey, byteorder=">")
tifffile.imwrite(folder / "pages.tif", np.stack([photo, photo[::-1]]), photometric="rgb", rowsperstrip=3)

with open(folder / "images.txt", "w") as out:
    for path in sorted([*folder.glob("*.*g"), *folder.glob("*.tif*")]):
        image = ImageOps.exif_transpose(Image.open(path))
        if path.stem in ("sixteen_bits", "big_endian"):
            plane = ((np.asarray(image).astype(np.int64) + 128) // 257).astype(np.uint8)
            pixels = np.stack([plane] * 3, axis=2)
        elif image.mode == "LA":
            pixels = np.asarray(image.getchannel("L").convert("RGB"))
        elif image.mode == "P":
            # Without what transparency would mix in.
            image.info.pop("transparency", None)
            pixels = np.asarray(image.convert("RGB"))
        else:
            pixels = np.asarray(image.convert("RGB"))
        height, width, _ = pixels.shape
        print(path.name, height, width, pixels.transpose(2, 0, 1).tobytes().hex(), file=out)
