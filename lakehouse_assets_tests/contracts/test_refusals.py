"""What a malformed contract is told: where it is wrong, and what is allowed there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts import files as contract_files
from lakehouse_assets.contracts import reader
from lakehouse_assets.contracts.reader import parse_contract
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets_tests.contracts.documents import Item, column, custom, gold, landing, rule, silver, table
from lakehouse_assets_tests.contracts.parsing import parse_contracts

Spoil = Callable[[Item], object]


def first(doc: Item, part: str) -> Item:
    """The first column (`properties`) or rule (`quality`) of a document."""
    return doc["schema"][0][part][0]  # type: ignore[no-any-return]


def column_of(doc: Item) -> Item:
    """The column `id`."""
    return first(doc, "properties")


def rule_of(doc: Item) -> Item:
    """The rule `id_missing`."""
    return first(doc, "quality")


def without(name: str) -> Spoil:
    """Take one custom property of the table away."""

    def spoil(doc: Item) -> None:
        doc["customProperties"] = [item for item in doc["customProperties"] if item["property"] != name]

    return spoil


ABSENT: list[tuple[str, Spoil]] = [
    ("contract `things`: lacks `version`", lambda d: d.pop("version")),
    ("contract `things`: lacks `schema`", lambda d: d.pop("schema")),
    ("contract `things`: lacks `description`", lambda d: d.pop("description")),
    ("contract `things`: lacks `team`", lambda d: d.pop("team")),
    ("contract `things`: lacks the property `database`", without("database")),
    ("contract `things`: lacks the property `layer`", without("layer")),
    ("contract `things`: lacks the property `landing`", without("landing")),
    (
        "contract `things`: lacks `dataGranularityDescription`",
        lambda d: d["schema"][0].pop("dataGranularityDescription"),
    ),
    ("contract `things`: column `id` lacks `physicalType`", lambda d: column_of(d).pop("physicalType")),
    ("contract `things`: column `id` lacks `description`", lambda d: column_of(d).pop("description")),
    ("contract `things`: column 1 lacks `name`", lambda d: column_of(d).pop("name")),
    ("column `id` lacks the property `source`", lambda d: column_of(d).pop("customProperties")),
    ("rule `id_missing` lacks the property `kind`", lambda d: rule_of(d).pop("customProperties")),
    ("rule `id_missing` lacks `implementation`", lambda d: rule_of(d).pop("implementation")),
    ("lacks the columns _line, which say where a row", lambda d: d["schema"][0]["properties"].pop()),
    ("column `id` has `primaryKey: true` without its place", lambda d: column_of(d).pop("primaryKeyPosition")),
]
WRONG: list[tuple[str, Spoil]] = [
    (
        r"column `id` has type `FLOAT`; there are STRING, INT, .* DECIMAL\(p,s\) with 1 <= p <= 38",
        lambda d: column_of(d).update(physicalType="FLOAT"),
    ),
    (
        "rule `id_missing` has verdict `shout`; a rule of kind row has reject or warn",
        lambda d: rule_of(d).update(severity="shout"),
    ),
    (
        "rule `id_missing` has kind `magic`; it takes one of reader, row, reference, load, assertion, keys_unique",
        lambda d: rule_of(d).update(customProperties=custom(kind="magic")),
    ),
    (
        r"rule `id_missing` names no parent; it is written `column REFERENCES database.table \(column\)`",
        lambda d: rule_of(d).update(customProperties=custom(kind="reference"), severity="pending"),
    ),
    (
        "has layer `platinum`; it takes one of landing, reference",
        lambda d: d["customProperties"][0].update(value="platinum"),
    ),
    (
        "has `first` in `primaryKeyPosition`, which takes a whole",
        lambda d: column_of(d).update(primaryKeyPosition="first"),
    ),
    ("the places in the key are 2; they count from 1", lambda d: column_of(d).update(primaryKeyPosition=2)),
    ("has `yes` in `required`, which takes true or false", lambda d: column_of(d).update(required="yes")),
    ("has no mapping in `description`", lambda d: d.update(description="Things")),
    ("has no list in `team`", lambda d: d.update(team="me")),
]


@pytest.mark.parametrize(("sentence", "spoil"), [*ABSENT, *WRONG], ids=[s for s, _ in (*ABSENT, *WRONG)])
def test_a_malformed_contract_is_told_what_is_wrong(sentence: str, spoil: Spoil) -> None:
    """Each thing that is absent or outside its vocabulary gives one sentence with its place and what is allowed."""
    spoiled = silver()
    spoil(spoiled)
    with pytest.raises(ContractInvalid, match=sentence):
        parse_contract(spoiled)


MISNAMED: dict[str, Spoil] = {
    "contract `(nameless)`: has name `user orders;`; it takes lower-case letters, digits and _": lambda d: d.update(
        name="user orders;"
    ),
    "contract `(nameless)`: lacks `name`": lambda d: d.pop("name"),
    "contract `(nameless)`: has an unknown field `nam`; did you mean `name`?": lambda d: d.update(nam=d.pop("name")),
    "has an unknown field `qualty`; did you mean `quality`?": lambda d: d["schema"][0].update(qualty=[]),
    "column `id` has an unknown field `requird`; did you mean `required`?": lambda d: column_of(d).update(requird=True),
    "rule `id_missing` has an unknown field `sevrity`; did you mean `severity`?": lambda d: rule_of(d).update(
        sevrity=rule_of(d).pop("severity")
    ),
    "has an unknown field `colour`; the Open Data Contract Standard has none of this name": lambda d: d.update(
        colour="red"
    ),
    "column `Id` has name `Id`; it takes lower-case letters": lambda d: column_of(d).update(name="Id"),
    "rule `keys unique!` has name `keys unique!`; it takes": lambda d: rule_of(d).update(name="keys unique!"),
    "rule `amount,invalid` has name `amount,invalid`; it takes": lambda d: rule_of(d).update(name="amount,invalid"),
    "rule `amount invalid` has name `amount invalid`; it takes": lambda d: rule_of(d).update(name="amount invalid"),
    "rule 1 has name ``; it takes": lambda d: rule_of(d).update(name=""),
    "has database `my lake`; it takes lower-case letters": lambda d: d["customProperties"][1].update(value="my lake"),
}


@pytest.mark.parametrize(("sentence", "spoil"), MISNAMED.items(), ids=MISNAMED)
def test_a_name_that_nothing_can_be_called_is_refused(sentence: str, spoil: Spoil) -> None:
    """Tables, columns and rules have one form of name; a misspelt field is told once, with the one that is meant."""
    spoiled = silver()
    spoil(spoiled)
    with pytest.raises(ContractInvalid) as refused:
        parse_contract(spoiled)
    assert sentence in str(refused.value)
    assert str(refused.value).count("lacks") == sentence.count("lacks")


@pytest.mark.parametrize("name", ["Order ID", "orderId", "naïve", "a.b", "2nd"])
def test_a_landing_column_is_called_as_its_file_calls_it(name: str) -> None:
    """Nobody can tell a producer how to name columns; what cannot be seen or ends a quotation is refused."""
    assert parse_contract(landing(column(name))).columns[-1].name == name
    for odd in (f" {name}", f'{name}"', f"{name}\n"):
        with pytest.raises(ContractInvalid, match="it takes visible characters without quotes"):
            parse_contract(landing(column(odd)))


REFUSED: dict[str, Item] = {
    "has an unknown property `landng`; did you mean `landing`?": silver(landng="things"),
    "has an unknown property `colour`; there are: layer, database, landing": silver(colour="red"),
    "column `n` has an unknown property `sorce`; did you mean `source`?": silver(column("n", sorce="n")),
    "rule `new` has an unknown property `hours`": gold(rules=(rule("new", "freshness", "warn", hours=3),)),
    "has the property `window`, which belongs to gold, not silver": silver(window="day"),
    "has the property `landing`, which belongs to silver, not gold": gold(landing="things"),
    "column `n` has the property `optional`, which belongs to silver, not gold": gold(column("n", optional=True)),
    "rule `new` has the property `share`, which belongs to volume, not freshness": gold(
        rules=(rule("new", "freshness", "warn", share=0.5),)
    ),
    "`window` and `window_source` come together, or both are left out": {
        **gold(),
        "customProperties": custom(layer="gold", database="g", window="day"),
    },
    "has max_reject_ratio `1.5`; it takes a number from 0 to 1": silver(max_reject_ratio=1.5),
    "has max_reject_ratio `few`; it takes a number from 0 to 1": silver(max_reject_ratio="few"),
    "has max_reject_ratio `nan`": silver(max_reject_ratio="nan"),
    "column `n` has optional `maybe`; it takes true or false": silver(column("n", source="n", optional="maybe")),
    "has files `a.csv,`; it takes file patterns with commas": landing(files="a.csv,"),
    "has format `xml`; it takes one of csv, json_pages": landing(format="xml"),
    "rule `new` has days `-1`; it takes a whole number": gold(rules=(rule("new", "freshness", "warn", days=-1),)),
    "`normaliser` belongs to JSON pages, so `format` has to be json_pages": landing(normaliser="a.b:c"),
    "has normaliser `a.b`; it takes a function as `package.module:name`": landing(normaliser="a.b"),
    "`records` belongs to JSON pages, so `format` has to be json_pages": landing(records="data"),
    "column `n` has a `path`, which only records of format json_pages have": landing(column("n", path="a.b")),
    "column `n` has type `INT`; landing is read as text": landing(column("n", "INT")),
    "event_time `at` is no column; there are id, _file_time": silver(event_time="at"),
    "tie_breaker `at` is no column; there are id, _file_time": silver(event_time="id", tie_breaker="at"),
    "`tie_breaker` decides between versions with one `event_time`, which is missing": silver(tie_breaker="id"),
    "date_column `n` has type `STRING`; it has to be DATE": silver(column("n", source="n"), date_column="n"),
    "window `n` has type `ARRAY<INT>`; it has to be a single value": gold(column("n", "ARRAY<INT>"), window="n"),
    "partition_by `dya` is no column": gold(partition_by="day, dya"),
    "partition_by `n` has type `DOUBLE`; it may be STRING, INT": gold(column("n", "DOUBLE"), partition_by="n"),
    "column `n` is part of the key and has type `ARRAY<INT>`": gold(column("n", "ARRAY<INT>", 2)),
    "column `id` twice": silver(column("id", source="id")),
    "column `n` is optional and required": silver(column("n", source="n", optional=True) | {"required": True}),
    "no key: say `primaryKeyPosition: 1`": table("control", [column("n")], []),
    "rule `id_missing` twice": silver(rules=(rule("id_missing", "row", "warn", "id = '1'"),)),
    "rule `unique` has an `implementation`, but the SQL of `keys_unique` is made": gold(
        rules=(rule("unique", "keys_unique", "fail", "SELECT 1"),)
    ),
    "rule `blank` of kind row belongs to silver or reference, not gold": gold(
        rules=(rule("blank", "row", "warn", "n"),)
    ),
    "rule `unique` of kind keys_unique belongs to silver or reference or gold, not control": table(
        "control", [column("id", place=1)], [rule("unique", "keys_unique", "fail")]
    ),
    "rule `fresh` needs a DATE column to go by; name one in its property `column`": silver(
        rules=(rule("fresh", "freshness", "warn"),)
    ),
    "rule `vol` needs a DATE column to go by": gold(column("n"), rules=(rule("vol", "volume", "warn", column="n"),)),
    "rule `lost` looks for parents, and no rule of kind reference names one": silver(
        rules=(rule("lost", "no_orphans", "fail"),)
    ),
    "rule `parent` refers from `n`, which is no column": silver(
        rules=(rule("parent", "reference", "pending", "n REFERENCES lake.t (n)"),)
    ),
}


@pytest.mark.parametrize(("sentence", "document"), REFUSED.items(), ids=REFUSED)
def test_a_contract_that_contradicts_itself_is_refused(sentence: str, document: Item) -> None:
    """Unknown properties, those of another layer, values of another kind, names of no column: one sentence each."""
    with pytest.raises(ContractInvalid) as refused:
        parse_contract(document)
    assert f"contract `things`: {sentence}" in str(refused.value)


@pytest.mark.parametrize(
    "kind",
    ["FLOAT", "INTEGER(4)", "DECIMAL", "DECIMAL(39,2)", "DECIMAL(5,6)", "DECIMAL(0,0)", "ARRAY<ARRAY<INT>>",
     "ARRAY<>", "STRUCT<>", "STRUCT<a: INT, a: INT>", "STRUCT<A: INT>", "STRUCT<a INT>", "STRUCT<a: ARRAY<INT>>",
     "MAP<STRING,INT>"],
)  # fmt: skip
def test_a_type_that_is_not_known_is_refused_when_the_contract_is_read(kind: str) -> None:
    """Nothing of it reaches a load: the sentence names the column and the types that there are."""
    with pytest.raises(ContractInvalid, match=r"column `n` has type .*; there are STRING"):
        parse_contract(silver(column("n", kind, source="n")))


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("bigint", "BIGINT"),
        ("DECIMAL(38, 38)", "DECIMAL(38,38)"),
        ("ARRAY<DECIMAL(18,6)>", "ARRAY<DECIMAL(18,6)>"),
        ("struct<a:int,b_2: decimal(4,2)>", "STRUCT<a: INT, b_2: DECIMAL(4,2)>"),
    ],
)
def test_a_type_has_one_spelling(written: str, kind: str) -> None:
    """Case and blanks of a contract's types do not matter, also inside brackets."""
    assert parse_contract(silver(column("n", written, source="n"))).column("n").type == kind


@pytest.mark.parametrize(
    ("sentence", "edit"),
    {
        "landing `thngs` is no landing dataset; there are things": {"landing": "thngs"},
        "column `n` has source `m`, which is no column of `landing.things`; there are id, n": {"landing": "things"},
    }.items(),
)
def test_a_table_that_is_loaded_from_nowhere_is_refused(sentence: str, edit: dict[str, str]) -> None:
    """Dataset and columns of landing are looked up when the contracts of a pipeline are read."""
    documents = [landing(column("n")), silver(column("n", source="m"), **edit)]
    with pytest.raises(ContractInvalid) as refused:
        parse_contracts(documents, "shop")
    assert f"contract `silver.things`: {sentence}" in str(refused.value)


def test_several_problems_are_told_at_once() -> None:
    """A contract with two problems names both, so that one round is enough."""
    spoiled = silver(colour="red")
    column_of(spoiled).update(physicalType="FLOAT")
    rule_of(spoiled).update(severity="shout")
    with pytest.raises(ContractInvalid) as refused:
        parse_contract(spoiled)
    assert all(word in str(refused.value) for word in ("type `FLOAT`", "verdict `shout`", "property `colour`"))


def test_properties_become_typed_fields() -> None:
    """Numbers, flags and lists are read once, whether YAML took them for text or not."""
    read = parse_contract(silver(column("n", source="n", optional="true"), max_reject_ratio="0.25", partition_by="id"))
    assert (read.landing, read.max_reject_ratio, read.partition_by) == ("things", 0.25, ("id",))
    assert [c.name for c in read.columns if c.optional] == ["n"]
    files = parse_contract(landing(files="things.csv, things/*.csv")).files
    assert files == ("things.csv", "things/*.csv")


def test_what_is_not_said_has_its_default() -> None:
    """A silver table may be rejected up to a twentieth, landing is CSV, a check of freshness allows two days."""
    assert parse_contract(silver()).max_reject_ratio == 0.05
    assert parse_contract(landing()).format == "csv"
    (fresh,) = parse_contract(gold(rules=(rule("new", "freshness", "warn"),))).rules
    assert fresh.days == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: [", "contract `x.yaml`: is no YAML: "),
        ("- 1", "contract `x.yaml`: is no mapping"),
        ("name: a\nname: b", "its file `x.yaml` has the key `name` twice, in line 1 and in line 2; keep one of them"),
        ("", "contract `x.yaml`: is empty; a contract is a mapping of fields"),
        ("version: 2025-13-01", "contract `x.yaml`: is no YAML: month must be in 1..12"),
    ],
)
def test_a_file_that_is_no_contract_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    """Broken YAML and another document are told with the file's name."""
    (tmp_path / "x.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(contract_files, "contracts_folder", lambda _pipeline: tmp_path)
    with pytest.raises(ContractInvalid, match=sentence):
        reader.contracts.__wrapped__("shop").require_sound()


def test_the_small_documents_are_well_formed() -> None:
    """The documents that the malformed ones are made from parse."""
    documents: list[Any] = [silver(), gold(), landing()]
    assert [parse_contract(doc).layer for doc in documents] == ["silver", "gold", "landing"]
