"""NumPy's arrays, and whatever becomes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

try:
    import numpy as np
except ImportError as error:
    raise ImportError("arrays are NumPy's, which is not installed: pip install numpy") from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def floats(array: Any) -> Floats:
    """An array of f32, row by row, of anything that NumPy knows or that speaks DLPack: PyTorch's and JAX's arrays on
    the processor, say."""
    if not isinstance(array, np.ndarray) and hasattr(array, "__dlpack__"):
        array = np.from_dlpack(array)
    return np.ascontiguousarray(array, dtype=np.float32)


def images(array: Any, shape: tuple[int, ...]) -> Floats:
    """Images N×`shape`; a single one, or images of which each is a row, become such."""
    found = floats(array)
    if found.shape == shape:
        return found[np.newaxis]
    size = int(np.prod(shape))
    if found.ndim == 2 and found.shape[1] == size or found.shape[1:] == shape:
        return found.reshape(-1, *shape)
    expected = "×".join(map(str, shape))
    raise ValueError(f"the network reads images N×{expected}, not {'×'.join(map(str, found.shape)) or 'a number'}")


def labels(array: Any) -> list[int]:
    """Class numbers."""
    found = np.asarray(
        np.from_dlpack(array) if not isinstance(array, np.ndarray) and hasattr(array, "__dlpack__") else array
    )
    if found.ndim != 1 or not np.issubdtype(found.dtype, np.integer):
        raise ValueError(f"labels are a list of whole numbers, not {found.dtype} of shape {found.shape}")
    if found.size and found.min() < 0:
        raise ValueError(f"label {found.min()} is no class: they count from 0")
    return [int(label) for label in found]


def array(numbers: bytearray, shape: Sequence[int]) -> Floats:
    """The array that these bytes are."""
    return np.frombuffer(numbers, dtype=np.float32).reshape(shape)
