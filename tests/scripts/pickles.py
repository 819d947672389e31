"""Makes src/train/data/cifar/pickle: one small batch as different Pythons pickle it.

    python tests/scripts/pickles.py

Python 2's is put together by hand, instruction by instruction as `python -m pickletools` shows them for CIFAR's own
files.
"""

import pickle
from pathlib import Path

import numpy as np

folder = Path(__file__).parents[2] / "src/train/data/cifar/pickle"
batch = {"batch_label": "one", "data": np.arange(8, dtype=np.uint8).reshape(2, 4), "labels": [3, 250], "filenames": ["a.png", "b.png"]}
for protocol in [3, 4, 5]:
    (folder / f"protocol{protocol}.pickle").write_bytes(pickle.dumps(batch, protocol))


def text(value):
    return b"U" + bytes([len(value)]) + value


old = (
    b"\x80\x02}q\x01(" + text(b"batch_label") + b"q\x02" + text(b"one") + b"q\x03" + text(b"labels") + b"q\x04]q\x05(K\x03K\xfae"
    + text(b"data") + b"q\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85" + text(b"b") + b"\x87Rq\x09("
    + b"K\x01M\x02\x00K\x04\x86cnumpy\ndtype\nq\x0a" + text(b"u1") + b"K\x00K\x01\x87Rq\x0b(K\x03" + text(b"|")
    + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x08\x00\x00\x00" + bytes(range(8)) + b"tb" + text(b"filenames") + b"q\x0c]q\x0d("
    + text(b"a.png") + text(b"b.png") + b"eu."
)
loaded = pickle.loads(old, encoding="bytes")
assert (loaded[b"data"] == batch["data"]).all() and loaded[b"labels"] == batch["labels"]
(folder / "python2.pickle").write_bytes(old)
