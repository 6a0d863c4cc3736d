"""The images: one base, pinned before anything is pushed, and Dockerfiles without findings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure import images
from infrastructure.functions import FUNCTIONS, ROOT
from infrastructure.package import Tree
from lakehouse_assets.errors import BadRequest

DOCKERFILES = (ROOT / "Dockerfile", ROOT / "infrastructure/images/Dockerfile")


def test_the_base_is_named_once() -> None:
    """Built by hand, the image has the base that is built into what is deployed, but for its digest."""
    text = DOCKERFILES[1].read_text("utf-8")
    assert f"ARG BASE={images.base().partition('@')[0]}\n" in text


def test_an_image_on_a_moving_base_is_not_pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag means another base tomorrow, so that one is built and not deployed; the sentence says how it is pinned."""
    monkeypatch.setattr(images, "base", lambda: "public.ecr.aws/lambda/python:3.13")
    monkeypatch.setattr(images, "image_context", lambda: Tree(tmp_path, 1, "d" * 64))
    monkeypatch.setattr(images, "digest_of", lambda *_: None)
    with pytest.raises(BadRequest, match="has no digest"):
        images.push("111122223333.dkr.ecr.eu-west-1.amazonaws.com/f")


def test_the_image_is_for_what_no_zip_holds() -> None:
    """The functions with the engine, and the two that users know as images."""
    names = {function.name for function in FUNCTIONS if function.is_image}
    assert {"PlanRun", "RenderModel", "AcknowledgeModel", "LoadSmallBatch", "RecordRun"} <= names
    assert {"adstart_update_dimension_tables", "export-sub5-report"} <= names
    assert "Moves3Objects" not in names


@pytest.mark.parametrize("path", DOCKERFILES, ids=["dagster", "functions"])
def test_a_dockerfile_has_no_findings(path: Path) -> None:
    """The linter finds nothing, and nothing runs as root."""
    command = [str(Path(sys.executable).with_name("hadolint")), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert "\nUSER " in path.read_text("utf-8")


def test_workflows_have_no_findings() -> None:
    """The linter of workflows finds nothing: actions are pinned, rights are few, nothing of strangers is run."""
    command = [str(Path(sys.executable).with_name("zizmor")), "--offline", "--quiet", str(ROOT / ".github/workflows")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
