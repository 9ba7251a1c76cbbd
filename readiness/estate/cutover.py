"""When the service goes live, or since when it is in operation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import ConfigDict, ValidationInfo, field_validator

from readiness.estate import texts
from readiness.yaml_text.document import Document
from readiness.yaml_text.models import Strict, stated
from readiness.yaml_text.shapes import refusal

_HINT = 'write {start: "2026-12-01T20:00:00+01:00", end: "2026-12-02T04:00:00+01:00"}, or {done: "2026-12-02"}'
_FURTHEST_EAST = timedelta(hours=14)  # a day begins there first


class Cutover(Strict):
    """The window in which the service goes live, as written with its offset, or the day on which that was done."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["start", "end"], "maxProperties": 2},
                {"required": ["done"], "maxProperties": 1},
            ]
        }
    )

    start: texts.Time | None = stated("When the cutover starts.", None, example='"2026-12-01T20:00:00+01:00"')
    end: texts.Time | None = stated("When it ends.", None, example='"2026-12-02T04:00:00+01:00"')
    done: texts.Day | None = stated(
        "Instead of both: the day on which the service went into operation.", None, example='"2026-12-02"'
    )

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("start")
        if start is not None and end is not None and end <= start:
            raise refusal("the cutover does not end after its start", "mind the offsets")
        return end

    @property
    def in_words(self) -> str:
        """The window or the day, as written."""
        if self.start is None or self.end is None:
            return f"done on {self.done}"
        return f"{_in_words(self.start)} to {_in_words(self.end)}"

    def end_from(self, now: datetime) -> datetime:
        """The later of now and the end."""
        return now if self.end is None else max(now, self.end)

    def next_change(self, now: datetime) -> datetime | None:
        """When the cutover starts, or ends if it has started; None where neither is to come."""
        return next((time.astimezone(UTC) for time in (self.start, self.end) if time is not None and time > now), None)

    def why_none(self, now: datetime) -> str | None:
        """Why there is no cutover now that a GO could be for; None where there is one."""
        if self.done is not None and self.done > (now + _FURTHEST_EAST).date():
            return f"the cutover is said to be done on {self.done}, which is to come: write start and end until then"
        if self.end is not None and self.end <= now:
            return (
                f"the cutover ended on {_in_words(self.end)}: agree on a new window, or write done: DAY if it was done"
            )
        return None


def check_cutover(document: Document) -> None:
    """A cutover states both ends of its window, or the day on which it was done."""
    at = ("cutover",)
    if document.node(at) is None or (keys := document.keys("cutover")) is None:
        return  # which is reported already
    missing = [key for key in ("start", "end") if key not in keys]
    if "done" not in keys and missing:
        document.report((*at, missing[0]), f"{' and '.join(missing)} is missing", _HINT)
    elif "done" in keys and len(missing) < 2:
        document.report((*at, "done"), "a cutover that is done has no start and end", _HINT, key=True)


def _in_words(time: datetime) -> str:
    return time.isoformat(" ", "seconds" if time.second else "minutes")
