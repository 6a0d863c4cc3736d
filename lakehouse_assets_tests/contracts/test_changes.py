"""Changed contracts: what kind of change it is, what may be released, and what an existing table may be given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse_assets.contracts import Column, Contract, Effect, Rule
from lakehouse_assets.contracts.changes import Change, check_release, classify, reconcile_columns, wider_columns
from lakehouse_assets.errors import ContractBreaking, ContractInvalid

ID = Column("id", "STRING", "Identifier", required=True, key=1, source="id")
AMOUNT = Column("amount", "DECIMAL(18,2)", "Amount", unit="EUR", source="amount")
DAY = Column("day", "DATE", "Day")
RULE = Rule("id_missing", "row", "reject", "id is blank", "blank(id)")
THINGS = Contract(
    name="things",
    database="lake",
    layer="silver",
    version="1.4.2",
    description="Things",
    grain="one row per thing",
    owner="owner@example.com",
    columns=(ID, AMOUNT),
    rules=(RULE,),
    event_time="at",
    freshness_hours=26,
)
BROKEN = replace(THINGS, columns=(ID,))


def test_nothing_changed() -> None:
    """A contract compared with itself is no change."""
    assert classify(THINGS, THINGS) == Change("none")


def test_words_are_no_change() -> None:
    """Better descriptions of table, column and rule, and another owner, break nobody."""
    reworded = replace(
        THINGS,
        description="All things",
        owner="someone@example.com",
        columns=(replace(ID, description="Number"), AMOUNT),
        rules=(replace(RULE, description="no id"),),
    )
    assert classify(THINGS, reworded) == Change("none")


def test_a_new_nullable_column_is_compatible() -> None:
    """A nullable column after the others breaks nobody."""
    widened = replace(THINGS, columns=(ID, AMOUNT, DAY))
    assert classify(THINGS, widened) == Change("compatible", ("new nullable column `day`",))


def test_taking_further_files_is_compatible_and_taking_fewer_is_not() -> None:
    """Whoever drops files today can go on only while all of their patterns stay."""
    few, more = (replace(THINGS, files=files) for files in (("a.csv",), ("a.csv", "a/*.csv")))
    assert classify(few, more) == Change("compatible", ("files `a/*.csv` are taken too",))
    assert classify(more, few) == Change("breaking", ("property `files`: a.csv, a/*.csv -> a.csv",))


UNIQUE = Rule("keys_unique", "keys_unique", "fail", "no key occurs twice")
WRITTEN = replace(
    UNIQUE, kind="assertion", implementation="SELECT id, count(*) AS n FROM lake.things GROUP BY id HAVING count(*) > 1"
)
FRESH = Rule("fresh", "freshness", "warn", "is not old", column="day")
DATED = replace(THINGS, columns=(ID, AMOUNT, DAY))


def test_a_written_check_may_become_a_generic_one() -> None:
    """What is asked is the same, so nobody notices; other SQL under the same code is another check."""
    old, new = (replace(THINGS, rules=(rule,)) for rule in (WRITTEN, UNIQUE))
    other = replace(THINGS, rules=(replace(WRITTEN, implementation="SELECT 1"),))
    assert classify(old, new) == classify(new, old) == Change("none")
    assert classify(other, new).kind == "compatible"


def test_another_parameter_is_another_check() -> None:
    """A promise of one day instead of two is a difference, shown by the SQL it makes."""
    old, new = (replace(DATED, rules=(rule,)) for rule in (FRESH, replace(FRESH, days=1)))
    (reason,) = classify(old, new).reasons
    assert "rule `fresh` implementation" in reason
    assert "AS DATE), -2)" in reason
    assert "AS DATE), -1)" in reason


def test_affecting_other_windows_is_compatible() -> None:
    """It breaks no reader: gold looks again at other rows from then on; the window is named."""
    days, users = Effect("days", column="day"), Effect("users", column="id")
    before = replace(THINGS, affects=(days,))
    assert classify(before, before) == Change("none")
    assert classify(before, replace(THINGS, affects=(days, users))) == Change(
        "compatible", ("`affects` of window `users` changed",)
    )
    assert classify(before, THINGS) == Change("compatible", ("`affects` of window `days` changed",))


def test_another_tie_breaker_is_compatible() -> None:
    """It decides between versions that come from then on."""
    after = replace(THINGS, tie_breaker="amount")
    assert classify(THINGS, after) == Change("compatible", ("ties are broken by `amount`",))


@pytest.mark.parametrize(("held", "wanted"), [("DECIMAL(18,2)", "DECIMAL(38,2)"), ("INT", "BIGINT")])
def test_a_column_of_gold_may_take_more_and_never_less(held: str, wanted: str) -> None:
    """An Iceberg table widens as it is, and readers see the same numbers; a Delta table does not."""
    narrow, wide = (replace(THINGS, layer="gold", columns=(ID, replace(AMOUNT, type=kind))) for kind in (held, wanted))
    assert classify(narrow, wide) == Change("compatible", (f"column `amount` takes more: {held} -> {wanted}",))
    assert classify(wide, narrow).kind == "breaking"
    assert classify(*(replace(c, layer="silver") for c in (narrow, wide))).kind == "breaking"
    existing = [("id", "string"), ("amount", held.lower())]
    assert (reconcile_columns(existing, wide), wider_columns(existing, wide)) == ((), wide.columns[1:])
    assert wider_columns([("id", "string"), ("amount", wanted.lower())], wide) == ()
    with pytest.raises(ContractBreaking):
        reconcile_columns(existing, replace(wide, layer="silver"))


def test_a_wider_column_that_changed_otherwise_breaks() -> None:
    """Room for digits does not excuse a column that must be there now."""
    old = replace(THINGS, layer="gold")
    new = replace(old, columns=(ID, replace(AMOUNT, type="DECIMAL(38,2)", required=True)))
    assert classify(old, new) == Change("breaking", ("column `amount` required: False -> True",))


RULES = {
    "rule `id_missing` is gone": (),
    "rule `day_missing` is new: reject, blank(day)": (
        RULE,
        replace(RULE, code="day_missing", implementation="blank(day)\n"),
    ),
    "rule `unique` is new: fail, keys_unique": (RULE, replace(UNIQUE, code="unique")),
    "rule `id_missing` verdict: reject -> warn": (replace(RULE, verdict="warn"),),
    "rule `id_missing` implementation: blank(id) -> id = ''": (replace(RULE, implementation="id = ''"),),
    "rule `id_missing` kind: row -> load": (replace(RULE, kind="load"),),
}


@pytest.mark.parametrize(("reason", "rules"), RULES.items(), ids=RULES)
def test_another_rule_is_compatible_and_said(reason: str, rules: tuple[Rule, ...]) -> None:
    """Whatever becomes of a rule, readers of the table are not broken: it applies to what is loaded from then on."""
    assert classify(THINGS, replace(THINGS, rules=rules)) == Change("compatible", (reason,))


def test_a_breaking_change_names_the_rules_that_change_with_it() -> None:
    """Whoever reads the refusal or the log sees the whole difference."""
    change = classify(THINGS, replace(BROKEN, rules=()))
    assert change == Change("breaking", ("column `amount` is gone", "rule `id_missing` is gone"))


BREAKING = {
    "column `amount` is gone": {"columns": (ID,)},
    "new column `day` is required": {"columns": (ID, AMOUNT, replace(DAY, required=True))},
    "new column `day` is part of the key": {"columns": (ID, AMOUNT, replace(DAY, required=True, key=2))},
    "columns changed their order": {"columns": (AMOUNT, ID)},
    "or a new one is not the last": {"columns": (ID, DAY, AMOUNT)},
    "column `amount` type: DECIMAL(18,2) -> DECIMAL(38,2)": {"columns": (ID, replace(AMOUNT, type="DECIMAL(38,2)"))},
    "column `amount` type: DECIMAL(18,2) -> DOUBLE": {"columns": (ID, replace(AMOUNT, type="DOUBLE"))},
    "column `amount` required: False -> True": {"columns": (ID, replace(AMOUNT, required=True))},
    "column `id` required: True -> False": {"columns": (replace(ID, required=False), AMOUNT)},
    "column `amount` unit: EUR -> cents": {"columns": (ID, replace(AMOUNT, unit="cents"))},
    "column `amount` source: amount -> price": {"columns": (ID, replace(AMOUNT, source="price"))},
    "column `id` key: 1 -> 0": {"columns": (replace(ID, key=0), AMOUNT)},
    "grain: one row per thing -> one row per day": {"grain": "one row per day"},
    "freshness_hours: 26 -> None": {"freshness_hours": None},
    "database: lake -> pond": {"database": "pond"},
    "layer: silver -> reference": {"layer": "reference"},
    "property `event_time`: at -> None": {"event_time": None},
    "property `window`: None -> day": {"window": "day"},
    "property `max_reject_ratio`: 0.05 -> 0.1": {"max_reject_ratio": 0.1},
    "property `partition_by`: None -> id, amount": {"partition_by": ("id", "amount")},
    "column `amount` path: None -> price.amount": {"columns": (ID, replace(AMOUNT, path="price.amount"))},
}


@pytest.mark.parametrize(("reason", "changed"), BREAKING.items(), ids=BREAKING)
def test_everything_else_is_breaking(reason: str, changed: dict[str, object]) -> None:
    """Each other difference breaks readers, and is named."""
    change = classify(THINGS, replace(THINGS, **changed))  # type: ignore[arg-type] # each row is typed by the contract
    assert (change.kind, len(change.reasons)) == ("breaking", 1)
    assert reason in change.reasons[0]


def test_a_renamed_column_is_gone() -> None:
    """A new name is a lost column for its readers, even though the new one alone would be compatible."""
    change = classify(THINGS, replace(THINGS, columns=(ID, replace(AMOUNT, name="price"))))
    assert change == Change("breaking", ("column `amount` is gone",))


@pytest.mark.parametrize("version", ["1.4.2", "1.4.3", "1.5.0"])
def test_a_breaking_change_is_refused_below_the_next_major(version: str) -> None:
    """The refusal names the contract, the change and the version that is needed."""
    sentence = r"`silver.things` .*\(column `amount` is gone\); raise its version to 2.0.0"
    with pytest.raises(ContractBreaking, match=sentence):
        check_release(THINGS, replace(BROKEN, version=version))


def test_a_breaking_change_passes_with_the_next_major() -> None:
    """Once the version says so, readers were told and the change may be released."""
    assert check_release(THINGS, replace(BROKEN, version="2.0.0")).kind == "breaking"


def test_majors_are_compared_as_numbers() -> None:
    """Version 10 is higher than version 9."""
    assert check_release(replace(THINGS, version="9.0.0"), replace(BROKEN, version="10.0.0")).kind == "breaking"


def test_a_compatible_change_needs_no_major() -> None:
    """A new nullable column passes under the same major version."""
    widened = replace(THINGS, columns=(ID, AMOUNT, DAY), version="1.5.0")
    assert check_release(THINGS, widened).kind == "compatible"


def test_a_version_never_goes_back() -> None:
    """A lower version than the released one would name two states alike."""
    with pytest.raises(
        ContractInvalid, match=r"`silver.things`: version 1.4.1 is lower than 1.4.2, which was released"
    ):
        check_release(THINGS, replace(THINGS, version="1.4.1"))


@pytest.mark.parametrize("version", ["2", "v2.0.0", "2.0", "two"])
def test_a_version_has_three_numbers(version: str) -> None:
    """Anything but MAJOR.MINOR.PATCH is refused in one sentence."""
    with pytest.raises(ContractInvalid, match=f"version `{version}` is not MAJOR.MINOR.PATCH"):
        check_release(THINGS, replace(THINGS, version=version))


def test_a_table_that_fits_needs_nothing() -> None:
    """A table with the contract's columns is given none."""
    assert reconcile_columns([("id", "STRING"), ("amount", "DECIMAL(18,2)")], THINGS) == ()


@pytest.mark.parametrize("decimal", ["decimal(18,2)", "decimal(18, 2)", "DECIMAL(18,2)"])
def test_types_are_known_in_each_engines_spelling(decimal: str) -> None:
    """Case and blanks of a type do not matter."""
    assert reconcile_columns([("id", "string"), ("amount", decimal)], THINGS) == ()


def test_integers_and_lists_are_known_in_delta_and_iceberg_spelling() -> None:
    """`integer`, `long` and `list<date>` are the contract's INT, BIGINT and ARRAY<DATE>."""
    columns = (ID, replace(DAY, name="n", type="INT"), replace(DAY, name="big", type="BIGINT"))
    table = replace(THINGS, columns=(*columns, replace(DAY, name="days", type="ARRAY<DATE>")))
    existing = [("id", "string"), ("n", "integer"), ("big", "long"), ("days", "list<date>")]
    assert reconcile_columns(existing, table) == ()


def test_an_older_table_is_given_the_new_nullable_columns() -> None:
    """Columns that came later are added in the contract's order."""
    assert reconcile_columns([("id", "STRING")], replace(THINGS, columns=(ID, AMOUNT, DAY))) == (AMOUNT, DAY)


MISFITS = {
    "its table has `amount` where `id` is expected": [("amount", "DECIMAL(18,2)"), ("id", "STRING")],
    "its table has `amount` as DOUBLE, expected DECIMAL(18,2)": [("id", "STRING"), ("amount", "DOUBLE")],
    "its table has `price` DECIMAL(18,2), which is gone": [("id", "STRING"), ("price", "DECIMAL(18,2)")],
    "its table has `day` DATE, which is gone": [("id", "STRING"), ("amount", "DECIMAL(18,2)"), ("day", "DATE")],
}


@pytest.mark.parametrize(("told", "existing"), MISFITS.items(), ids=MISFITS)
def test_a_table_that_is_no_beginning_of_the_contract_is_refused(told: str, existing: list[tuple[str, str]]) -> None:
    """The refusal names the columns that differ and no other, and never touches the table."""
    with pytest.raises(ContractBreaking) as refused:
        reconcile_columns(existing, THINGS)
    assert refused.value.facts["changes"] == told
    assert "rebuild the table" in str(refused.value)


def test_a_required_column_cannot_be_added() -> None:
    """Rows that exist already have no value for a required column."""
    with pytest.raises(ContractBreaking, match=r"its table lacks `day`, which is required.*\(it is 1.4.2 now\)"):
        reconcile_columns([("id", "STRING")], replace(THINGS, columns=(ID, replace(DAY, required=True))))
