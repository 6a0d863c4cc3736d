"""Which Java is taken for Spark."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import java


def fake_java(home: Path, version: str) -> Path:
    """A Java home whose program says a version."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    said = f"    java.home = {home}\n    java.specification.version = {version}"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\n", encoding="utf-8")
    program.chmod(0o755)
    return home


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Look into the project's own folder only, not into this machine's."""
    monkeypatch.setattr(java, "PLACES", ((tmp_path / ".java", "*/bin/java"),))


def test_java_home_comes_first(tmp_path: Path) -> None:
    """`JAVA_HOME` wins over the project's own Java."""
    own = fake_java(tmp_path / "mine", "21")
    fake_java(tmp_path / ".java" / "jre", "17")
    assert java.find_java({"JAVA_HOME": str(own), "PATH": ""}) == own


def test_a_java_that_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    """Spark 4.1 does not start on 25, so the next place is looked at."""
    fake_java(tmp_path / "new", "25")
    fitting = fake_java(tmp_path / ".java" / "jre", "17")
    assert java.find_java({"PATH": str(tmp_path / "new" / "bin")}) == fitting


def test_without_java_nothing_is_found(tmp_path: Path) -> None:
    """A machine without Java, or with a broken JAVA_HOME, has none."""
    assert java.find_java({"JAVA_HOME": str(tmp_path / "gone"), "PATH": ""}) is None
