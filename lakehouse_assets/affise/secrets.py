"""Read secrets by name, afresh at every call, so that a key that was rotated is found.

Here: the Protocol and the local reader (environment, then a `.env` file). On AWS, `secrets_manager` takes its place. A
secret is never kept in settings, which are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lakehouse_assets.affise.errors import SecretMissing, SecretUnfit

API_KEY = "key of the Affise API"
HASH_KEY = "key by which e-mail addresses and IPs are hashed"
SHORTEST_HASH_KEY = 16
"""How many characters a hash key has at least: a short one can be found by trying, and with it every IPv4."""


class Secrets(Protocol):
    """Define how a secret is read."""

    def read(self, name: str, purpose: str) -> str:
        """Return the present value of a secret.

        Args:
            name: of the secret.
            purpose: what it is for, in words for whoever has to set it.

        Raises:
            SecretMissing: there is none.
        """
        ...


@dataclass(frozen=True)
class LocalSecrets:
    """Read secrets from the environment, and from a `.env` file what is not there; see `Secrets`.

    Attributes:
        environment: names and values; not shown, since it holds secrets.
        file: lines `NAME=value`; it need not exist.
    """

    environment: Mapping[str, str] = field(repr=False)
    file: Path = Path(".env")

    def read(self, name: str, purpose: str) -> str:
        """See `Secrets.read`."""
        value = self.environment.get(name) or dict(_lines(self.file)).get(name)
        if not value:
            place = f"neither in the environment nor in `{self.file}`; set it in one of them"
            raise SecretMissing(name=name, purpose=purpose, place=place)
        return value


def hash_key(secrets: Secrets, name: str) -> bytes:
    """Return the key of the keyed hashes.

    Raises:
        SecretMissing: there is none.
        SecretUnfit: it is so short that it can be guessed.
    """
    value = secrets.read(name, HASH_KEY)
    if len(value) < SHORTEST_HASH_KEY:
        raise SecretUnfit(name=name, purpose=HASH_KEY, problem=f"it has fewer than {SHORTEST_HASH_KEY} characters")
    return value.encode()


def api_key(secrets: Secrets, name: str) -> str:
    """Return the key of the API.

    Raises:
        SecretMissing: there is none.
        SecretUnfit: it holds what no HTTP header may, such as a line break.
    """
    value = secrets.read(name, API_KEY).strip()
    if not (value.isascii() and value.isprintable()):
        raise SecretUnfit(name=name, purpose=API_KEY, problem="it holds characters that no HTTP header may hold")
    return value


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    """Yield names and values of a `.env` file; comments, `export`, and quotes around a value are taken off."""
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        name, sign, value = line.strip().removeprefix("export ").partition("=")
        if sign and not name.startswith("#"):
            bare = value.strip()
            is_quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\""
            yield name.strip(), bare[1:-1] if is_quoted else bare
