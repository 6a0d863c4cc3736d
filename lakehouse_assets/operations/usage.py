"""Say in one sentence what is wrong with a call of the command line, and what there is to choose from."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from lakehouse_assets.operations import terminal

PIPELINE, OPTION = "pipeline", "--pipeline"


class PipelineCommand(TyperCommand):
    """A command that takes its pipeline as a word and as `--pipeline`, whichever of both its help shows."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's contexts have no public type
        """Read the words of a call; see Typer."""
        arguments = [one for one in self.params if one.param_type_name == "argument"]
        options = [one for one in self.params if one.param_type_name == "option"]
        takes = Takes(
            as_word=PIPELINE in {one.name for one in arguments},
            as_option=PIPELINE in {one.name for one in options},
            required=sum(one.required for one in arguments),
            most=None if any(one.nargs < 0 for one in arguments) else len(arguments),
            valued=frozenset(name for one in options if not getattr(one, "is_flag", False) for name in one.opts),
        )
        return super().parse_args(ctx, either_way(args, takes))


@dataclass(frozen=True)
class Takes:
    """Say how a command takes its pipeline, and which other words.

    Attributes:
        as_word: whether its pipeline is a word.
        as_option: whether its pipeline is an option.
        required: so many words it needs.
        most: so many it takes; None for any number.
        valued: options that take a value.
    """

    as_word: bool = False
    as_option: bool = False
    required: int = 0
    most: int | None = 0
    valued: frozenset[str] = frozenset()


def either_way(words: Sequence[str], takes: Takes) -> list[str]:
    """Return the words of a call, as they were typed behind the command's name, with the pipeline where it is taken.

    >>> either_way(["marketing", "--json"], Takes(as_option=True))
    ['--pipeline', 'marketing', '--json']
    >>> either_way(["silver", "marketing"], Takes(as_option=True, required=1, most=1))
    ['--pipeline', 'marketing', 'silver']
    >>> either_way(["marketing"], Takes(as_option=True, required=1, most=1))
    ['marketing']
    >>> either_way(["--json", "--pipeline", "marketing"], Takes(as_word=True))
    ['marketing', '--json']
    """
    asked = list(words)
    if takes.as_option and not any(word.partition("=")[0] == OPTION for word in asked):
        place = _pipeline_in(asked, takes)
        return asked if place is None else [OPTION, asked[place], *asked[:place], *asked[place + 1 :]]
    if takes.as_word and not takes.as_option:
        for place, word in enumerate(asked):
            if word == OPTION and place + 1 < len(asked):
                return [asked[place + 1], *asked[:place], *asked[place + 2 :]]
            if word.startswith(f"{OPTION}="):
                return [word.partition("=")[2], *asked[:place], *asked[place + 1 :]]
    return asked


def _pipeline_in(words: Sequence[str], takes: Takes) -> int | None:
    """Return where among the words of a call a pipeline stands: one that there is, or else a word too many.

    A word that the command needs stays its own, also where a pipeline has the same name.
    """
    from lakehouse_assets.contracts.packages import pipelines

    bare = [
        at
        for at, word in enumerate(words)
        if not word.startswith("-") and (at == 0 or words[at - 1] not in takes.valued)
    ]
    if len(bare) <= takes.required:
        return None
    known = next((at for at in bare if words[at] in pipelines()), None)
    is_too_many = takes.most is not None and len(bare) > takes.most
    return bare[takes.most or 0] if known is None and is_too_many else known


def help_alone(context: typer.Context) -> None:
    """Print the help of a group of commands that was called without one."""
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())


def fold_help(app: typer.Typer) -> None:
    """Let help texts of all commands be folded by the terminal only: each paragraph of a docstring becomes one line."""
    for command in (*app.registered_commands, app.registered_callback):
        if command and command.callback and not isinstance(command.help, str):
            command.help = folded(inspect.getdoc(command.callback) or "")
    for group in app.registered_groups:
        if group.typer_instance:
            fold_help(group.typer_instance)


def folded(text: str) -> str:
    r"""Return a text whose paragraphs are one line each; indented lines, as of examples, stay as they are.

    >>> folded("One\ntwo.\n\nExample:\n    lakehouse run")
    'One two.\n\nExample:\n    lakehouse run'
    """
    joined = ""
    for line in text.split("\n"):
        begins = not joined or not line or line.startswith(" ") or joined.endswith("\n")
        joined += line if begins and not joined else f"\n{line}" if begins else f" {line}"
    return joined


def problem_of(error: TyperException, app: typer.Typer, words: Sequence[str]) -> str:
    """Return what is wrong with a call; where a word is missing, what it is for, and which ones there are.

    Args:
        error: what Typer says.
        app: the command line.
        words: what it was called with.
    """
    parameter: Any = getattr(error, "param", None)
    if hasattr(error, "param_type") and parameter is not None:
        return _missing(error, parameter)
    option = getattr(error, "option_name", None)
    if option and "requires an argument" in error.format_message():
        return _valueless(str(option), typer.main.get_command(app), words)
    return error.format_message()


def _missing(error: Any, parameter: Any) -> str:  # noqa: ANN401 - Typer gives its errors and parameters no public types
    """Return the sentence for a word that was not given."""
    choices = _choices(error.ctx, parameter)
    what = f"{parameter.param_type_name} {parameter.get_error_hint(error.ctx)}"
    command = error.ctx.command_path if error.ctx else "lakehouse"
    purpose = f": {parameter.help.rstrip('.')}" if parameter.help else ""
    return f"`{command}` lacks the {what}{purpose}{choices}; see `{command} --help`"


def _valueless(option: str, command: Any, words: Sequence[str]) -> str:  # noqa: ANN401 - as above
    """Return the sentence for an option without its value, which Typer does not say whose it is."""
    found = None
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
        found = next((one for one in command.params if option in one.opts), found)
    purpose = f": {found.help.rstrip('.')}" if found and found.help else ""
    return f"{option} needs a value{purpose}{_choices(typer.Context(command), found) if found else ''}"


def _choices(context: Any, parameter: Any) -> str:  # noqa: ANN401 - as above
    """Return the words that a parameter takes, where they are known."""
    names = list(getattr(parameter.type, "choices", ()))
    if not names and context:
        names = [item.value for item in parameter.shell_complete(context, "") if item.type == "plain"]
    return f"; there are: {', '.join(map(str, names))}" if names else ""
