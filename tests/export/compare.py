"""ONNX as archc writes it, side by side with torch.onnx.export: nodes, bytes, and the readers that take it.

    python tests/export/compare.py target/release/archc

Prints a table for docs/export.md. Each network of architectures/ below becomes a module of PyTorch, with weights that
it begins with; archc exports these weights, torch.onnx.export the module, each as it does unless told otherwise. A
reader takes a model if it computes what the module does, to a ten-thousandth of the largest logit. Needs torch, onnx,
onnxscript, onnxruntime, openvino, opencv-python-headless, onnx2torch and tract. """

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import torch

import read

NETWORKS = (
    "resnet18.yaml",
    "resnet50.toml",
    "vgg11_bn.yaml",
    "densenet121.yaml",
    "googlenet.yaml",
    "squeezenet1_1.yaml",
    "mobilenet_v2.yaml",
    "mobilenet_v3_large.yaml",
    "shufflenet_v2_x1_0.yaml",
    "efficientnet_b0.yaml",
)

ROUNDING = 1e-4


def onnxruntime():
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)

    def run(request, x):
        session = onnxruntime.InferenceSession(request["model"])
        return session.run(None, {session.get_inputs()[0].name: x})[0]

    return run


READERS = {
    "ONNX Runtime": onnxruntime,
    "OpenVINO": read.openvino,
    "OpenCV": read.opencv,
    "onnx2torch": read.onnx2torch,
    "tract": read.tract,
}


def network(path):
    """The module of a file of source, whose own class comes last."""
    names = {}
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), names)
    torch.manual_seed(0)
    return [value for value in names.values() if isinstance(value, type)][-1]().eval()


def export(archc, source, *arguments):
    subprocess.run([archc, "export", source, *arguments], check=True, stdout=subprocess.DEVNULL)


def size(path):
    beside = path + ".data"
    return os.path.getsize(path) + (os.path.getsize(beside) if os.path.exists(beside) else 0)


def taken(path, readers, x, expected):
    """The readers that compute what is expected, and why the others do not."""
    good, bad = [], []
    for name, run in readers.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found = np.asarray(run({"model": path}, x))
            difference = np.abs(found - expected).max() / np.abs(expected).max()
            if difference <= ROUNDING:
                good.append(name)
                continue
            bad.append(f"{name}: {difference:.1e} off")
        except Exception as error:  # Whatever a reader has against a model is what is asked for.
            bad.append(f"{name}: {' '.join(str(error).split())[:90]}")
    return good, bad


def main():
    archc = os.path.abspath(sys.argv[1])
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "architectures")
    readers = {name: make() for name, make in READERS.items()}
    print(f"torch {torch.__version__}, onnx {onnx.__version__}; readers: {', '.join(readers)}\n")
    print("| network | archc: nodes | MB | readers | torch: nodes | MB | readers |")
    print("|---|---|---|---|---|---|---|")
    complaints = []
    for file in NETWORKS:
        source = os.path.join(folder, file)
        with tempfile.TemporaryDirectory() as place:
            path = {name: os.path.join(place, name) for name in ("net.py", "net.pth", "archc.onnx", "torch.onnx")}
            export(archc, source, "--format", "pytorch", "--out", path["net.py"])
            module = network(path["net.py"])
            torch.save(module.state_dict(), path["net.pth"])
            export(archc, source, "--format", "onnx", "--weights", path["net.pth"], "--out", path["archc.onnx"])
            x = torch.randn(1, 3, 224, 224)
            with torch.no_grad():
                expected = module(x).numpy()
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                torch.onnx.export(module, (x,), path["torch.onnx"], dynamo=True)
            cells = [file.split(".")[0]]
            for name in ("archc.onnx", "torch.onnx"):
                nodes = len(onnx.load(path[name], load_external_data=False).graph.node)
                good, bad = taken(path[name], readers, x.numpy(), expected)
                which = "all" if len(good) == len(readers) else ", ".join(good) or "none"
                cells += [str(nodes), f"{size(path[name]) / 1e6:.1f}", which]
                complaints += [f"{cells[0]}, {name}: {line}" for line in bad]
            print(f"| {' | '.join(cells)} |", flush=True)
    if complaints:
        print("\n" + "\n".join(complaints))


if __name__ == "__main__":
    main()
