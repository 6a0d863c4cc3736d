"""Spark gets a Java that it starts on, or the user one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.engines import java
from lakehouse_assets.errors import JavaMissing
from lakehouse_assets_tests.java import java_of_version


@pytest.fixture(autouse=True)
def _no_other_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the environment says where a Java may be."""
    monkeypatch.setattr(java, "PLACES", ())


def test_the_java_of_the_environment_comes_first(tmp_path: Path) -> None:
    """JAVA_HOME is preferred to what is on the path."""
    chosen, other = java_of_version(tmp_path / "a", "21"), java_of_version(tmp_path / "b", "17")
    assert java.require_java({"JAVA_HOME": str(chosen), "PATH": str(other / "bin")}) == chosen


def test_a_java_that_spark_does_not_start_on_is_passed_over(tmp_path: Path) -> None:
    """A newer Java in JAVA_HOME does not hide a fitting one on the path."""
    newer, fitting = java_of_version(tmp_path / "a", "25"), java_of_version(tmp_path / "b", "17")
    assert java.require_java({"JAVA_HOME": str(newer), "PATH": str(fitting / "bin")}) == fitting


def test_a_java_of_the_project_is_found_after_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `make spark` puts one; a Java of the same kind on the path wins."""
    own, other = java_of_version(tmp_path / ".java" / "jre", "17"), java_of_version(tmp_path / "b", "17")
    monkeypatch.setattr(java, "PLACES", ((tmp_path / ".java", "*/bin/java"),))
    assert java.find_java({"PATH": ""}) == own
    assert java.find_java({"PATH": str(other / "bin")}) == other


def test_a_machine_without_a_java_has_none_to_find(tmp_path: Path) -> None:
    """A broken JAVA_HOME is no Java."""
    assert java.find_java({"JAVA_HOME": str(tmp_path / "gone"), "PATH": ""}) is None


@pytest.mark.parametrize(("version", "found"), [("25", "Java 25"), (None, "none")])
def test_without_a_fitting_java_the_way_out_is_named(tmp_path: Path, version: str | None, found: str) -> None:
    """The sentence says what was found and what to do."""
    home = java_of_version(tmp_path / "a", version) if version else tmp_path / "absent"
    with pytest.raises(JavaMissing, match=f"found {found}; run `make spark`"):
        java.require_java({"JAVA_HOME": str(home), "PATH": ""})
