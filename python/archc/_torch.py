"""A network as a module of PyTorch."""

from __future__ import annotations

import linecache
from itertools import count
from typing import TYPE_CHECKING, Any

try:
    import torch
except ImportError as error:
    raise ImportError("PyTorch is not installed: pip install torch") from error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._archc import Network

NUMBERS = count(1)


def module(network: Network, weights: Mapping[str, Any] | None = None) -> torch.nn.Module:
    """The module that `archc export --format pytorch` writes, with these weights if there are some."""
    source = network.pytorch()
    name = f"<archc {network.name} {next(NUMBERS)}>"
    # So that tracebacks and `inspect` have its lines.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "archc.generated"}
    exec(compile(source, name, "exec"), scope)
    # The network's own class comes last, after those of its blocks.
    classes = [value for value in scope.values() if isinstance(value, type) and value.__module__ == "archc.generated"]
    made = classes[-1]()
    if weights is not None:
        # What batch norms count besides is left as it is.
        state = made.state_dict()
        state.update({name: torch.from_numpy(value) for name, value in weights.items()})
        made.load_state_dict(state)
        made.eval()
    return made
