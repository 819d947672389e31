import pickle
import threading

import numpy as np
import pytest
from conftest import TEXT

import archc


class Foreign:
    """An array of another library, which speaks DLPack and nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_forward_is_the_network(network, images):
    model = network.model(seed=3)
    logits = model.forward(images)
    assert logits.shape == (7, 10) and logits.dtype == np.float32
    # By NumPy, from the definition, with the statistics that a new batch norm has.
    weights = model.state_dict()
    padded = np.pad(images[:, 0], ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    kernels, biases = weights["0.weight"][:, 0], weights["0.bias"]
    maps = np.einsum("nhwij,cij->nchw", windows, kernels) + biases[:, None, None]
    maps = np.maximum(maps / np.sqrt(1 + 1e-5), 0)
    pooled = maps.reshape(7, 4, 4, 2, 4, 2).max(axis=(3, 5)).reshape(7, 64)
    expected = pooled @ weights["fc.weight"].T + weights["fc.bias"]
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_any_array_will_do(network, images):
    model = network.model(seed=1)
    logits = model.forward(images)
    transposed = np.asfortranarray(images)
    for given in (images.astype(np.float64), images.tolist(), images.reshape(7, 64), transposed, Foreign(images)):
        np.testing.assert_allclose(model.forward(given), logits, rtol=1e-6)
    np.testing.assert_allclose(model.forward(images[0]), logits[:1], rtol=1e-6)
    for batch in (1, 3, 7, 100):
        np.testing.assert_allclose(model(images, batch=batch), logits, rtol=1e-4, atol=1e-6)
    assert model.forward(images[:0]).shape == (0, 10)


@pytest.mark.parametrize("shape", [(7, 3, 8, 8), (7, 63), (8, 8), ()])
def test_what_is_no_image_is_refused(network, shape):
    with pytest.raises(ValueError, match="the network reads images N×1×8×8"):
        network.model().forward(np.zeros(shape))


def test_seeds(network, images):
    first, second, other = (network.model(seed=seed).forward(images) for seed in (1, 1, 2))
    assert (first == second).all() and (first != other).any()


def test_probabilities(network, images):
    model = network.model(seed=1)
    probabilities = model.predict_proba(images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (model.predict(images) == model.forward(images).argmax(axis=1)).all()
    assert model.classes == [str(digit) for digit in range(10)]


def test_weights_go_out_and_in(network, images, tmp_path):
    model = network.model(seed=1)
    file = tmp_path / "small.safetensors"
    model.save(file)
    logits = model.forward(images)
    others = [network.model(seed=2) for _ in range(2)]
    others[0].load(file)
    others[1].load_state_dict(model.state_dict())
    others += [archc.load(file), pickle.loads(pickle.dumps(model))]
    for other in others:
        assert (other.forward(images) == logits).all()
    assert archc.compile(file).expand().splitlines()[:3] == network.expand().splitlines()[:3]


def test_weights_that_do_not_fit(network, tmp_path):
    model = network.model()
    wider = archc.compile(TEXT, width=8).model()
    with pytest.raises(ValueError, match="the weights do not fit the network"):
        model.load_state_dict(wider.state_dict())
    broken = {**model.state_dict(), "fc.bias": np.full(10, np.nan)}
    with pytest.raises(ValueError, match="`fc.bias` holds numbers that are not finite"):
        model.load_state_dict(broken)
    wider.save(tmp_path / "wide.safetensors")
    with pytest.raises(archc.Error, match="the weights do not fit the network"):
        model.load(tmp_path / "wide.safetensors")
    with pytest.raises(archc.Error, match="nowhere.pth"):
        model.load(tmp_path / "nowhere.pth")
    with pytest.raises(archc.Error, match="has no weights"):
        archc.load(tmp_path)


def test_devices(network):
    with pytest.raises(ValueError, match="expected the device `cpu` or `cuda:0`"):
        network.model(device="gpu")
    assert network.model().device == "cpu"


def test_other_threads_run_meanwhile(images):
    """A thread that counts gets on while another computes: without the interpreter's lock."""
    model = archc.compile("input: [16, 64, 64]\nlayers: [conv 64 3x3 p1 -> conv 64 3x3 p1 -> conv 64 3x3 p1]").model()
    many = np.zeros((64, 16, 64, 64), dtype=np.float32)
    done = threading.Event()

    def compute():
        model.forward(many)
        done.set()

    worker = threading.Thread(target=compute)
    worker.start()
    counted = 0
    while not done.is_set():
        counted += 1
    worker.join()
    # One that waits for the lock would have counted once or twice.
    assert counted > 100


def test_files(tmp_path, network):
    model = network.model(seed=1)
    file = tmp_path / "grey.pgm"
    file.write_bytes(b"P5 8 8 255\n" + bytes(range(0, 256, 4)))
    image = np.arange(0, 256, 4, dtype=np.float32).reshape(1, 8, 8) / 255
    np.testing.assert_allclose(model.predict_proba(file), model.predict_proba(image), rtol=1e-6)
    assert model.predict([file, str(file)]).shape == (2,)
    with pytest.raises(archc.Error, match="nowhere.png"):
        model.predict(tmp_path / "nowhere.png")


def test_export(network, tmp_path):
    summary = network.model().export(tmp_path / "small.onnx", softmax=True)
    assert summary and (tmp_path / "small.onnx").stat().st_size > 4 * 698
    with pytest.raises(ValueError, match="expected one of the formats onnx"):
        network.model().export(tmp_path / "small.txt", "text")


def test_torch(network, images):
    torch = pytest.importorskip("torch")
    model = network.model(seed=1)
    model.train(epochs=1).run()
    module = model.to_torch()
    with torch.no_grad():
        logits = module(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(model.forward(images), logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.forward(torch.from_numpy(images)), logits, rtol=1e-4, atol=1e-5)
    fresh = network.to_torch()
    assert fresh.training and not torch.equal(fresh.fc.weight, module.fc.weight)
    model.load_state_dict(fresh.state_dict())
    assert (model.state_dict()["fc.weight"] == fresh.fc.weight.detach().numpy()).all()
