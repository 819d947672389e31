"""Makes tests/fixtures/datasets: small data sets as NumPy, webdataset, zipfile and tarfile write them, and what
medmnist, webdataset and torchvision read from them.

    python tests/scripts/datasets.py      (with medmnist 3.0, numpy, webdataset 1.0, torchvision, Pillow)

A line of expected.txt each: file, part, number of the image, its labels with commas between them, height, width, and
the bytes of red, green and blue (or of grey) in hexadecimal, plane after plane.
"""

import io
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

import medmnist
import numpy as np
import torchvision
import webdataset
from PIL import Image

folder = Path(__file__).parents[2] / "tests/fixtures/datasets"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir()
rng = np.random.default_rng(11)
lines = []


def put(file, part, at, labels, pixels):
    """`pixels` is H×W or H×W×3."""
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    labels = ",".join(str(int(label)) for label in np.atleast_1d(labels))
    lines.append(f"{file} {part} {at} {labels} {pixels.shape[0]} {pixels.shape[1]} {planes.tobytes().hex()}")


# MedMNIST's own files have these names, and its classes read nothing else.
SETS = {"breastmnist": (1, 2), "pathmnist": (3, 9), "chestmnist": (1, 14), "retinamnist": (3, 5)}
for (flag, (channels, classes)), save in zip(SETS.items(), [np.savez, np.savez_compressed] * 2):
    arrays = {}
    for part, count in [("train", 4), ("val", 2), ("test", 3)]:
        shape = (count, 28, 28) if channels == 1 else (count, 28, 28, 3)
        # Of few values, so that the files are small.
        arrays[f"{part}_images"] = (rng.integers(0, 4, shape) * 85).astype(np.uint8)
        labels = rng.integers(0, 2, (count, 14)) if flag == "chestmnist" else rng.integers(0, classes, (count, 1))
        if part == "train" and flag != "chestmnist":
            labels[0] = classes - 1
        arrays[f"{part}_labels"] = labels.astype(np.uint8)
    save(folder / f"{flag}.npz", **arrays)
    reader = getattr(medmnist, medmnist.INFO[flag]["python_class"])
    for part in ["train", "val", "test"]:
        read = reader(split=part, root=folder, download=False)
        for at in range(len(arrays[f"{part}_labels"])):
            image, labels = read[at]
            put(f"{flag}.npz", part, at, labels, np.asarray(image))

# WebDataset's: whole samples side by side, and one shard in which they do not lie so.
for part, shards in [("train", 2), ("val", 1), ("test", 1)]:
    for shard in range(shards):
        name = f"shards/{part}-{shard:06}.tar"
        (folder / "shards").mkdir(exist_ok=True)
        with webdataset.TarWriter(str(folder / name), mtime=0) as out:
            for at in range(4):
                image = (rng.integers(0, 4, (3 + shard, 5, 3)) * 85).astype(np.uint8)
                buffer = io.BytesIO()
                Image.fromarray(image).save(buffer, "PNG")
                sample = {"__key__": f"{part}/{shard}{at}", "png": buffer.getvalue(), "cls": at % 3, "json": {"at": at}}
                out.write(sample)
        for at, sample in enumerate(webdataset.WebDataset(str(folder / name), shardshuffle=False).decode("pil")):
            put(name, part, at, sample["cls"], np.asarray(sample["png"].convert("RGB")))

# Class folders, packed in the ways that people pack them; torchvision reads the unpacked ones.
with tempfile.TemporaryDirectory() as place:
    photos = Path(place) / "photos"
    for part, count in [("train", 3), ("val", 1), ("test", 2)]:
        for label, name in enumerate(["ant", "bee"]):
            (photos / part / name).mkdir(parents=True)
            for at in range(count):
                pixels = (rng.integers(0, 4, (4, 3 + label, 3)) * 85).astype(np.uint8)
                ending = "bmp" if at == 1 else "png"
                Image.fromarray(pixels).save(photos / part / name / f"{at}.{ending}")
    files = sorted(path for path in photos.rglob("*") if path.is_file())
    for name, method in [("stored.zip", zipfile.ZIP_STORED), ("deflated.zip", zipfile.ZIP_DEFLATED)]:
        with zipfile.ZipFile(folder / name, "w", method) as out:
            for path in files:
                info = zipfile.ZipInfo(str(path.relative_to(place)))
                out.writestr(info, path.read_bytes(), method)
            out.writestr("__MACOSX/photos/train/ant/._0.png", b"not an image")
    for name, form in [("gnu.tar", tarfile.GNU_FORMAT), ("pax.tar", tarfile.PAX_FORMAT), ("ustar.tar", tarfile.USTAR_FORMAT)]:
        with tarfile.open(folder / name, "w", format=form) as out:
            for path in [photos, *sorted(photos.rglob("*"))]:
                inner = str(path.relative_to(place))
                # A name of more than 100 bytes stands before its header.
                inner = inner.replace("/0.png", f"/{'0' * (120 if form != tarfile.USTAR_FORMAT else 20)}.png")
                info = out.gettarinfo(path, "./" + inner)
                info.mtime = info.uid = info.gid = 0
                info.uname = info.gname = ""
                out.addfile(info, path.open("rb") if path.is_file() else None)
    for part in ["train", "val", "test"]:
        for at, (image, label) in enumerate(torchvision.datasets.ImageFolder(photos / part)):
            put("photos", part, at, label, np.asarray(image))

(folder / "expected.txt").write_text("\n".join(lines) + "\n")
