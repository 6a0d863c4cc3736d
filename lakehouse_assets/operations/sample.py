"""Define `lakehouse sample`, which writes drops of any size and dirtiness, and beside them the answer of a right load.

The options are those of the pipelines' samples: the fields of their `SampleSpec` that have a help text.
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import PipelineOption, chosen_pipeline
from lakehouse_assets.operations.samples import Sample, samples
from lakehouse_assets.settings import read_settings

TODAY = "today"
Further = Annotated[
    bool, typer.Option("--continue", help="Write the days after those of the sample in DIR; takes --days alone.")
]


def sample_command() -> Callable[..., None]:
    """Return the command, with an option for everything that a sample of some pipeline may be asked."""
    known = samples()
    options = {name: option for one in known.values() for name, option in _options(one).items()}

    def sample(folder: Path, pipeline: str | None, further: bool, **asked: Any) -> None:  # noqa: ANN401, FBT001 - values of the options
        """Write sample drops, and DIR.expected.json with what a first load of them must answer.

        With --continue the days that follow those in DIR, as they were asked for; records have keys after
        theirs, whether the files before were loaded or not.

        Examples:
            lakehouse sample drops --days 15

            lakehouse sample drops --continue --days 1

            lakehouse sample fresh --start today

            lakehouse sample dirty --bad-ratio 0.01 --duplicate-ratio 0.05 --quoted-ratio 0.01
        """
        name = next(iter(known)) if pipeline is None and len(known) == 1 else chosen_pipeline(pipeline)
        if name not in known:
            raise BadRequest(message=f"pipeline `{name}` has no sample; those with one: {', '.join(known) or 'none'}")
        given = {key: value for key, value in asked.items() if value is not None}
        spec = _continued(known[name], name, folder, given) if further else _spec(known[name], name, given)
        _write(known[name], name, folder, spec)

    keyword, argument = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    where = Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; must hold none.")]
    own = [inspect.Parameter("folder", argument, annotation=where)]
    own += [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in options.items()]
    own += [inspect.Parameter("further", keyword, default=False, annotation=Further)]
    own += [inspect.Parameter("pipeline", keyword, default=None, annotation=PipelineOption)]
    sample.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined] # typer reads the options from it
    sample.__annotations__ = {parameter.name: parameter.annotation for parameter in own}
    return sample


def _options(sample: Sample) -> dict[str, Any]:
    """Return the options of one sample by name, as annotated types."""
    kinds = get_type_hints(sample.SampleSpec)
    asked = (one for one in fields(sample.SampleSpec) if "help" in one.metadata)
    return {one.name: _option(one.name, kinds[one.name], one.metadata["help"], one.default) for one in asked}


def _option(name: str, kind: Any, words: str, default: Any) -> Any:  # noqa: ANN401 - a type and a value of it
    flag = "--" + name.replace("_", "-")
    shown = False if kind is bool else f"{default}"
    if kind is date:
        return Annotated[str | None, typer.Option(flag, parser=_day, metavar="DATE", help=words, show_default=shown)]
    return Annotated[kind | None, typer.Option(flag, help=words, show_default=shown)]


def _day(text: str) -> date | str:
    """Read a date; `today` is left as it is.

    Raises:
        BadRequest: the text is neither.
    """
    try:
        return text if text == TODAY else date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(message=f"--start is `{text}`, allowed is a date such as 2025-04-01, or today") from error


def _continued(sample: Sample, pipeline: str, folder: Path, asked: dict[str, Any]) -> Any:  # noqa: ANN401 - the module's own
    if not hasattr(sample, "continued"):
        raise BadRequest(message=f"the sample of `{pipeline}` cannot be continued")
    other = sorted(asked.keys() - {"days"})
    if other:
        raise BadRequest(message=f"--continue goes on as before; it takes --days, not --{other[0].replace('_', '-')}")
    return sample.continued(folder, asked.get("days"))


def _spec(sample: Sample, pipeline: str, asked: dict[str, Any]) -> Any:  # noqa: ANN401 - the module's own
    strange = sorted(asked.keys() - {one.name for one in fields(sample.SampleSpec)})
    if strange:
        raise BadRequest(message=f"the sample of `{pipeline}` cannot be asked --{strange[0].replace('_', '-')}")
    if asked.get("start") == TODAY:
        usual = next(one.default for one in fields(sample.SampleSpec) if one.name == "days")
        asked = asked | {"start": datetime.now(UTC).date() - timedelta(days=asked.get("days", usual) - 1)}
    return sample.SampleSpec(**asked)


def _write(sample: Sample, pipeline: str, folder: Path, spec: Any) -> None:  # noqa: ANN401 - the module's own
    if folder.exists() and not folder.is_dir():
        raise BadRequest(message=f"`{folder}` is a file, not a folder")
    with terminal.bar("writing", sample.files_of(spec)) as advance:
        answer = sample.write_sample(spec, folder, on_file=lambda _: advance())
    terminal.say(
        f"{sample.files_of(spec)} files with {sample.rows_of(answer)} rows in {folder}; "
        f"the answer is in {folder}.expected.json"
    )
    from lakehouse_assets.operations.run_text import short

    lake = shlex.quote(short(read_settings().lake_root))
    terminal.say(f"Try next: {terminal.command()} run {pipeline} --landing {shlex.quote(str(folder))} --lake {lake}")
