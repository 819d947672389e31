"""Lists what every module of PyTorch has already, a name a line; src/export/pytorch/attributes.rs has them.

Names like __init__ are left out: no layer may be called so in any case.
"""

from torch import nn

module = nn.Module()
names = {*dir(module), *dir(nn.Module), *vars(module), *nn.Module.__annotations__}
print(*sorted(name for name in names if not (name.startswith("__") and name.endswith("__"))), sep="\n")
