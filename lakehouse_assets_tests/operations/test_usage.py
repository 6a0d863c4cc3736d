"""What every command says of itself: its version, its help, the words that a shell completes, and what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import Cli, Shop

LAKEHOUSE = str(Path(sys.executable).with_name("lakehouse"))


def completed(words: str, shell: str = "bash") -> str:
    """What the installed command answers a shell that completes the last of these words."""
    typed = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_TYPER_COMPLETE_ARGS": words}
    asked = {"_LAKEHOUSE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run([LAKEHOUSE], env=os.environ | typed | asked, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_it_says_its_version(cli: Cli) -> None:
    """The version is that of the package."""
    result = cli("--version")
    assert (result.code, result.out) == (0, "lakehouse 0.1.0\n")


@pytest.mark.parametrize("command", [[], ["run"], ["rejects"], ["rejects", "list"]])
def test_h_is_help_everywhere(cli: Cli, command: list[str]) -> None:
    """The short option shows what the long one shows."""
    short = cli(*command, "-h")
    assert (short.code, short.out) == (0, cli(*command, "--help").out)


@pytest.mark.parametrize(
    ("shell", "words", "offered"),
    [
        ("bash", "lakehouse restore clean_o", "clean_orders\nclean_orders_items\n"),
        ("zsh", "lakehouse rejects list --code date_misma", "_arguments '*: :((\"date_mismatch\"))'\n"),
        ("fish", "lakehouse run --select gold/daily_s", "gold/daily_sales\n"),
    ],
)
def test_a_shell_completes_tables_and_codes(shell: str, words: str, offered: str) -> None:
    """The words that begin so are offered, in the form that the shell reads."""
    assert completed(words, shell) == offered


def test_completion_can_be_installed(tmp_path: Path) -> None:
    """It is written below the home folder, where the shell finds it."""
    done = subprocess.run(
        [LAKEHOUSE, "--install-completion", "bash"],
        env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "bash completion installed" in done.stdout
    assert "_LAKEHOUSE_COMPLETE" in (tmp_path / ".bash_completions" / "lakehouse.sh").read_text()
    assert "lakehouse.sh" in (tmp_path / ".bashrc").read_text()


def test_bash_itself_completes() -> None:
    """The script that is shown, in a real shell."""
    script = (
        f'PATH="{Path(LAKEHOUSE).parent}:$PATH"; eval "$(lakehouse --show-completion bash)"; '
        'COMP_WORDS=(lakehouse checks --pipeline mar); COMP_CWORD=3; _lakehouse_completion lakehouse; echo "$COMPREPLY"'
    )
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("marketing\n", "")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["restore"], ("lacks the argument 'table'", "there are: daily_affiliate", "clean_orders_items")),
        (["rebuild"], ("'what'", "there are: silver")),
        (["rejects", "close"], ("'--reason'", "Why nobody will correct")),
        (["sql"], ("the SQL is missing", "--file FILE, or as - for stdin")),
        (["run", "--engine"], ("--engine needs a value", "there are: duckdb, spark, auto")),
        (["rejects", "list", "--pipeline"], ("there are: ecommerce, marketing",)),
        (["--show-completion"], ("there are: bash, zsh, fish",)),
    ],
)
def test_what_is_missing_is_named_with_what_there_is(cli: Cli, arguments: list[str], parts: tuple[str, ...]) -> None:
    """One sentence says what the word is for, and lists those that there are."""
    result = cli(*arguments)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert all(part in result.err for part in parts), result.err


@pytest.mark.parametrize(
    "words", [["checks", "ecommerce"], ["status", "--pipeline", "ecommerce"], ["plan", "--pipeline=ecommerce"]]
)
def test_a_pipeline_is_a_word_or_an_option_of_every_command(cli: Cli, tmp_path: Path, words: list[str]) -> None:
    """Whichever of both a command's help shows, it takes the other one, too."""
    result = cli(*words, "--lake", tmp_path)
    assert result.code != 2 or "there is no lake" in result.err
    assert "ecommerce" not in result.err


def test_a_pipeline_that_is_none_is_told_either_way(cli: Cli) -> None:
    """The sentence names those that there are."""
    for words in (["dev", "ecomerce"], ["run", "--pipeline", "ecomerce"], ["plan", "--pipeline=ecomerce"]):
        result = cli(*words)
        assert result.code != 0
        assert "ecommerce, marketing" in result.err


@pytest.mark.parametrize("group", ["new", "rules", "affise", "rejects"])
def test_a_group_alone_shows_its_commands(cli: Cli, group: str) -> None:
    """It is no error to ask what there is."""
    result = cli(group)
    assert (result.code, result.err) == (0, "")
    assert result.out == cli(group, "--help").out


TAKING = [["rejects", "list"], ["rejects", "pending"], ["rebuild", "silver"], ["checks"], ["status"]]


@pytest.mark.parametrize("words", [["runs"], *TAKING])
def test_a_pipeline_can_be_a_word(cli: Cli, shown: Shop, words: list[str]) -> None:
    """Whatever else a command takes as a word, it takes its pipeline as one, too."""
    named = cli(*words, "marketing", "--lake", shown.lake)
    assert named == cli(*words, "--pipeline", "marketing", "--lake", shown.lake)
    assert named != cli(*words, "ecommerce", "--lake", shown.lake)


def test_words_that_are_no_pipeline_stay_what_they_are(cli: Cli) -> None:
    """Several names of models, and a word that a command needs though a pipeline is called so."""
    both = cli("test", "daily_sales", "user_orders")
    assert (both.code, both.err) == (0, "")
    assert "there is no table or column `ecommerce`" in cli("lineage", "ecommerce").err


@pytest.mark.parametrize("words", TAKING)
def test_a_pipeline_that_is_not_there_is_named(cli: Cli, shown: Shop, words: list[str]) -> None:
    """One sentence says that there is none of this name."""
    done = cli(*words, "nosuch", "--lake", shown.lake)
    assert (done.code, done.err.count("\n"), "there is no pipeline `nosuch`" in done.err) == (2, 1, True)
