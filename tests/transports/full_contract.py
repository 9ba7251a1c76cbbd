"""What every transport must do, whatever it speaks: tests to inherit from, given a transport and a dialect."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Protocol

import pytest

from readiness.core.facts import Login, Missing, Why
from readiness.core.scripts import Limits, Output, Script, Transport, Visit
from readiness.transports import Stop, TransportKind

QUICK = Limits(connect_s=5, login_s=5, probe_s=5, host_s=20, host_bytes=4 << 20)
NASTY = bytes(range(256)) * 3 + "\u202e\ufffe".encode() + b"\xff\xfe\n\n@ end 0 0\n"


class Dialect(Protocol):
    """The few sentences that the contract needs in the language of a host's shell."""

    def say(self, stdout: bytes, stderr: bytes = b"", status: int = 0) -> str: ...
    def sleep(self, seconds: float) -> str: ...
    def flood(self) -> str: ...
    def arguments(self) -> str: ...


class FullContract:
    """Inherit, say the `kind`, and give the fixtures `connect` and `dialect`."""

    kind: ClassVar[TransportKind]

    @pytest.fixture
    def connect(self) -> Callable[[Stop], Transport]:
        raise NotImplementedError

    @pytest.fixture
    def dialect(self) -> Dialect:
        raise NotImplementedError

    @pytest.fixture
    def visit(self, connect: Callable[[Stop], Transport]) -> Callable[..., Visit]:
        def visit(*scripts: Script, limits: Limits = QUICK) -> Visit:
            told: list[Output] = []
            visit = connect(Stop()).visit(scripts, limits, told.append)
            assert tuple(told) == visit.outputs, "done() is called with each output, in order, once"
            assert [output.name for output in visit.outputs] == [script.name for script in scripts]
            return visit

        return visit

    def test_the_facts_of_the_connection(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        made = visit(Script("one", dialect.say(b"1")))
        assert made.missing is None
        assert Login in made.facts
        assert made.facts.keys() == self.kind.proves, "it proves what its kind says, and no more"
        assert made.attempts
        assert made.command

    def test_bytes_arrive_as_they_were_printed(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        cases = [b"", b"\n", b"no newline at the end", b"one\n", b"\n\n\n", b"\0", NASTY, NASTY * 30]
        made = visit(*(Script(f"case{n}", dialect.say(case)) for n, case in enumerate(cases)))
        assert [output.stdout for output in made.outputs] == cases
        assert {output.stderr for output in made.outputs} == {b""}

    def test_standard_error_is_kept_apart(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        made = visit(Script("both", dialect.say(b"out\n", b"err")), Script("next", dialect.say(b"", b"\n")))
        assert [(output.stdout, output.stderr) for output in made.outputs] == [(b"out\n", b"err"), (b"", b"\n")]

    def test_exit_statuses(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        made = visit(*(Script(f"exit{n}", dialect.say(b"x", status=n)) for n in (0, 1, 3, 100, 255)))
        assert [output.status for output in made.outputs] == [0, 1, 3, 100, 255]
        assert {output.missing for output in made.outputs} == {None}

    def test_arguments_are_data(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        words = ("it's", '"q"', "$(id)", "`id`", "a b", "", "-n", "\\", "\u00e4", ";", "new\nline")
        made = visit(Script("words", dialect.arguments(), words))
        assert made.outputs[0].stdout.decode() == "".join(f"<{word}>" for word in words)

    def test_a_script_out_of_time_costs_only_itself(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        slow = Script("slow", dialect.sleep(30), timeout_s=1)
        begun = time.monotonic()
        made = visit(Script("one", dialect.say(b"1")), slow, Script("two", dialect.say(b"2")))
        assert time.monotonic() - begun < 8
        assert [output.stdout for output in made.outputs] == [b"1", b"", b"2"]
        missing = made.outputs[1].missing
        assert missing is not None
        assert missing.why is Why.TIMED_OUT
        assert made.outputs[2].missing is None

    def test_a_flood_is_cut_and_costs_only_itself(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        flood = Script("flood", dialect.flood(), max_bytes=50_000, timeout_s=20)
        begun = time.monotonic()
        made = visit(flood, Script("two", dialect.say(b"2")))
        assert time.monotonic() - begun < 8
        missing = made.outputs[0].missing
        assert missing is not None
        assert missing.why is Why.OUTPUT_CUT
        assert len(made.outputs[0].stdout) <= 50_000
        assert made.outputs[1].stdout == b"2"

    def test_output_of_just_the_limit_is_whole(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        made = visit(
            Script("fits", dialect.say(b"x" * 1000), max_bytes=1000),
            Script("cut", dialect.say(b"x" * 1001), max_bytes=1000),
        )
        assert made.outputs[0].missing is None
        assert made.outputs[0].stdout == b"x" * 1000
        missing = made.outputs[1].missing
        assert missing is not None
        assert missing.why is Why.OUTPUT_CUT

    def test_the_host_has_an_end(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        limits = Limits(connect_s=5, login_s=5, host_s=3)
        scripts = [Script(f"slow{n}", dialect.sleep(2)) for n in range(5)]
        begun = time.monotonic()
        made = visit(Script("one", dialect.say(b"1")), *scripts, limits=limits)
        assert time.monotonic() - begun < 4
        assert made.outputs[0].missing is None
        last = made.outputs[-1].missing
        assert last is not None
        assert last.why is Why.HOST_TIMED_OUT
        assert isinstance(made.reached, Missing), "a visit that was cut short did not really reach the host"
        assert made.reached.why is Why.HOST_TIMED_OUT

    @pytest.mark.parametrize("why", [Why.INTERRUPTED, Why.RUN_TIMED_OUT])
    def test_stop_ends_a_visit(self, connect: Callable[[Stop], Transport], dialect: Dialect, why: Why) -> None:
        stop, at = Stop(), 0.0

        def done(_: Output) -> None:
            nonlocal at
            if not at:
                at = time.monotonic()
                stop.set(why)

        scripts = [Script("one", dialect.say(b"1")), *(Script(f"slow{n}", dialect.sleep(9)) for n in range(3))]
        made = connect(stop).visit(tuple(scripts), QUICK, done)
        assert time.monotonic() - at < 1.5
        assert made.outputs[0].missing is None
        assert [output.missing and output.missing.why for output in made.outputs[1:]] == [why] * 3

    def test_stop_before_the_visit(self, connect: Callable[[Stop], Transport], dialect: Dialect) -> None:
        stop = Stop()
        stop.set(Why.INTERRUPTED)
        begun = time.monotonic()
        made = connect(stop).visit((Script("one", dialect.say(b"1")),), QUICK, lambda _: None)
        assert time.monotonic() - begun < 1.5
        assert made.outputs == ()
        assert isinstance(made.login, Missing)
        assert made.login.why is Why.INTERRUPTED

    def test_the_first_script_bounds_the_round_trip(self, visit: Callable[..., Visit], dialect: Dialect) -> None:
        made = visit(Script("clock", dialect.say(b"1")))
        first = made.outputs[0]
        assert abs(first.begun_s - time.time()) < 10
        assert 0 <= first.begun_s - first.sent_s < 1
        assert first.duration_s < 2
