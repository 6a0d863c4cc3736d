"""The stack deployed into an emulator, by the command that deploys it to AWS."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from infrastructure.build import Wanted
from infrastructure.deploy import Deployment, deploy
from infrastructure.package import this_python
from lakehouse_assets_tests.emulator.running import Emulator

ENV = "test"
PARAMETERS = {"BucketPrefix": "test-lakehouse", "AlertEmail": "team@example.com"}


def deployment(**parameters: str) -> Deployment:
    """What is deployed: everything as zips for the Python of this machine, and no wheels for Glue, which has them."""
    wanted = Wanted(this_python(), engine_zip=True, wheels=False)
    return Deployment(ENV, PARAMETERS | parameters, wanted, is_agreed=True)


@contextmanager
def environment(emulator: Emulator) -> Iterator[None]:
    """Have this process ask the emulator, by the standard variables."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ.update(emulator.variables)
    try:
        yield
    finally:
        for name in emulator.variables:
            os.environ.pop(name, None)
        os.environ.update(before)


def deployed(emulator: Emulator, **parameters: str) -> Mapping[str, str]:
    """Deploy the whole stack, and return what both stacks tell."""
    with environment(emulator):
        return deploy(deployment(**parameters))
