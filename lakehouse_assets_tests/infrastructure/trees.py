"""The trees of the functions for the Python of this machine, built once and kept below `build`."""

from __future__ import annotations

from functools import lru_cache

from infrastructure.build import BUILD
from infrastructure.functions import Packages
from infrastructure.package import Tree, build, this_python


@lru_cache
def tree(packages: Packages) -> Tree:
    """The tree with one lock's wheels."""
    return build(packages, BUILD / f"python{this_python()}" / packages, this_python())
