"""Hold the contracts of a pipeline that are sound, and what is wrong with the others.

One broken contract stops its own table, and what needs that table; all others are as good as before. So the broken one
is told to whoever asks for it, and not to whoever reads the contracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lakehouse_assets.contracts.model import Contract
from lakehouse_assets.errors import ContractInvalid

LOADED_BEFORE_GOLD = ("landing", "reference", "silver", "control")
"""Names the layers that a load needs whole: a file of a dataset without its table would be archived unread."""


class Known(dict[str, Contract]):
    """Map `layer.name` to the sound contracts; asking for a broken one by that name raises what is wrong with it.

    Attributes:
        broken: what is wrong with the others, by `layer.name`, or by file name where the file does not say that.
    """

    def __init__(self, sound: Mapping[str, Contract], broken: Mapping[str, ContractInvalid] | None = None) -> None:
        super().__init__(sound)
        self.broken = dict(broken or {})

    def __missing__(self, name: str) -> Contract:
        if name in self.broken:
            raise self.broken[name]
        raise KeyError(name)

    def of_layers(self, layers: Iterable[str]) -> dict[str, ContractInvalid]:
        """Return what is broken in these layers; a file that does not say its layer may be of any."""
        others = {"landing", "reference", "silver", "control", "gold"} - set(layers)
        return {name: error for name, error in self.broken.items() if name.split(".", 1)[0] not in others}

    def require_sound(self, *layers: str) -> None:
        """Raise what is wrong with the first broken contract of these layers, of any layer when none is named."""
        for error in (self.of_layers(layers) if layers else self.broken).values():
            raise error


def refusal(name: str, problems: Iterable[str], needs: str | None = None) -> ContractInvalid:
    """Return the error that names all these problems of a contract; its fact `problems` keeps them apart.

    Args:
        name: the contract.
        problems: sentences.
        needs: the broken table from which the only problem follows, if that is so.
    """
    listed = tuple(dict.fromkeys(problems))
    return ContractInvalid(contract=name, problem="; ".join(listed), problems=listed, needs=needs)
