"""What validates values of a type is made once for each type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from lakehouse_assets.storage.adapters import adapter_of


@dataclass(frozen=True)
class Parcel:
    """A value."""

    weight: int


def test_a_type_has_one_adapter_and_another_type_of_its_name_another() -> None:
    """Packages of one process may bring types of one name."""
    other: Any = dataclass(frozen=True)(type("Parcel", (), {"__annotations__": {"weight": str}}))
    assert adapter_of(Parcel) is adapter_of(Parcel)
    assert adapter_of(Parcel).validate_json('{"weight": 3}') == Parcel(3)
    assert adapter_of(other) is not adapter_of(Parcel)
    with pytest.raises(ValidationError):
        adapter_of(Parcel).validate_json('{"weight": "heavy"}')
