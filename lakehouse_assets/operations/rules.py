"""Define `lakehouse rules try`, which counts what a new or changed rule would do to the rows that silver holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, PipelineOption, chosen_pipeline, reading
from lakehouse_assets.operations.usage import PipelineCommand, help_alone

if TYPE_CHECKING:
    from lakehouse_assets.contracts import Contract, Rule
    from lakehouse_assets.engines.trial import Trial

Verdict = Literal["reject", "warn"]
rules = typer.Typer(help="Try rules on what silver holds, before they are in a contract.")


@rules.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Try rules on what silver holds, before they are in a contract.

    Example:
        lakehouse rules try too_hot "parse_int(temperature) > 60" --table clean_readings
    """
    help_alone(context)


@rules.command("try", cls=PipelineCommand)
def try_command(  # noqa: PLR0913 - one parameter per option
    code: Annotated[str, typer.Argument(help="Name of the rule; one that there is, is compared with the new one.")],
    predicate: Annotated[str, typer.Argument(help="When a row breaks it, on the raw text of the landing columns.")],
    *,
    table: Annotated[str, typer.Option(help="The silver table, such as clean_readings.")],
    verdict: Annotated[Verdict | None, typer.Option(help="What follows; reject for a new rule.")] = None,
    limit: Annotated[int, typer.Option(min=0, max=1000, help="How many rows are shown.")] = 10,
    pipeline: PipelineOption = None,
    lake: LakeOption = None,
) -> None:
    """Count the rows of a silver table that would break a rule, and show some; nothing is changed.

    Rows that silver holds are not judged again when a rule changes: it applies to what is loaded from then on. So this
    says how strict a rule is, and whether a load of such rows would stop (max_reject_ratio).

    Examples:
        lakehouse rules try too_hot "parse_int(temperature) > 60" --table clean_readings

        lakehouse rules try too_cold "parse_int(temperature) < -90" --table clean_readings --verdict reject
    """
    from lakehouse_assets.contracts import Rule
    from lakehouse_assets.contracts.names import TAKEN, is_name
    from lakehouse_assets.engines.trial import try_rule
    from lakehouse_assets.pipelines import pipeline_of
    from lakehouse_assets.storage.lake import lake_of

    if not is_name(code):
        raise BadRequest(message=f"`{code}` is no code of a rule: {TAKEN}")
    settings = reading(lake)
    name = chosen_pipeline(pipeline, lake, table)
    contract = silver_table(name, table)
    former = next((rule for rule in contract.rules if rule.code == code), None)
    if former is not None and former.kind != "row":
        raise BadRequest(message=f"rule `{code}` of `{contract.name}` is of kind {former.kind}; only rows can be tried")
    decided = verdict or (cast("Verdict", former.verdict) if former else "reject")
    wanted = Rule(code, "row", decided, "", predicate)
    zone = pipeline_of(name).zone_in(settings)
    trial = try_rule(lake_of(settings), contract, wanted, limit=limit, zone=zone)
    before = try_rule(lake_of(settings), contract, former, limit=0, zone=zone) if former else None
    _show(contract, wanted, trial, before)


def silver_table(pipeline: str, name: str) -> Contract:
    """Return the contract of a silver table, found by its bare or its catalog name.

    Raises:
        BadRequest: there is none.
        ContractInvalid: its contract is broken.
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.known import bare_name
    from lakehouse_assets.contracts.layers import silver_tables

    known = contracts(pipeline)
    for label, error in known.of_layers(["silver"]).items():
        if bare_name(label) == name.rpartition(".")[2]:
            raise error
    tables = silver_tables(known)
    found = next((c for c in tables if name in {c.name, c.catalog_name}), None)
    if found is None:
        there = ", ".join(sorted(c.name for c in tables))
        raise BadRequest(message=f"--table `{name}` is no silver table; there are: {there}")
    return found


def _show(contract: Contract, rule: Rule, trial: Trial, before: Trial | None) -> None:
    from lakehouse_assets.operations.answers import text_of

    of_all = f"{trial.broken} of {trial.seen} rows of {contract.catalog_name}"
    share = f" ({trial.share:.1%})" if trial.seen else ""
    terminal.say(f"Rule `{rule.code}` ({rule.verdict}): {of_all} would break it{share}.")
    if before is not None:
        terminal.say(f"As it is now, {before.broken} of them do.")
    if trial.rows:
        values = [["NULL" if value is None else text_of(value) for value in row.values()] for row in trial.rows]
        terminal.table(list(trial.rows[0]), values)
        if trial.broken > len(trial.rows):
            terminal.say(f"{len(trial.rows)} of {trial.broken} rows are shown (--limit).")
    if rule.verdict == "reject" and trial.share > contract.max_reject_ratio:
        limit = f"{contract.max_reject_ratio:.1%} (max_reject_ratio)"
        terminal.say(f"A load with as large a share of such rows would stop: at most {limit} may be rejected.")
    terminal.say("What silver holds stays as it is; a rule applies to what is loaded once it is in the contract.")
