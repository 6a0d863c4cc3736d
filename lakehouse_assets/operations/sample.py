"""Define `lakehouse sample`, which writes drops of any size and dirtiness, and beside them the answer of a right load.

The options are those of the pipelines' samples: the fields of their `SampleSpec` that have a help text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import PipelineOption, chosen_pipeline
from lakehouse_assets.operations.samples import Sample, samples


def sample_command() -> Callable[..., None]:
    """Return the command, with an option for everything that a sample of some pipeline may be asked."""
    known = samples()
    options = {name: option for one in known.values() for name, option in _options(one).items()}

    def sample(folder: Path, pipeline: str | None, **asked: Any) -> None:  # noqa: ANN401 - values of the options
        """Write sample drops, and DIR.expected.json with what a first load of them must answer.

        Examples:
            lakehouse sample drops --days 15

            lakehouse sample dirty --bad-ratio 0.01 --duplicate-ratio 0.05 --quoted-ratio 0.01
        """
        name = next(iter(known)) if pipeline is None and len(known) == 1 else chosen_pipeline(pipeline)
        if name not in known:
            raise BadRequest(message=f"pipeline `{name}` has no sample; those with one: {', '.join(known) or 'none'}")
        _write(known[name], name, folder, {key: value for key, value in asked.items() if value is not None})

    keyword, argument = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    where = Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; must hold none.")]
    own = [inspect.Parameter("folder", argument, annotation=where)]
    own += [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in options.items()]
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
    return Annotated[kind | None, typer.Option(flag, help=words, show_default=shown)]


def _write(sample: Sample, pipeline: str, folder: Path, asked: dict[str, Any]) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadRequest(message=f"`{folder}` is a file, not a folder")
    strange = sorted(asked.keys() - {one.name for one in fields(sample.SampleSpec)})
    if strange:
        raise BadRequest(message=f"the sample of `{pipeline}` cannot be asked --{strange[0].replace('_', '-')}")
    spec = sample.SampleSpec(**asked)
    with terminal.bar("writing", sample.files_of(spec)) as advance:
        answer = sample.write_sample(spec, folder, on_file=lambda _: advance())
    terminal.say(
        f"{sample.files_of(spec)} files with {sample.rows_of(answer)} rows in {folder}; "
        f"the answer is in {folder}.expected.json"
    )
    terminal.say(f"Try next: {terminal.command()} run {pipeline} --landing {folder}")
