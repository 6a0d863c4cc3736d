"""Read every dataset into its `__parsed` relation and count what the rules say of its rows."""

from __future__ import annotations

import time

from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.errors import NativeRefused
from lakehouse_assets.formats.registry import format_of
from lakehouse_assets.load.file_source import FileSource
from lakehouse_assets.load.kept_records import KeptRecords
from lakehouse_assets.load.parallel import each
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.retry import Retry
from lakehouse_assets.load.rule_errors import failed_rule, judging
from lakehouse_assets.load.source_files import SourceFiles, survey
from lakehouse_assets.load.state import LoadInput, TableLoad
from lakehouse_assets.sql import silver


def stage_all(work: LoadInput, engine: Engine, retry: Retry, report: LoadReport) -> list[TableLoad]:
    """Read every dataset into its `__parsed` relation and count the codes of rejects and warnings.

    Raises:
        ContractInvalid: a rule is none, whichever table it is of; nothing was read.
        RuleFailed: a rule fails on a value.
    """
    for contract in work.tables:
        judging(contract, work.manifest.pipeline)
    ordinals = retry.number(work.manifest.files)

    def stage(contract: Contract) -> TableLoad:
        dataset = contract.landing
        entries = {n: e for n, (e, retried) in ordinals.items() if e.dataset == dataset and not retried}
        started = time.perf_counter()
        table = _stage(work, engine, contract, entries, retry)
        table.sources.check_unchanged(engine)
        table.report.seconds += time.perf_counter() - started
        return table

    files = work.manifest.files
    work.progress.doing("reading", files=len(files), size_bytes=sum(file.size_bytes for file in files))
    loads = each(engine, work.tables, stage)
    for table in loads:
        report.refused_files |= table.sources.refused
        report.skipped_files += table.sources.skipped
        report.extra_columns |= table.sources.extra_columns
        report.tables[table.name] = table.report
    return loads


def _stage(
    work: LoadInput,
    engine: Engine,
    contract: Contract,
    entries: dict[int, FileEntry],
    retry: Retry,
) -> TableLoad:
    source_format, dataset = format_of(work.datasets[contract.landing], contract), contract.landing
    keeper = KeptRecords.below(engine.scratch) if engine.scratch else None
    source = FileSource(source_format, work.landing, entries, work.progress, keeper=keeper)
    retried = retry.text(dataset, (field.name for field in source_format.fields))
    try:
        sources = _read(source, engine, contract, retried)
    except Exception as error:
        pipeline = work.manifest.pipeline
        failed = failed_rule(error, contract, pipeline, lambda one: _read(source, engine, one, retried))
        if failed is None:
            raise
        raise failed from error
    table = TableLoad(contract, entries, sources, was_empty=not engine.attach(contract))
    table.report.counts.read = sources.read
    work.progress.add(rows=sum(file.records for file in sources.native))
    table.report.counts.retried = retry.counts.get(dataset, 0)
    _tally(table, engine)
    return table


def _read(source: FileSource, engine: Engine, contract: Contract, retried: str | None) -> SourceFiles:
    """Read files and judge their rows; all of them strictly where the engine's own reader refuses one."""
    for strict in (False, True):
        sources = survey(source, engine, strict=strict)
        try:
            sources.counted = engine.stage(f"{contract.name}__parsed", sources.text(retried), silver.parsed(contract))
            break
        except NativeRefused:
            if strict:
                raise
    return sources


def _tally(table: TableLoad, engine: Engine) -> None:
    """Count rejected rows, rows without a reject, reject codes and warnings."""
    for row in engine.rows(silver.tally(table.name)):
        codes, warnings = split_codes(row["_codes"]), split_codes(row["_warnings"])
        if codes:
            table.report.counts.rejected += row["n"]
            table.report.rejects.update(dict.fromkeys(codes, row["n"]))
        else:
            table.clean += row["n"]
            table.report.warnings.update(dict.fromkeys(warnings, row["n"]))


def split_codes(codes: str) -> list[str]:
    """Return the codes of a list in which a comma follows each code."""
    return [code for code in codes.split(",") if code]
