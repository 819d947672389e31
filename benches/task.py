"""The other tasks' images and PyTorch's training on them. `tasks.py` runs it in a process of its own.

    task.py make FOLDER    writes the images of all three tasks, made of handwritten digits, and their tables
    task.py train          reads a request as JSON from standard input, answers with each epoch's measures
"""

import csv
import gzip
import json
import sys
import time
from pathlib import Path

import numpy
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SIDE = 32
TRAINING, VALIDATION = 3000, 600


def digits():
    """8×8 pixels from 0 to 1 and the digit; the last fifth is for validation alone."""
    with gzip.open(ROOT / "src/train/data/digits.csv.gz", "rt") as file:
        rows = numpy.loadtxt(file, delimiter=",")
    images, labels = rows[:, :64].reshape(-1, 8, 8) / 16, rows[:, 64].astype(int)
    cut = len(labels) * 4 // 5
    return (images[:cut], labels[:cut]), (images[cut:], labels[cut:])


def enlarged(image, side):
    return numpy.asarray(Image.fromarray((image * 255).astype("uint8")).resize((side, side), Image.BILINEAR)) / 255


def tiled(random, images, labels):
    """Up to four digits, each in a quarter of the picture, and which they are."""
    picture, shown = numpy.zeros((SIDE, SIDE)), set()
    for top in (0, SIDE // 2):
        for left in (0, SIDE // 2):
            if random.random() < 0.6:
                at = random.integers(len(labels))
                picture[top : top + SIDE // 2, left : left + SIDE // 2] = enlarged(images[at], SIDE // 2)
                shown.add(int(labels[at]))
    return picture, "|".join(map(str, sorted(shown)))


def placed(random, images, labels):
    """A digit of some size at some place: the picture, its middle and size as parts of the side, and its mask."""
    at, side = random.integers(len(labels)), int(random.integers(10, 25))
    top, left = (int(random.integers(SIDE - side + 1)) for _ in range(2))
    picture, mask = numpy.zeros((SIDE, SIDE)), numpy.zeros((SIDE, SIDE), "uint8")
    digit = enlarged(images[at], side)
    picture[top : top + side, left : left + side] = digit
    mask[top : top + side, left : left + side] = numpy.where(digit > 0.3, labels[at] + 1, 0)
    return picture, ((left + side / 2) / SIDE, (top + side / 2) / SIDE, side / SIDE), mask


def make(folder):
    random = numpy.random.default_rng(1)
    (folder / "images").mkdir()
    (folder / "masks").mkdir()
    tables = {"labels": [["id", "tags", "part"]], "numbers": [["id", "x", "y", "size", "part"]], "masks": [["id", "part"]]}
    for part, of, count in zip(("train", "val"), digits(), (TRAINING, VALIDATION)):
        for index in range(count):
            noisy = lambda picture: Image.fromarray(
                (255 * numpy.clip(picture + random.normal(0, 0.15, picture.shape), 0, 1)).astype("uint8")
            )
            picture, tags = tiled(random, *of)
            noisy(picture).save(folder / f"images/{part}-tiled-{index}.png")
            tables["labels"].append([f"{part}-tiled-{index}", tags, part])
            picture, numbers, mask = placed(random, *of)
            noisy(picture).save(folder / f"images/{part}-placed-{index}.png")
            Image.fromarray(mask).save(folder / f"masks/{part}-placed-{index}.png")
            tables["numbers"].append([f"{part}-placed-{index}", *numbers, part])
            tables["masks"].append([f"{part}-placed-{index}", part])
    for name, rows in tables.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


def load(folder, task, part):
    """Images and what is to be said of them, as tensors."""
    with open(folder / f"{task}.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    pixels = lambda path: numpy.asarray(Image.open(path))
    images = numpy.stack([pixels(folder / f"images/{row['id']}.png") for row in rows])
    images = torch.from_numpy((images[:, None] / 255 - 0.5) / 0.5).float()
    if task == "labels":
        truth = torch.tensor([[float(str(digit) in row["tags"].split("|")) for digit in range(10)] for row in rows])
    elif task == "numbers":
        truth = torch.tensor([[float(row[column]) for column in ("x", "y", "size")] for row in rows])
    else:
        truth = torch.from_numpy(numpy.stack([pixels(folder / f"masks/{row['id']}.png") for row in rows])).long()
    return images, truth


def average_precision(scores, truth):
    """Of one label: the mean of the precisions at its images, as scikit-learn's without ties."""
    truth = truth[scores.argsort(descending=True)]
    precision = truth.cumsum(0) / torch.arange(1, len(truth) + 1)
    return (precision[truth > 0]).mean().item()


def measure(task, outputs, truth):
    if task == "labels":
        return sum(average_precision(outputs[:, label], truth[:, label]) for label in range(10)) / 10
    if task == "numbers":
        errors, spread = ((outputs - truth) ** 2).sum(0), ((truth - truth.mean(0)) ** 2).sum(0)
        return (1 - errors / spread).mean().item()
    outputs, classes = outputs.argmax(1), range(11)
    both = [((outputs == one) & (truth == one)).sum().item() for one in classes]
    either = [((outputs == one) | (truth == one)).sum().item() for one in classes]
    return sum(b / e for b, e in zip(both, either)) / 11


LOSSES = {
    "labels": torch.nn.functional.binary_cross_entropy_with_logits,
    "numbers": torch.nn.functional.mse_loss,
    "masks": torch.nn.functional.cross_entropy,
}


def train(request):
    torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"])
    task, names = request["task"], {}
    exec(compile(request["source"], "net.py", "exec"), names)
    # The network's own class comes last.
    model = [value for value in names.values() if isinstance(value, type)][-1]()
    optimizer = torch.optim.Adam(model.parameters(), lr=request["lr"])
    images, truth = load(Path(request["folder"]), task, "train")
    held_out, held_truth = load(Path(request["folder"]), task, "val")
    epochs = []
    for _ in range(request["epochs"]):
        clock, total = time.perf_counter(), 0.0
        model.train()
        for some in torch.randperm(len(images)).split(request["batch"]):
            optimizer.zero_grad(set_to_none=True)
            loss = LOSSES[task](model(images[some]), truth[some])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(some)
        model.eval()
        with torch.inference_mode():
            outputs = torch.cat([model(some) for some in held_out.split(200)])
        epochs.append({"train_loss": total / len(images), "measure": measure(task, outputs, held_truth),
                       "seconds": time.perf_counter() - clock})
    return epochs


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        print(json.dumps(train(json.load(sys.stdin))))
