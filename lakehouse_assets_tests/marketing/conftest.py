"""Fixtures for the tests of marketing."""

from __future__ import annotations

from lakehouse_assets_tests.operations.conftest import cli

__all__ = ["cli"]
