"""Define every error a user can meet, as one tree; the type says whether trying again can help.

    LakehouseError
    ├── Terminal   the same call will fail again until somebody changes something
    │   ├── SettingsInvalid, ContractInvalid, ContractBreaking, UnportableSql
    │   ├── BadRequest: RecordShared, TableMissing, LakeElsewhere, NamesTaken, LakeIncomplete
    │   ├── TableDamaged, StateDamaged, ReadOnly, AccessDenied, LibraryFailed
    │   ├── DiskFull, MemoryExhausted, SpillExhausted, HeapExhausted
    │   ├── FileUnreadable, SeedInvalid, RejectRatioExceeded, RuleFailed, ReconciliationFailed,
    │   ├── ProtocolRaised, RequiredMissing
    │   ├── BucketMissing, RegionUnknown, RegionWrong, CredentialsUnusable, StorageRefused
    │   ├── ServiceRefused, JobFailed, QueryFailed, FunctionFailed
    │   ├── RebuildRefused, ModelFailed, FenceLost, AssertionFailed, CheckUnanswered, EmissionInvalid, NativeRefused
    │   └── ValueUnfit, JavaMissing
    └── Transient  the same call may succeed a little later
        ├── LeaseHeld, StateLocked, LandingChanged, CommitConflict
        ├── PreconditionFailed, ObjectMissing, StorageUnavailable
        └── ServiceUnavailable, ApiUnavailable, SliceIncomplete

Terminal errors of one source only, such as a key that an API refuses, are beside its client (`affise/errors.py`).
Dagster's retry policy, the exit status of a Glue job and the `Retry` of an emitted state are derived from
these two marks. An error takes facts, keeps them in `facts`, and builds its own sentence.
"""

from __future__ import annotations

from typing import Any, ClassVar


class LakehouseError(Exception):
    """Hold typed facts and the sentence built from them, as the root of the tree.

    Args:
        **facts: what the sentence of the class names; kept in `facts` for reports.
    """

    sentence: ClassVar[str] = "{message}"

    def __init__(self, **facts: Any) -> None:  # noqa: ANN401 - facts of any type are kept as given
        self.facts = facts
        super().__init__(self.sentence.format(**facts))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.facts, str(self))


def _rebuild(kind: type[LakehouseError], facts: dict[str, Any], said: str) -> LakehouseError:
    """Return an error that says what it said, whatever its class makes of its facts."""
    error = kind.__new__(kind)
    Exception.__init__(error, said)
    error.facts = facts
    return error


def remembered(name: str, sentence: str, **facts: Any) -> LakehouseError | None:  # noqa: ANN401 - as above
    """Return an error of this tree that another process has raised and of which name and sentence are known.

    Args:
        name: of its class.
        sentence: what it said.
        **facts: further ones, such as the link to a log.

    Returns: None where no class of the tree has that name.
    """
    kind = globals().get(name)
    if not (isinstance(kind, type) and issubclass(kind, LakehouseError)):
        return None
    return _rebuild(kind, facts, sentence)


class Terminal(LakehouseError):
    """Mark an error that trying again cannot help until somebody acts."""


class Transient(LakehouseError):
    """Mark an error that trying again a little later may help."""


class SettingsInvalid(Terminal):
    """One or more environment variables hold values that are not allowed; `problems` lists them all."""

    sentence = "settings are not usable: {problems}"


class ContractInvalid(Terminal):
    """A contract file does not say what a contract must say."""

    sentence = "contract `{contract}`: {problem}"


class ContractBreaking(Terminal):
    """A contract was changed in a way that breaks its readers, without a new major version."""

    sentence = (
        "contract `{contract}` was changed in a breaking way ({changes}); raise its version to {needed} "
        "and rebuild the table, or take the change back"
    )


class BadRequest(Terminal):
    """A user asked for something that does not exist or is not allowed."""

    sentence = "{message}"


class RecordShared(BadRequest):
    """A record of a page that is to be erased holds rows that are not."""

    sentence = "the record of row {place} holds rows of others too, so it cannot be erased by itself"


class TableMissing(BadRequest):
    """A table of the lake is asked for that no run has created yet."""

    sentence = "table `{table}` is not there yet; `lakehouse run` creates it"


FROM_A_BACKUP = (
    "put the file back from a backup of the lake, or have the table made anew: gold by the next run, silver by "
    "`lakehouse rebuild silver`"
)


class TableDamaged(Terminal):
    """A table of the lake is lost, or files of it are, so that it cannot be read as it was written."""

    sentence = "table `{table}` cannot be read: {problem}; {way_out}"

    def __init__(self, *, way_out: str = FROM_A_BACKUP, **facts: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(way_out=way_out, **facts)


class RebuildRefused(Terminal):
    """Tables cannot be made anew as they were; nothing was changed."""

    sentence = (
        "silver of `{pipeline}` was not rebuilt, and nothing was changed: {problem} "
        "(--accept-differences makes what is lost anew nevertheless, as far as the archive reaches)"
    )


class ModelFailed(Terminal):
    """An engine does not take the SELECT of a gold table, or cannot work it out on the rows that there are."""

    sentence = "gold table `{table}` cannot be built: {problem}"


class LakeElsewhere(BadRequest):
    """A lake was copied or moved, and its Iceberg tables are those of the place where it was made."""

    sentence = (
        "the lake `{lake}` was copied or moved from `{made}`, where its gold tables still point; "
        "`lakehouse relocate --lake {named}` makes it a lake of its own"
    )


class NamesTaken(LakeElsewhere):
    """A name in the Glue catalog stands for the table of another lake."""

    sentence = (
        "`{table}` in the Glue catalog is a table of the lake `{made}`, not of `{lake}`; give this lake databases of "
        "its own by LAKEHOUSE_DATABASE_PREFIX, and then, if it is a copy, run `lakehouse relocate --lake {named}`"
    )


class LakeIncomplete(BadRequest):
    """A copied or moved lake lacks a file that its metadata names."""

    sentence = (
        "the lake `{lake}` is no whole copy: table `{table}` needs `{file}`, which did not come with it; "
        "nothing was changed; copy the whole lake again while no run is going on"
    )


class StateDamaged(Terminal):
    """A file in which the product keeps its own state (history, catalog, manifest, lease) cannot be used."""

    sentence = "{what} `{file}` cannot be used: {problem}; {way_out}"


class ReadOnly(Terminal):
    """A place cannot be written by anybody."""

    sentence = "`{place}` cannot be written ({problem}); commands that only read work there, others need it writable"


class AccessDenied(Terminal):
    """This user has no right to read or write a file or folder."""

    sentence = "this user may not use `{place}` ({problem}); allow it, or run as a user who may"


class BucketMissing(Terminal):
    """A bucket is named that there is not; nobody here makes buckets."""

    sentence = "there is no bucket `{bucket}`, which `{store}` names; make it, or correct the name"


class RegionUnknown(Terminal):
    """S3 is to be used, and nothing says in which region."""

    sentence = "no AWS region is set; set AWS_REGION, or `region` in the profile, to where the bucket lies"


class RegionWrong(Terminal):
    """A bucket lies in another region than the one that is set; engines cannot follow it there."""

    sentence = "the bucket `{bucket}` lies in {region}, which is not the AWS region that is set; set AWS_REGION to it"


class CredentialsUnusable(Terminal):
    """AWS does not take the credentials, or there are none."""

    sentence = "the AWS credentials cannot be used: {problem}; {way_out}"


class StorageRefused(Terminal):
    """A store refuses a request for a reason that trying again does not change."""

    sentence = "`{place}` cannot be used: it refuses {operation} ({problem})"


class ServiceRefused(Terminal):
    """A service of AWS refuses a request for a reason that trying again does not change."""

    sentence = "{service} refuses {operation} ({problem})"


class JobFailed(Terminal):
    """A Glue job run ended without having done its work."""

    sentence = "job `{job}` {problem}"


class QueryFailed(Terminal):
    """Athena could not run a statement."""

    sentence = "Athena could not {what}: {problem}"


class FunctionFailed(Terminal):
    """A Lambda function ended with an error that is none of ours."""

    sentence = "function `{function}` failed: {problem}"


class DiskFull(Terminal):
    """A file system, a quota or a limit of a file's size leaves no room for a write; what was begun is undone."""

    sentence = "no room left to write {place} ({problem}); nothing is half done: make room and run again"


class MemoryExhausted(Terminal):
    """An engine needs more memory than it may take, though it spills to disk."""

    sentence = (
        "the memory that DuckDB may take is not enough ({problem}); nothing is half done: give it more by "
        "LAKEHOUSE_DUCKDB_MEMORY, or let it use fewer threads by LAKEHOUSE_DUCKDB_THREADS, and run again"
    )


class SpillExhausted(Terminal):
    """An engine needs more room for temporary files than it may take or than there is."""

    sentence = (
        "the room for DuckDB's temporary files is not enough ({problem}); nothing is half done: name a larger disk by "
        "LAKEHOUSE_DUCKDB_TEMP, raise LAKEHOUSE_DUCKDB_TEMP_LIMIT or LAKEHOUSE_DUCKDB_MEMORY, and run again"
    )


class HeapExhausted(Terminal):
    """Spark needs more memory than its Java may take."""

    sentence = (
        "the memory that Spark's Java may take is not enough ({problem}); nothing is half done: give it more by "
        "LAKEHOUSE_SPARK_MEMORY, a Glue job a larger worker type or more workers (GlueWorkerType, GlueWorkers), and "
        "run again"
    )


class ValueUnfit(Terminal):
    """A gold table's model computes a value that its column cannot hold; the table stays as it was."""

    sentence = "`{table}` stays as it was: a value does not fit ({problem}){way_out}"


class RuleFailed(Terminal):
    """The predicate or query of a rule fails on a value that it met, so nobody knows which rows break it."""

    sentence = (
        "rule `{rule}` of `{table}`{place} fails on a value: {problem}; correct the rule, with TRY_CAST or a parse_* "
        "macro where it reads text, and run again"
    )


class RequiredMissing(Terminal):
    """Rows that no rule rejects have no value in a column that is required; their table stays as it was."""

    sentence = (
        "`{table}` stays as it was: rows without a value in `{column}`, which is required, and that no rule rejects: "
        "{rows}, the first in line {line} of `{file}`; give the contract a rule that rejects them, or make the column "
        "optional"
    )


class LibraryFailed(Terminal):
    """A library raised an error that no module here knows to be a person's or a machine's."""

    sentence = "{library} failed with {kind}: {problem}"


class UnportableSql(Terminal):
    """SQL uses something that does not mean the same on every engine."""

    sentence = "`{found}` is not portable between engines; use {instead}"


class FileUnreadable(Terminal):
    """A landed file does not have the format and the columns of its dataset; it is refused as a whole."""

    sentence = "`{key}` is refused: {problem}"


class SeedInvalid(Terminal):
    """The seed of a reference table breaks the table's contract; nothing was loaded."""

    sentence = "`{file}`, the seed of `{table}`, {problem}; nothing was loaded"


class NativeRefused(Terminal):
    """An engine's own CSV reader refused a file that looked plain; the load reads it strictly instead."""

    sentence = "the CSV reader of {engine} refused a file: {problem}"


class RejectRatioExceeded(Terminal):
    """Too large a share of the rows of one table was rejected; nothing was merged.

    Attributes:
        report: what the load had found by then, a `load.report.LoadReport`.
    """

    report: object = None

    sentence = (
        "`{table}`: {rejected} of {read} rows ({ratio:.1%}) break a rule, more than the {limit:.1%} allowed; rejects "
        "are kept, nothing was merged, the files stay in landing (look: `lakehouse rejects list`; "
        "to accept once: --max-reject-ratio)"
    )


class ReconciliationFailed(Terminal):
    """The counts of a table do not add up, so rows were lost or doubled."""

    sentence = "`{table}` does not reconcile: {equation}"


class ProtocolRaised(Terminal):
    """A Delta table carries a protocol or feature that Athena or the other engine cannot handle."""

    sentence = "`{table}` has Delta protocol {found}, readers need {expected}"


class FenceLost(Terminal):
    """This run's lease was taken over by a later holder, so it may not commit any more."""

    sentence = "run `{run_id}` lost the lease of `{pipeline}` to `{holder}`; nothing more was written by it"


class AssertionFailed(Terminal):
    """A blocking check found rows that must not exist."""

    sentence = "check `{check}` failed: {said}"

    def __init__(self, *, check: str, failing: int | None, found: str = "") -> None:
        counted = found if failing is None else "1 row" if failing == 1 else f"{failing} rows"
        super().__init__(check=check, failing=failing, said=counted or "it does not say how many rows")


class CheckUnanswered(Terminal):
    """A blocking check could not be asked, so nobody knows whether what follows would be right."""

    sentence = "check `{check}` could not be asked: {problem}"


class EmissionInvalid(Terminal):
    """A graph cannot be turned into a state machine."""

    sentence = "cannot emit `{machine}`: {problem}"


class JavaMissing(Terminal):
    """Spark was asked for on a machine without a usable Java."""

    sentence = "Spark needs Java 17 or 21 and found {found}; run `make spark` once, or use the duckdb engine"


class LeaseHeld(Transient):
    """Another run holds the pipeline."""

    sentence = (
        "pipeline `{pipeline}` is held by run `{holder}` ({host}, pid {pid}) since {since}; try again when it ends"
    )


class StateLocked(Transient):
    """Another process holds a database of the product's state for longer than anybody here waits."""

    sentence = "{what} `{file}` is held by another process; try again when that has ended"


class LandingChanged(Transient):
    """A landed file changed while it was being read."""

    sentence = "`{key}` changed while it was being read; the next try leaves it for the next run"


class CommitConflict(Transient):
    """Another commit reached a table first."""

    sentence = "`{table}` was committed by someone else at the same time; nothing was written by this try"


class PreconditionFailed(Transient):
    """A conditional put, copy or delete met another object than the one it named."""

    sentence = "`{key}` is not what was expected ({expected}); it was left alone"


class ObjectMissing(Transient):
    """An object that was listed is not there (any more)."""

    sentence = "`{key}` does not exist in {store}"


class StorageUnavailable(Transient):
    """The store cannot be reached or refuses to answer."""

    sentence = "storage `{store}` does not answer: {problem}"


class ServiceUnavailable(Transient):
    """A service of AWS cannot be reached, has no room for one more request, or failed by itself."""

    sentence = "{service} does not answer: {problem}"


class ApiUnavailable(Transient):
    """An API could not be asked, or answered nothing that could be used, however often it was tried."""

    sentence = "{api} gave no usable answer to `{path}` ({problem}; tries: {tries}); nothing of it was taken"


class SliceIncomplete(Transient):
    """The records of a slice of an API never were as many as the API said; nothing of the slice became visible."""

    sentence = (
        "`{endpoint}` {slice}: {distinct:,} distinct records were pulled and {total:,} announced, after {attempts} "
        "pulls ({problem}); the slice stays as it was and is pulled again by the next run"
    )
