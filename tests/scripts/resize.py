"""Writes src/train/data/augment/resize_pillow.txt: images and what Pillow's bilinear resize makes of them.

    python tests/scripts/resize.py > src/train/data/augment/resize_pillow.txt

Made with Pillow 13.0.0. Each case is three lines: "height width new_height new_width", the image's bytes in
hexadecimal, plane after plane, and the result's.
"""

import random

from PIL import Image

random.seed(5)


def planes(image):
    return b"".join(channel.tobytes() for channel in image.split()).hex()


for height, width, new_height, new_width in [
    (9, 13, 4, 5),
    (7, 5, 11, 16),
    (12, 6, 6, 12),
    (1, 17, 3, 2),
    (16, 16, 15, 16),
    (23, 3, 2, 3),
]:
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            image.putpixel((x, y), tuple(random.randrange(256) for _ in range(3)))
    print(height, width, new_height, new_width)
    print(planes(image))
    print(planes(image.resize((new_width, new_height), Image.Resampling.BILINEAR)))
