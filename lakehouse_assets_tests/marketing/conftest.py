"""Fixtures for the tests of marketing."""

from __future__ import annotations

import pytest

from lakehouse_assets_tests.operations.conftest import Cli, Result


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Call the command line in this process."""
    from lakehouse_assets.operations.cli import main

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
