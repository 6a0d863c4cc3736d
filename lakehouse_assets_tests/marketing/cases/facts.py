"""What three runs make of dirty facts: one function per switch, whose docstring is the page's sentence."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from lakehouse_assets.affise.simulator.truth import Click, Conversion
from lakehouse_assets_tests.marketing.cases.dirty import (
    BORN,
    FIRST,
    SECOND,
    SIX,
    THIRD,
    TICKS,
    Seen,
    begin,
    local,
)


def _states(seen: Seen) -> dict[str, list[str]]:
    """The states that the history has of each conversion."""
    found = defaultdict(list)
    for row in seen.rows("SELECT * FROM marketing_lakehouse.conversion_status_history ORDER BY seen_at"):
        found[row["conversion_id"]].append(row["status"])
    return found


def _lives(one: Conversion) -> tuple[str, ...]:
    return tuple(version.status for version in one.versions)


def _dollars(seen: Seen, one: Conversion, amount: Decimal) -> Decimal:
    """An amount of a conversion in the reporting currency, at the first rate pulled on its day or the last before."""
    pulled = max((at for at in TICKS if local(at) <= local(one.created_at)), default=FIRST)
    rate = seen.world.rates(pulled)[one.at(THIRD).currency]
    factor = (1 / rate).quantize(Decimal("1e-10"), ROUND_HALF_UP)
    return (amount.quantize(SIX, ROUND_HALF_UP) * factor).quantize(SIX, ROUND_HALF_UP)


def _clicks(seen: Seen) -> list[Click]:
    """The clicks that the runs could see."""
    spans = ((BORN, FIRST), (begin(date(2026, 3, 6)), SECOND), (begin(date(2026, 3, 28)), THIRD))
    found = []
    for start, at in spans:
        found += list(seen.world.clicks(start, at.replace(minute=0)))
    return found


def pending_confirmed_declined(seen: Seen) -> None:
    """Each state that a run saw is in the history; the report counts the last one only."""
    lives, states = ("pending", "confirmed", "declined"), _states(seen)
    for one, row in seen.alone(lambda one: _lives(one) == lives and one.created_at < FIRST < one.versions[-1].at):
        met = [one.at(at).status for at in TICKS]
        assert states[one.conversion_id] == [status for place, status in enumerate(met) if status not in met[:place]]
        assert len(states[one.conversion_id]) > 1
        assert (row["approved"], row["declined_conversions"], row["pending_conversions"]) == (0, 1, 0)


def hold_thirty_days(seen: Seen) -> None:
    """The run of day 30 finds it by its change and rebuilds the row of its own day, where it counts as approved now."""
    held = timedelta(days=30)
    found = seen.alone(
        lambda one: _lives(one) == ("hold", "confirmed") and one.versions[1].at - one.created_at >= held
        and one.created_at < FIRST and one.versions[1].at < THIRD
    )  # fmt: skip
    states = _states(seen)
    for one, row in found:
        assert states[one.conversion_id] == ["hold", "confirmed"]
        assert (row["datestamp"], row["approved"], row["pending_conversions"]) == (local(one.created_at), 1, 0)
        assert row["approved_revenue"] == _dollars(seen, one, one.at(THIRD).revenue)


def payout_edited_late(seen: Seen) -> None:
    """The row of the conversion's day has the new payout, ten days later."""
    for one, row in seen.alone(lambda one: one.created_at < FIRST and one.at(SECOND).payouts != one.at(THIRD).payouts):
        assert row["payouts"] == _dollars(seen, one, one.at(THIRD).payouts)
        assert row["payouts"] > _dollars(seen, one, one.at(SECOND).payouts)


def click_unknown(seen: Seen) -> None:
    """The conversion counts in gold though no click of it is in silver."""
    clicks = {row["click_id"] for row in seen.rows("SELECT click_id FROM marketing_lakehouse.clicks")}
    late = timedelta(days=7)
    for one, row in seen.alone(lambda one: one.click_id not in clicks and one.created_at - one.click_time < late):
        assert row["earnings"] == _dollars(seen, one, one.at(THIRD).earnings)
    assert seen.alone(lambda one: one.created_at - one.click_time > late and one.click_id not in clicks)


def affiliate_absent(seen: Seen) -> None:
    """Rows with its id and without a name; nothing is lost."""
    rows = [row for row in seen.gold if row["affiliate_id"] == 990_001]
    assert {(row["affiliate_name"], row["affiliate_manager"]) for row in rows} == {(None, None)}
    assert sum(row["click_count"] for row in rows) == len([one for one in _clicks(seen) if one.affiliate_id == 990_001])


def several_conversions_per_click(seen: Seen) -> None:
    """Both goals of a click count; the click counts once."""
    clicks = {one.click_id: one for one in _clicks(seen)}
    pairs = [
        (seen.by_key[key], group)
        for key, group in seen.groups.items()
        if sorted(one.goal for one in group) == ["1", "2"] and len({one.click_id for one in group}) == 1
    ]
    pairs = [(row, group) for row, group in pairs if row["click_count"] and group[0].click_id in clicks]
    assert pairs
    for row, group in pairs:
        assert row["click_count"] == 1
        assert row["earnings"] == sum(_dollars(seen, one, one.at(THIRD).earnings) for one in group)


def action_id_repeated(seen: Seen) -> None:
    """Conversions are told apart by their own id, so equal ids of the advertiser are no duplicates."""
    repeated = seen.rows(
        "SELECT action_id, count(*) AS many, count(DISTINCT conversion_id) AS ids "
        "FROM marketing_lakehouse.conversions WHERE action_id LIKE 'order-%' GROUP BY action_id"
    )
    truth = [one for one in seen.known.values() if one.action_id.startswith("order-")]
    assert sum(row["ids"] for row in repeated) == len(truth)
    assert max(row["many"] for row in repeated) > 1


def declined_without_money(seen: Seen) -> None:
    """Null and 0 are no money; what is declined for another reason keeps its revenue in `declined_revenue`."""
    declined = seen.alone(lambda one: one.at(THIRD).status == "declined" and one.created_at > SECOND)
    unpaid = {one.at(THIRD).decline_reason: row["declined_revenue"] for one, row in declined}
    assert unpaid["payment_not_found"] == 0
    assert unpaid["by_manager"] > 0
    assert {row["declined_conversions"] for _, row in declined} == {1}


def negative_earnings(seen: Seen) -> None:
    """They are negative in gold too."""
    for one, row in seen.alone(lambda one: one.at(THIRD).earnings < 0):
        assert row["earnings"] == _dollars(seen, one, one.at(THIRD).earnings) < 0


def money_forms(seen: Seen) -> None:
    """Integers, floats with their noise and strings are the same decimal with six digits."""
    kinds = {type(record["revenue"]) for record in seen.pages("conversions")}
    assert {int, float, str} <= kinds
    for row in seen.rows("SELECT * FROM marketing_lakehouse.conversions WHERE conversion_date < DATE '2026-03-05'"):
        now = seen.known[row["conversion_id"]].at(THIRD)
        assert row["revenue"] == now.revenue.quantize(SIX, ROUND_HALF_UP)
        assert row["payouts"] == now.payouts.quantize(SIX, ROUND_HALF_UP)
        assert row["earnings"] == now.earnings.quantize(SIX, ROUND_HALF_UP)


def mixed_currencies(seen: Seen) -> None:
    """Amounts are converted at the first rate pulled on the conversion's day, else the last one before."""
    confirmed = seen.alone(lambda one: one.at(THIRD).status == "confirmed")
    codes = {one.at(THIRD).currency for one, _ in confirmed}
    assert codes == {"USD", "EUR", "GBP", "BRL", "JPY"}
    for one, row in confirmed:
        assert row["approved_revenue"] == _dollars(seen, one, one.at(THIRD).revenue)
    assert {row["currency"] for row in seen.gold} == {"USD"}


def uniq_forms(seen: Seen) -> None:
    """All four forms of true count as a host."""
    assert {type(record["uniq"]) for record in seen.pages("clicks")} == {bool, int, str}
    assert sum(row["host_count"] for row in seen.gold) == sum(one.is_unique for one in _clicks(seen))


def awkward_subs(seen: Seen) -> None:
    """They are kept letter by letter, and null as ''; an e-mail becomes a token that is always the same."""
    shown = {row["sub5"] for row in seen.gold}
    long = next(text for text in shown if text.startswith("long-"))
    assert {"", "{clickid}", "Größe-ñ-東京", "-5"} <= shown
    assert long == "long-" + "x" * 520
    assert [text for text in shown if text.startswith("email:")] == [seen.lake.redacted("canary.visitor@example.com")]
    assert None not in {row[name] for row in seen.gold for name in ("sub5", "sub6", "os", "os_version")}


def placeholders(seen: Seen) -> None:
    """Words that stand for nothing are '' in gold, so that clicks and conversions meet."""
    words = {"undefined", "unknown", "-"}
    assert [row for row in seen.gold if words & {row["os"].lower(), row["os_version"].lower()}] == []
    assert any(row["os"] == "" and row["click_count"] for row in seen.gold)
    assert any(row["os"] == "Linux" and row["os_version"] == "" and row["click_count"] for row in seen.gold)


def os_forms(seen: Seen) -> None:
    """A system is split from its version at the last blank; `Android 10` is no `10.0`, and `Linux Unknown` has none."""
    renamed = {(row["os"], row["os_version"]) for row in seen.gold if not row["click_count"]}
    assert {("Android", "10"), ("Android", "10.0"), ("macOS", "10.14.6"), ("Linux", "")} <= renamed


def status_forms(seen: Seen) -> None:
    """A number is read as its name; what nobody knows is rejected until it is known; `not_found` is kept uncounted."""
    reviewed = [
        one for one in seen.world.conversions(begin(date(2026, 3, 6)), SECOND) if _lives(one)[0] == "on_review"
    ]  # fmt: skip
    rejects = seen.rows("SELECT codes, raw FROM marketing_lakehouse.marketing_rejects WHERE dataset = 'conversions'")
    waiting = [one.conversion_id for one in reviewed if one.at(SECOND).status == "on_review"]
    assert {row["codes"] for row in rejects} == {"status_unknown"}
    assert waiting
    assert all(any(name in row["raw"] for row in rejects) for name in waiting)
    for _, row in seen.alone(lambda one: one.at(THIRD).status == "not_found"):
        assert row["earnings"] != 0
        assert (row["approved"], row["declined_conversions"], row["pending_conversions"]) == (0, 0, 0)
    for one, row in seen.alone(lambda one: _lives(one) == ("on_review", "confirmed") and one.created_at < SECOND):
        assert (row["approved"], row["datestamp"]) == (1, local(one.created_at))


def daylight_saving(seen: Seen) -> None:
    """The day on which the clock goes forward has the clicks of its 23 hours."""
    day = date(2026, 3, 29)
    assert begin(day + timedelta(days=1)) - begin(day) == timedelta(hours=23)
    truth = list(seen.world.clicks(begin(day), begin(day + timedelta(days=1))))
    assert sum(row["click_count"] for row in seen.gold if row["datestamp"] == day) == len(truth)


def unknown_keys(seen: Seen) -> None:
    """They stay in bronze, and the run's report names them."""
    for report in seen.reports:
        named = {key.split("/")[1]: columns for key, columns in report.extra_columns.items()}
        assert {tuple(columns) for columns in named.values()} == {("x_new_metric", "x_new_object")}
        assert {"clicks", "conversions", "offers", "partners", "advertisers"} <= named.keys()


def updated_at_missing(seen: Seen) -> None:
    """It is NULL in silver; which version is the latest is told by the pull, so late decisions are in gold."""
    assert seen.rows("SELECT DISTINCT updated_at FROM marketing_lakehouse.conversions") == [{"updated_at": None}]
    assert seen.alone(lambda one: one.created_at < FIRST and one.at(FIRST).status != one.at(THIRD).status)


def raw_export_bare(seen: Seen) -> None:
    """Ids are read where the objects would be, so the report has every title; the hexadecimal id is NULL."""
    assert seen.rows("SELECT DISTINCT offer_hex FROM marketing_lakehouse.clicks") == [{"offer_hex": None}]
    assert None not in {row["offer_title"] for row in seen.gold}


def ipv6(seen: Seen) -> None:
    """It becomes a keyed hash as any other address."""
    found = {row["ip_hash"] for row in seen.rows("SELECT DISTINCT ip_hash FROM marketing_lakehouse.clicks")}
    six = {one.visitor.ip for one in _clicks(seen) if ":" in one.visitor.ip}
    assert len(six) > 1
    assert {seen.lake.tenant.redactor.redacted({"ip": ip})["ip"] for ip in six} <= found
