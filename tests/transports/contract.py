"""What every transport must do, whatever it speaks: a class of tests that each transport's own tests inherit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import pytest

from readiness.core.facts import Login, Missing, Why
from readiness.core.scripts import Limits, Output, Script, Transport, Visit
from readiness.transports import TransportKind

LIMITS = Limits(connect_s=5, login_s=10, probe_s=5, host_s=30)


@dataclass(frozen=True)
class Spoken:
    """The same small jobs in the words of one transport's shell."""

    hello: str
    both_streams: str
    status_3: str
    forever: str
    flood: str
    arguments: str
    raw_bytes: str
    no_tool: str


def visit(transport: Transport, *scripts: Script, limits: Limits = LIMITS) -> tuple[Visit, dict[str, Output]]:
    """One visit, with its outputs by name; each script is answered once, in order, and `done` hears of each."""
    heard: list[Output] = []
    seen = transport.visit(scripts, limits, heard.append)
    assert [one.name for one in seen.outputs] == [one.name for one in scripts]
    assert heard == list(seen.outputs)
    return seen, {one.name: one for one in seen.outputs}


class TransportContract:
    """Inherit, say the `kind`, and give `transport` and `spoken` as fixtures."""

    kind: ClassVar[TransportKind]

    def test_it_reaches_proves_and_logs_in(self, transport: Transport, spoken: Spoken) -> None:
        seen, outputs = visit(transport, Script("hello", spoken.hello))
        assert Login in seen.facts
        assert seen.facts.keys() == self.kind.proves
        assert (outputs["hello"].status, outputs["hello"].stdout.strip()) == (0, b"hello")
        assert outputs["hello"].missing is None

    def test_streams_and_statuses_are_told_apart(self, transport: Transport, spoken: Spoken) -> None:
        _, outputs = visit(transport, Script("both", spoken.both_streams), Script("three", spoken.status_3))
        assert outputs["both"].stdout.strip() == b"out"
        assert outputs["both"].stderr.strip() == b"err"
        assert (outputs["three"].status, outputs["three"].missing) == (3, None)

    def test_a_script_that_never_ends_costs_itself(self, transport: Transport, spoken: Spoken) -> None:
        begun = time.monotonic()
        _, outputs = visit(transport, Script("forever", spoken.forever, timeout_s=1), Script("hello", spoken.hello))
        assert outputs["forever"].missing is not None
        assert outputs["forever"].missing.why is Why.TIMED_OUT
        assert outputs["hello"].stdout.strip() == b"hello"
        assert time.monotonic() - begun < 10

    def test_a_script_that_floods_is_cut_and_costs_itself(self, transport: Transport, spoken: Spoken) -> None:
        _, outputs = visit(transport, Script("flood", spoken.flood, max_bytes=10_000), Script("hello", spoken.hello))
        assert outputs["flood"].missing is not None
        assert outputs["flood"].missing.why is Why.OUTPUT_CUT
        assert outputs["hello"].stdout.strip() == b"hello"

    def test_arguments_arrive_as_they_are(self, transport: Transport, spoken: Spoken) -> None:
        awkward = ("a b", "c'd", '"', "$HOME", "`id`", "*", "-n", "\\t")
        _, outputs = visit(transport, Script("arguments", spoken.arguments, arguments=awkward))
        assert outputs["arguments"].stdout.decode().splitlines() == list(awkward)

    def test_bytes_come_back_exactly(self, transport: Transport, spoken: Spoken) -> None:
        _, outputs = visit(transport, Script("raw", spoken.raw_bytes))
        assert outputs["raw"].stdout == b"a\x00\xff\n\nb"

    def test_an_absent_tool_is_its_own_reason(self, transport: Transport, spoken: Spoken) -> None:
        _, outputs = visit(transport, Script("none", spoken.no_tool))
        assert outputs["none"].missing is not None
        assert outputs["none"].missing.why is Why.TOOL_ABSENT

    def test_the_host_deadline_ends_it(self, transport: Transport, spoken: Spoken) -> None:
        begun = time.monotonic()
        seen, outputs = visit(
            transport,
            Script("forever", spoken.forever, timeout_s=60),
            Script("hello", spoken.hello),
            limits=Limits(connect_s=2, login_s=2, probe_s=60, host_s=3),
        )
        assert time.monotonic() - begun < 5
        assert {one.missing.why for one in outputs.values() if one.missing} == {Why.HOST_TIMED_OUT}
        assert isinstance(seen.reached, Missing)

    @pytest.mark.parametrize("count", [1, 40])
    def test_many_scripts_keep_their_order(self, transport: Transport, spoken: Spoken, count: int) -> None:
        visit(transport, *(Script(f"hello{number}", spoken.hello) for number in range(count)))
