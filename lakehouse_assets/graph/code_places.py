"""Say where the code of a table is: the files here, and their pages in the repository where the settings name it.

The files are contract, SELECT or seed, and the module of the pipeline. Not here: what is in them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.files import contract_files
from lakehouse_assets.contracts.packages import file_of, package_of, pipelines
from lakehouse_assets.settings import Settings

# Code references are marked as beta since they appeared; they are the UI's only place for links to code.
warnings.filterwarnings("ignore", message="Class `.*CodeReference", category=dg.BetaWarning)

DICTIONARY = "docs/data-dictionary.md"
"""Names the page, from the repository's root, that draws where columns come from."""


@dataclass(frozen=True)
class Repository:
    """Hold where the code is read by people: an address such as `https://github.com/acme/lakehouse`, and a revision."""

    address: str
    revision: str

    def page(self, path: str) -> str:
        """Return the address of a file's page.

        >>> Repository("https://github.com/acme/lakehouse", "main").page("docs/aws.md")
        'https://github.com/acme/lakehouse/blob/main/docs/aws.md'
        """
        between = "/-/blob/" if "gitlab" in self.address else "/blob/"
        return f"{self.address}{between}{self.revision}/{path}"


def repository_of(settings: Settings) -> Repository | None:
    """Return the repository that the settings name; None where they name none."""
    if settings.repository_url is None:
        return None
    return Repository(settings.repository_url, settings.repository_revision)


@cache
def code_files(pipeline: str, contract: Contract | None) -> dict[str, Path]:
    """Return the files that make a table by what they are: contract, model or seed, pipeline; they are there.

    Args:
        pipeline: whose table it is.
        contract: of the table; None for what a function makes.
    """
    found: dict[str, Traversable] = {}
    if contract is not None:
        name = f"{contract.layer}.{contract.name}"
        found["contract"] = contract_files(pipeline).get(name) or resources.files(package_of(pipeline))
        if contract.layer == "gold":
            found["model"] = file_of(pipeline, "sql", f"{contract.name}.sql")
        if contract.layer == "reference":
            found["seed"] = file_of(pipeline, "seeds", f"{contract.name}.csv")
    found["pipeline"] = resources.files(package_of(pipeline)) / "pipeline.py"
    paths = {what: Path(str(file)) for what, file in found.items()}
    return {what: path for what, path in paths.items() if path.is_file()}


def in_repository(pipeline: str, path: Path) -> str | None:
    """Return a file's path from the folder in which the pipeline's package, or the product's, begins.

    That folder is taken for the root of the repository. None for a file that is in neither.
    """
    for package in (package_of(pipeline), __name__):
        folder = Path(str(resources.files(package.partition(".")[0]))).parent
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return None


def code_facts(pipeline: str, contract: Contract | None, repository: Repository | None) -> dict[str, object]:
    """Return as metadata where the code of a table is, and where the dictionary has the table.

    There is none for a pipeline that was put together by hand and is no package of this installation.
    """
    if pipeline not in pipelines():
        return {}
    files = code_files(pipeline, contract)
    pages = {what: _page(pipeline, path, repository) for what, path in files.items()}
    references = [
        dg.UrlCodeReference(url=page, label=what)
        if page
        else dg.LocalFileCodeReference(file_path=str(path), label=what)
        for (what, path), page in zip(files.items(), pages.values(), strict=True)
    ]
    facts: dict[str, object] = {
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=references),
    }
    for what in ("contract", "model", "seed"):
        if what in files:
            facts[f"{what}_file"] = _value(pages[what], files[what])
    return facts | _dictionary(pipeline, contract, repository)


def _dictionary(pipeline: str, contract: Contract | None, repository: Repository | None) -> dict[str, object]:
    if contract is None:
        return {}
    anchor = contract.catalog_name.replace(".", "")  # as GitHub makes it of the heading
    if repository is not None:
        return {"dictionary": dg.MetadataValue.url(f"{repository.page(DICTIONARY)}#{anchor}")}
    page = Path(str(resources.files(package_of(pipeline).partition(".")[0]))).parent / DICTIONARY
    return {"dictionary": dg.MetadataValue.path(str(page))} if page.is_file() else {}


def _page(pipeline: str, path: Path, repository: Repository | None) -> str | None:
    own = in_repository(pipeline, path) if repository else None
    return repository.page(own) if repository and own else None


def _value(page: str | None, path: Path) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.url(page) if page else dg.MetadataValue.path(str(path))
