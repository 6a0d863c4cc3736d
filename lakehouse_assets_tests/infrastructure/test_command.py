"""What the commands refuse before they do anything, each in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from infrastructure import deploy, destroy
from infrastructure.deploy import arguments, parameters_of, require_given, require_known
from infrastructure.smoke import command as smoke
from lakehouse_assets.errors import BadRequest


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of environments with one, `lab`."""
    (tmp_path / "lab.yaml").write_text("BucketPrefix: acme-lab\nLogDays: 30\n")
    monkeypatch.setattr(deploy.parameters_of, "__defaults__", (tmp_path,))
    return tmp_path


def test_an_environment_is_its_file_and_what_is_set(environments: Path) -> None:
    """What the command sets wins over the file."""
    assert parameters_of("lab") == {"BucketPrefix": "acme-lab", "LogDays": "30"}
    asked = arguments(["lab", "--set", "LogDays=7", "--plan", "--zips"])
    assert (asked.parameters["LogDays"], asked.is_plan, asked.is_agreed) == ("7", True, False)
    assert asked.wanted.engine_zip
    assert not asked.wanted.wheels
    assert (asked.stack, asked.data_stack) == ("lakehouse-lab", "lakehouse-lab-data")
    assert environments.is_dir()


@pytest.mark.parametrize("command", [deploy.main, destroy.main, smoke.main], ids=["deploy", "destroy", "smoke"])
def test_an_unknown_environment_is_a_sentence(
    command: object, environments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command says which file would describe it, and fails."""
    assert environments.is_dir()
    assert command(["nowhere"]) == 1  # type: ignore[operator]
    assert "there is no environment `nowhere`: copy environments/example.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("BucketPrefx: x", "no template has a parameter `BucketPrefx`"),
        ("[1]", "no names"),
        ("a: [", "is no YAML"),
        ("A: 1\nA: 2", "key `A` twice"),
    ],
)
def test_a_broken_file_is_a_sentence(text: str, words: str, environments: Path) -> None:
    """A typo in a parameter is not ignored."""
    (environments / "lab.yaml").write_text(text)
    with pytest.raises(BadRequest, match=words):
        parameters_of("lab")


def test_a_missing_parameter_is_named() -> None:
    """What has no default and is not given is asked for by name."""
    with pytest.raises(BadRequest, match="`BucketPrefix` is not set"):
        require_given({"BucketPrefix": {"Type": "String"}}, {}, "lab")
    with pytest.raises(BadRequest, match="no template has a parameter `Nonsense`"):
        require_known({"Nonsense": "1"})


def test_smoke_lists_what_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    """The list can be read without an account."""
    assert smoke.main(["lab", "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(smoke.CHECKS)


def test_the_example_is_an_environment() -> None:
    """The file that people copy names parameters that there are."""
    assert parameters_of("example")["BucketPrefix"] == "acme-lakehouse-example"
