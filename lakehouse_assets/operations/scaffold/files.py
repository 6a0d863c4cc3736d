"""Put new files in their places: never over another one, and none of them where `contracts check` refuses one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lakehouse_assets.errors import BadRequest


@dataclass(frozen=True)
class Draft:
    """Hold what is to be written.

    Attributes:
        files: text of new files.
        edits: new text of files that are there.
        next: what to do then, in sentences.
    """

    files: Mapping[Path, str]
    edits: Mapping[Path, str] = field(default_factory=dict)
    next: tuple[str, ...] = ()


def write(draft: Draft, problems: Callable[[], list[str]]) -> None:
    """Write all files of a draft, or none.

    Args:
        draft: what is written.
        problems: says what is wrong with the project, once before and once after.

    Raises:
        BadRequest: a file is there already, or the project has a problem with these files that it did not have.
    """
    for path in draft.files:
        if path.exists():
            raise BadRequest(message=f"`{path}` is there already, and is not written over")
    before = set(problems())
    kept = {path: path.read_bytes() for path in draft.edits}
    made = _write(draft)
    try:
        news = [problem for problem in problems() if problem not in before]
    except BaseException:
        _undo(made, kept)
        raise
    if news:
        _undo(made, kept)
        raise BadRequest(message=f"nothing was written: {'; '.join(news)}")


def _write(draft: Draft) -> list[Path]:
    """Write the files and return what was made, folders too, in the order in which it was."""
    made: list[Path] = []
    for path, text in draft.files.items():
        made += reversed([folder for folder in path.parents if not folder.exists()])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            made.append(path)
            file.write(text)
    for path, text in draft.edits.items():
        path.write_text(text, "utf-8")
    return made


def _undo(made: list[Path], kept: Mapping[Path, bytes]) -> None:
    for path, content in kept.items():
        path.write_bytes(content)
    for path in reversed(made):
        if path.is_dir():
            _clear(path)
        else:
            path.unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    """Remove a folder that was made, with what Python has compiled there; one that holds anything else stays."""
    for cached in folder.glob("__pycache__/*.pyc"):
        cached.unlink()
    for child in (folder / "__pycache__", folder):
        if child.is_dir() and not any(child.iterdir()):
            child.rmdir()
