"""A cutover: its window or when it was done, and what follows from it at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from readiness.estate import json_schema
from readiness.estate.cutover import Cutover
from tests.estate.json_schema import complaints
from tests.estate.samples import loaded

NOW = datetime(2026, 12, 1, 19, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
ABROAD = timezone(timedelta(hours=-9, minutes=-30))


def window(start: timedelta, end: timedelta, zone: timezone = UTC) -> Cutover:
    return Cutover(start=(NOW + start).astimezone(zone), end=(NOW + end).astimezone(zone))


def done(day: int) -> Cutover:
    return Cutover(done=date(2026, 12, day))


def test_it_says_what_is_written() -> None:
    assert loaded().estate.cutover.in_words == "2026-12-01 20:00+01:00 to 2026-12-02 04:00+01:00"
    assert done(2).in_words == "done on 2026-12-02"
    assert window(SECOND, HOUR, ABROAD).in_words == "2026-12-01 09:30:01-09:30 to 2026-12-01 10:30-09:30"


@pytest.mark.parametrize(
    ("cutover", "change"),
    [
        (window(SECOND, HOUR), NOW + SECOND),
        (window(HOUR, 2 * HOUR, ABROAD), NOW + HOUR),
        (window(0 * HOUR, HOUR), NOW + HOUR),
        (window(-HOUR, SECOND), NOW + SECOND),
        (window(-HOUR, SECOND, ABROAD), NOW + SECOND),
        (window(-HOUR, 0 * HOUR), None),
        (window(-HOUR, -SECOND), None),
        (done(1), None),
    ],
)
def test_a_go_holds_to_its_start_and_within_it_to_its_end(cutover: Cutover, change: datetime | None) -> None:
    made = cutover.next_change(NOW)
    assert made == change
    assert made is None or made.tzinfo is UTC


@pytest.mark.parametrize(
    ("cutover", "reason"),
    [
        (window(HOUR, 2 * HOUR), None),
        (window(-HOUR, SECOND), None),
        (window(-HOUR, SECOND, ABROAD), None),
        (window(-HOUR, 0 * HOUR), "the cutover ended on 2026-12-01 19:00+00:00: agree on a new window"),
        (window(-HOUR, 0 * HOUR, ABROAD), "the cutover ended on 2026-12-01 09:30-09:30: agree on a new window"),
        (window(-2 * HOUR, -SECOND), "the cutover ended on 2026-12-01 18:59:59+00:00: agree on a new window"),
        (done(1), None),
        (done(2), None),  # it is the 2nd already, at UTC+14
        (done(3), "the cutover is said to be done on 2026-12-03, which is to come: write start and end until then"),
    ],
)
def test_there_is_none_that_a_go_could_be_for(cutover: Cutover, reason: str | None) -> None:
    assert (cutover.why_none(NOW) or "").startswith(reason or "")
    assert (cutover.why_none(NOW) is None) is (reason is None)


def test_what_must_last_to_its_end_must_last_to_now_where_it_is_over_or_done() -> None:
    assert window(HOUR, 2 * HOUR, ABROAD).end_from(NOW) == NOW + 2 * HOUR
    assert window(-2 * HOUR, -HOUR).end_from(NOW) == done(1).end_from(NOW) == NOW


@pytest.mark.parametrize(
    ("written", "is_right"),
    [
        ({"start": "2026-12-01T20:00Z", "end": "2026-12-01T21:00Z"}, True),
        ({"done": "2026-12-01"}, True),
        ({}, False),
        ({"start": "2026-12-01T20:00Z"}, False),
        ({"start": "2026-12-01T20:00Z", "done": "2026-12-01"}, False),
        ({"start": "2026-12-01T20:00Z", "end": "2026-12-01T21:00Z", "done": "2026-12-01"}, False),
    ],
)
def test_editors_know_it(written: dict[str, str], is_right: bool) -> None:
    estate = {
        "service": "a",
        "change": "b",
        "cutover": written,
        "hosts": {"a": {"fqdn": "a.example.com", "products": {}}},
    }
    assert (not complaints(json_schema("estate"), estate)) is is_right
