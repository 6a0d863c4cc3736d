"""Name every way in which a tenant may be dirty, broken or different, as one switch each.

The numbers are those of the list of cases that the pipeline is proven with; what is open about a real tenant has a
letter. Where a switch is looked at depends on its kind; what it does is written beside it and nowhere else in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lakehouse_assets.errors import BadRequest


class Kind(StrEnum):
    """Say where a switch works, and so when it may be moved."""

    ALWAYS = "always"
    """It is how the server is; naming it changes nothing."""
    WORLD = "world"
    """It is part of the truth, and so chosen at the start."""
    ANSWER = "answer"
    """It changes how the truth is answered."""
    PAGING = "paging"
    """It fires on passes over a list, by default on the first pass over each."""
    TRANSPORT = "transport"
    """It fires on requests, by default on the first one."""
    TENANT = "tenant"
    """It is an open question about real tenants, answered the less usual way."""


@dataclass(frozen=True)
class Fault:
    """One switch: its number or letter in the list of cases, its name, where it works and what it does."""

    number: str
    name: str
    kind: Kind
    sentence: str


def _of(kind: Kind, *rows: tuple[str, str, str]) -> tuple[Fault, ...]:
    return tuple(Fault(number, name, kind, sentence) for number, name, sentence in rows)


_TRANSPORT = _of(
    Kind.TRANSPORT,
    ("3", "too-many-requests", "429, with `Retry-After: 1` and without in turn"),
    ("4", "server-error", "500 as JSON, 502 as HTML, 503 as JSON in turn"),
    ("5", "status-2-in-200", "HTTP 200 with `status: 2` and an `error`, or a `message`, in turn"),
    ("6", "truncated-json", "the first half of the body, as if it were all"),
    ("7", "slow-response", "the answer comes `seconds` later (by default 3)"),
    ("8", "reset-mid-body", "the connection breaks in the middle of the body"),
    ("9", "redirect-to-https", "301 to the same address on another host with https"),
)
_PAGING = _of(
    Kind.PAGING,
    ("14", "insert-between-pages", "the first row appears between pages 1 and 2, so another comes twice"),
    ("15", "delete-between-pages", "the first row leaves between pages 1 and 2, so another is lost"),
    ("16", "total-count-changes", "`total_count` is one more on every page after the first"),
    ("36", "click-on-two-pages", "page 2 of clicks begins with page 1's last click, in place of its own first"),
)
_ALWAYS = _of(
    Kind.ALWAYS,
    ("1", "no-key-401", "401 without a key or with a wrong one"),
    ("10", "next-page-absent", "`next_page` is absent on the last page"),
    ("13", "limit-clamped", "a limit above 500 is answered with `per_page` 500"),
    ("17", "page-beyond-end-empty", "a page beyond the end is an empty list"),
    ("18", "clicks-unordered", "clicks come in no order of time"),
    ("54", "click-horizon", "clicks older than seven days are not served"),
)
_ANSWERS = _of(
    Kind.ANSWER,
    ("2", "restricted-key-403", "the key loses the admin's methods: 403"),
    ("11", "next-page-null", "`next_page` is null or 0 on the last page"),
    ("12", "exact-multiple", "`per_page` is chosen so that the last page is full"),
    ("20", "offer-caps-missing", "offers without caps have no key `caps`, an empty list or null"),
    ("21", "cap-goals-forms", "a cap's empty `goals` is {} or []"),
    ("22", "cap-country-forms", "a cap's `country` is absent, null, a string or a list"),
    ("26", "advertiser-manager-as-name", "`manager` of an advertiser is a name instead of an id"),
    ("28", "zero-updated-at", "`updated_at` of affiliates is 0000-00-00 00:00:00, of advertisers null"),
    ("29", "custom-fields-forms", "custom fields hold lists and objects"),
    ("30", "lower-case-codes", "countries and currencies of dimensions are written in lower case"),
    ("46", "money-forms", "money is an int, a float with float's noise, or a numeric string"),
    ("48", "uniq-forms", '`uniq` is true, 1, "1" or "true"'),
    ("50", "placeholders", 'missing text is "Undefined", "Unknown" or "-"'),
    ("55", "unknown-keys", "records hold keys that nobody has heard of"),
    ("56", "updated-at-missing", "conversions have no `updated_at`"),
    ("57", "raw-export-bare", "facts come without nested objects, as with raw_export=1"),
)
_DIMENSIONS = _of(
    Kind.WORLD,
    ("19", "empty-window", "on every tenth day nothing happens at all"),
    ("23", "identical-caps", "an offer has the same cap twice"),
    ("24", "several-landings", "offers have three landings, one of them transit, with large ids"),
    ("25", "manager-null", "some affiliates and advertisers have no manager"),
    ("27", "login-empty", "some affiliates have no login, some of these no name either"),
    ("31", "awkward-text", "titles and kpi hold HTML, entities, line breaks, emoji, commas, quotes, formulas"),
    ("32", "offer-deleted", "an offer leaves the list after five days"),
    ("33", "offer-stopped-converting", "an offer is stopped after four days, and still converts"),
    ("34", "advertiser-reassigned", "an offer goes to another advertiser after six days"),
    ("35", "balance-currencies", "affiliates have balances in several currencies"),
)
_FACTS = _of(
    Kind.WORLD,
    ("37", "pending-confirmed-declined", "conversions go from pending to confirmed to declined over days"),
    ("38", "hold-thirty-days", "conversions are on hold and confirmed on day 30"),
    ("39", "payout-edited-late", "payouts are edited ten days later"),
    ("40", "click-unknown", "conversions name a click of more than seven days ago, or one that is not there"),
    ("41", "affiliate-absent", "facts of an affiliate that is in no list"),
    ("42", "several-conversions-per-click", "clicks have a second conversion with goal 2"),
    ("43", "action-id-repeated", "the advertiser's `action_id` comes again with other offers"),
    ("44", "declined-without-money", "declined for payment_not_found: money is null or 0; other declined keep theirs"),
    ("45", "negative-earnings", "payouts are above revenue"),
    ("47", "mixed-currencies", "offers pay in several currencies"),
    ("49", "awkward-subs", "subs hold macros, 500 characters, other scripts, an e-mail; empty ones are null at times"),
    ("51", "os-forms", 'conversions say "Android 10" where clicks say "10.0", and "Linux Unknown"'),
    ("52", "status-forms", "statuses are numbers at times, not_found, or one that nobody knows until it is confirmed"),
    ("53", "daylight-saving", "the tenant's zone is Europe/Berlin, which has days of 23 and 25 hours"),
    ("58", "ipv6", "some visitors have an IPv6 address"),
)
_TENANT = _of(
    Kind.TENANT,
    ("a", "created-at-follows-timezone", "naive times are written in the zone of the parameter `timezone`"),
    ("b", "date-to-exclusive", "`date_to` is the first day that is not asked for"),
    ("c", "limit-honoured", "a limit above 500 is honoured"),
    ("d", "limit-refused", "a limit above 500 is a 400"),
    ("e", "clicks-gone", "stats/clicks is a 404"),
    ("f", "page-beyond-end-404", "a page beyond the end is a 404"),
    ("g", "manager-key", "the key is an affiliate manager's: it sees its own affiliates and their facts only"),
    ("h", "privacy-premoderated", "protected offers are called premoderated"),
    ("i", "offer-id-text", "ids of offers and affiliates in facts are strings"),
)
_WRONG = _of(
    Kind.ANSWER,
    ("j", "dimension-listed-twice", "each list of dimensions ends with its first record once more"),
    ("k", "offset-not-constant", "one record in nine has its times in UTC instead of the tenant's zone"),
    ("l", "rate-missing", "admin/currency has no rate for EUR"),
    ("m", "custom-disagrees", "stats/custom counts one click more in each group than there were"),
)
"""What no tenant should do, and a pipeline should notice."""

_ALL = (*_ALWAYS, *_TRANSPORT, *_PAGING, *_ANSWERS, *_DIMENSIONS, *_FACTS, *_TENANT, *_WRONG)
FAULTS = {fault.name: fault for fault in _ALL}
"""All switches by name."""
FIRST_DIRTY = 19
DIRTY = tuple(
    fault.name
    for fault in _ALL
    if fault.kind in {Kind.WORLD, Kind.ANSWER} and fault.number.isdigit() and int(fault.number) >= FIRST_DIRTY
)
"""The cases of dirty dimensions and facts that a pipeline has to be right in spite of, all at once."""


def known(name: str) -> Fault:
    """Return the switch of this name.

    Raises:
        BadRequest: there is none.
    """
    if name not in FAULTS:
        raise BadRequest(message=f"there is no fault `{name}`; `lakehouse affise-simulator --list-faults` names them")
    return FAULTS[name]


def named(*kinds: Kind) -> tuple[str, ...]:
    """Return the names of all switches of these kinds."""
    return tuple(fault.name for fault in FAULTS.values() if fault.kind in kinds)
