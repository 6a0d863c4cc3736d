"""Hold the contracts of a pipeline that are sound, and what is wrong with the others.

One broken contract stops its own table, and what needs that table; all others are as good as before. So the broken one
is told to whoever asks for it, and not to whoever reads the contracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from lakehouse_assets.contracts.files import own_name
from lakehouse_assets.contracts.model import Contract, Layer
from lakehouse_assets.errors import ContractInvalid


class Known(dict[str, Contract]):
    """Map `layer.name` to the sound contracts; asking for a broken one by that name raises what is wrong with it.

    Attributes:
        broken: what is wrong with the others, by `layer.name`, or by file name where the file does not say that.
        unread: names of the files that do not say themselves of which table they are; what is known of it is a guess.
    """

    def __init__(
        self,
        sound: Mapping[str, Contract],
        broken: Mapping[str, ContractInvalid] | None = None,
        unread: Iterable[str] = (),
    ) -> None:
        super().__init__(sound)
        self.broken = dict(broken or {})
        self.unread = tuple(unread)

    def __missing__(self, name: str) -> Contract:
        if name in self.broken:
            raise self.broken[name]
        raise KeyError(name)

    def of_layers(self, layers: Iterable[str]) -> dict[str, ContractInvalid]:
        """Return what is broken in these layers; a file that does not say its layer may be of any."""
        others = set(get_args(Layer)) - set(layers)
        return {name: error for name, error in self.broken.items() if name.split(".", 1)[0] not in others}

    def require_sound(self, *layers: str) -> None:
        """Raise what is wrong with the first broken contract of these layers, of any layer when none is named."""
        for error in (self.of_layers(layers) if layers else self.broken).values():
            raise error


def bare_name(label: str) -> str:
    """Return the name of a table by what its contract is known by: `layer.name`, or the name of a file.

    >>> bare_name("silver.clean_readings"), bare_name("clean_readings.yaml")
    ('clean_readings', 'clean_readings')
    """
    return own_name(label) if label.endswith(".yaml") else label.rpartition(".")[2]


def guesses(labels: Iterable[str]) -> set[str]:
    """Return every `layer.name` that may be that of a file which does not show its layer."""
    names = [bare_name(label) for label in labels if label.endswith(".yaml")]
    return {f"{layer}.{name}" for name in names for layer in get_args(Layer)}


def refusal(name: str, problems: Iterable[str], needs: str | None = None) -> ContractInvalid:
    """Return the error that names all these problems of a contract; its fact `problems` keeps them apart.

    Args:
        name: the contract.
        problems: sentences.
        needs: the broken table from which the only problem follows, if that is so.
    """
    listed = tuple(dict.fromkeys(problems))
    return ContractInvalid(contract=name, problem="; ".join(listed), problems=listed, needs=needs)
