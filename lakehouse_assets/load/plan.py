"""Say what the next run of a pipeline would do in a lake, and why, without doing or writing anything.

A run plans for itself (`lambdas/planrun`) and freezes what it finds; this looks at the same things for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.changes import reconcile_columns
from lakehouse_assets.contracts.layers import control_tables
from lakehouse_assets.contracts.types import parse_type
from lakehouse_assets.engines.binding import EmptyTables, empty_tables
from lakehouse_assets.engines.reference import outdated
from lakehouse_assets.errors import ContractBreaking, TableMissing
from lakehouse_assets.load.control_tables import PENDING_DAYS, ControlTable
from lakehouse_assets.load.ledger import OpenLedger
from lakehouse_assets.load.model_states import Models, ModelState
from lakehouse_assets.sql.dialects import Parameter, parse, render
from lakehouse_assets.sql.gold import window_parameters
from lakehouse_assets.sql.models import tables_read
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.landing import Landed


@dataclass(frozen=True)
class ModelPlan:
    """Hold what the next run would do to one gold table.

    Attributes:
        table: catalog name.
        action: `make`, `rebuild`, `update`, `follow` (its rows may change once what it reads has), `none`, or `refuse`:
            the run would fail, as the table has columns that it may not be given or deprived of, or no engine takes the
            SELECT.
        why: in words.
        added, removed, changed: columns that the table would get, lose, or get in another type (name and both types).
        statement: the SELECT that gives the rows of a table that is behind now, in Athena's SQL; empty for the others.
    """

    table: str
    action: str
    why: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    statement: str = ""


@dataclass(frozen=True)
class Asked:
    """Say of which run the plan is.

    Attributes:
        pipeline: its name.
        datasets: names of the pipeline's landing datasets.
        zone: its source time zone.
        as_of: the run's clock.
        is_pulled: whether the run pulls records by itself, so that it loads something whatever has landed.
    """

    pipeline: str
    datasets: tuple[str, ...]
    zone: str
    as_of: datetime
    is_pulled: bool = False


@dataclass(frozen=True)
class NextRun:
    """Hold what the next run would do.

    Attributes:
        files: how many files have landed, by dataset.
        left_alone: what is left in landing, by key, with why.
        bytes: how large they are together, bytes.
        pending: rows that wait for a parent.
        due: those of them that have waited long enough to be rejected.
        references: reference tables that do not hold their seed yet.
        models: gold tables in the order in which they are built.
        is_pulled: whether the run pulls records by itself.
    """

    files: dict[str, int]
    left_alone: dict[str, str]
    bytes: int
    pending: int
    due: int
    references: tuple[str, ...]
    models: tuple[ModelPlan, ...]
    is_pulled: bool = False

    @property
    def is_refused(self) -> bool:
        """Say whether the run would fail for one of the tables."""
        return any(model.action == "refuse" for model in self.models)

    @property
    def has_work(self) -> bool:
        """Say whether the run would do anything."""
        return bool(self.is_pulled or sum(self.files.values()) or self.due or self.references) or any(
            model.action != "none" for model in self.models
        )


def next_run(models: Models, landing: Landed, asked: Asked, ledger: OpenLedger | None = None) -> NextRun:
    """Return what the next run would do.

    Args:
        models: the pipeline's gold models, over the lake.
        landing: what lies in it.
        asked: of what and when.
        ledger: the run ledger, where it is open already.

    Raises:
        LakeElsewhere, LakeIncomplete: the lake cannot be read.
    """
    controls, lake = control_tables(dict(models.known), asked.pipeline), models.lake
    pending, due = _pending(controls["pending"], lake, asked.as_of)
    references = outdated(models.seeds, lake)
    files = {name: sum(entry.dataset == name for entry in landing.entries) for name in asked.datasets}
    loading = asked.is_pulled or sum(files.values()) > 0 or bool(references)
    moving: set[str] = set()
    plans = []
    ledger = ledger or OpenLedger(models.ledger, lake)
    with empty_tables(lake, models.known.values(), asked.zone) as tables:
        for state in models.states(ledger).values():
            plan = _bound(
                _of_model(models, state, ledger, loading=loading, moving=moving), state.contract, models, tables
            )
            if plan.action != "none":
                moving.add(plan.table)
            plans.append(plan)
    size = sum(entry.size_bytes for entry in landing.entries)
    return NextRun(files, dict(landing.left_alone), size, pending, due, references, tuple(plans), asked.is_pulled)


def _pending(contract: Contract, lake: Lake, as_of: datetime) -> tuple[int, int]:
    """Return how many rows wait for a parent, and how many of them long enough; none where there is no table yet."""
    limit = as_of.replace(tzinfo=None) - timedelta(days=PENDING_DAYS)
    counted = f"count(*) AS pending, count(*) FILTER (first_seen <= TIMESTAMP '{limit}') AS due"
    try:
        (row,) = ControlTable(contract, lake).read(columns=counted).to_pylist()
    except TableMissing:
        return 0, 0
    return row["pending"], row["due"]


def _of_model(models: Models, state: ModelState, ledger: OpenLedger, *, loading: bool, moving: set[str]) -> ModelPlan:
    contract, select = state.contract, models.selects[state.contract.catalog_name]
    behind = ledger.backlog(contract)
    window = None if state.why or not state.is_there else behind.window
    if state.why:
        action, why = "rebuild", state.why
    elif not state.is_there:
        action, why = ("make" if loading or behind.runs else "none"), "it is not there yet"
    elif behind.runs:
        action, why = "update", _behind(contract, behind.runs, window)
    else:
        action, why = _follows(select, models, loading=loading, moving=moving)
    # A table that cannot be read is made anew, whatever columns it had.
    is_lost = state.damage is not None and state.damage.is_unreadable
    held = _held_columns(contract, models.lake) if state.is_there and not is_lost else {}
    if held and not state.may_reshape and (refused := _refused(contract, held)):
        action, why = "refuse", refused
    is_due = action in {"rebuild", "update"} or (action == "make" and bool(behind.runs))
    parameters: Mapping[str, Parameter] = window_parameters(contract, window)
    text = render(select, "athena", parameters=parameters) if is_due else ""
    statement = parse(text).sql("athena", pretty=True, comments=False) if text else ""
    columns = _compared(contract, held) if held else {}
    return ModelPlan(contract.catalog_name, action, why, **columns, statement=statement)


def _bound(plan: ModelPlan, contract: Contract, models: Models, tables: EmptyTables) -> ModelPlan:
    """Return the plan, or that the run would fail because the engine does not take the SELECT of what is built."""
    if plan.action in {"none", "refuse"}:
        return plan
    problem = tables.refusal(contract, models.selects[plan.table])
    return replace(plan, action="refuse", why=problem) if problem else plan


def _refused(contract: Contract, held: Mapping[str, str]) -> str | None:
    """Return why a table of these columns may not become what the contract says, under the same major version."""
    try:
        reconcile_columns(list(held.items()), contract)
    except ContractBreaking as error:
        return str(error)
    return None


def _behind(contract: Contract, runs: tuple[str, ...], window: tuple[Any, ...] | None) -> str:
    by = f"{len(runs)} run{'' if len(runs) == 1 else 's'} that it has not caught up with"
    if window is None or not contract.window:
        return f"{by}; it is built whole"
    return f"{by}; {len(window)} value{'' if len(window) == 1 else 's'} of `{contract.window}`"


def _follows(select: str, models: Models, *, loading: bool, moving: set[str]) -> tuple[str, str]:
    """Return whether a table that is up to date would be looked at again in the run, and why."""
    read = tables_read(select)
    first = next((name for name in read if name in moving), None)
    if first:
        return "follow", f"what changes in `{first}`"
    layers = {contract.catalog_name: contract.layer for contract in models.known.values()}
    if loading and any(layers.get(name) != "gold" for name in read):
        return "follow", "what the load changes"
    return "none", "it is up to date"


def _held_columns(contract: Contract, lake: Lake) -> dict[str, str]:
    """Return the columns that a gold table holds, with their types as contracts spell them."""
    document = lake.iceberg_document(contract)
    current = next(s for s in document["schemas"] if s["schema-id"] == document["current-schema-id"])
    return {field["name"]: _spelled(field["type"]) for field in current["fields"]}


def _compared(contract: Contract, held: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the columns that a gold table would get, lose and change, compared with those that it holds."""
    wanted = {column.name: column.type for column in contract.columns}
    return {
        "added": tuple(f"{name} {kind}" for name, kind in wanted.items() if name not in held),
        "removed": tuple(f"{name} {kind}" for name, kind in held.items() if name not in wanted),
        "changed": tuple(
            f"{name} {held[name]} -> {kind}" for name, kind in wanted.items() if held.get(name, kind) != kind
        ),
    }


def _spelled(kind: Any) -> str:  # noqa: ANN401 - a type as Iceberg's metadata has it
    """Write a type of Iceberg's metadata as contracts do; one that they do not know stays as it is."""
    try:
        return str(parse_type(_words(kind)))
    except ValueError:
        return str(kind)


def _words(kind: Any) -> str:  # noqa: ANN401 - likewise
    if not isinstance(kind, Mapping):
        return str(kind)
    if kind["type"] == "list":
        return f"list<{_words(kind['element'])}>"
    fields = ",".join(f"{field['name']}:{_words(field['type'])}" for field in kind["fields"])
    return f"struct<{fields}>"
