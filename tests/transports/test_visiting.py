"""What a visit does when a connection does not stand, or breaks: retried once under a script, and never otherwise."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from readiness.core.facts import Login, Missing, Reached, Why
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.transports import Budget, Stop
from readiness.transports.batch_run import NoShell, Start
from readiness.transports.budget import Failed
from readiness.transports.shells import DIALECTS
from readiness.transports.visiting import Link, Visiting

LIMITS = Limits(probe_s=1.0, host_s=5.0, host_bytes=100_000)
SCRIPTS = tuple(Script(name, ":") for name in ("one", "two", "three"))
BROKE = Failed(Missing(Why.CONNECTION_LOST, "closed by the host"), again=True)
FLOOD = Failed(Missing(Why.OUTPUT_CUT, "the host sent more than 64 KiB"))
Step = Failed | NoShell | int  # what a connection comes to: a failure, or how many scripts run before it breaks


@dataclass
class Shell:
    """A shell in which `lasts` scripts run, and then the connection breaks; it marks what it prints as the real one."""

    lasts: int
    ends: Failed | None
    ends_itself: bool = False
    finished_sending: bool = False
    ended: bool = False
    _out: list[bytes] = field(default_factory=list)

    def send(self, text: str, *, last: bool = False) -> None:
        self.finished_sending = last
        if nonce := re.search("@([0-9a-f]{32})", text):
            self._nonce = nonce[1]
            self._out = [self._mark("ready", 0)]
        for index in [int(number) for number in re.findall(r"^m begin (\d+)", text, re.MULTILINE)][: self.lasts]:
            self._out += [self._mark("begin", index), b"said", self._mark("end", index)]

    def _mark(self, word: str, index: int) -> bytes:
        return f"\n@{self._nonce} {word} {index} 0\n".encode()

    def read(self) -> Iterator[tuple[bytes, bool]]:
        chunks, self._out = self._out, []
        if not chunks and self.ends:
            raise self.ends
        for chunk in chunks:
            yield from ((chunk, False), (chunk, True))
        self.ended = self.ends_itself and self.finished_sending
        time.sleep(0.01)

    def gather(self) -> None:
        """Nothing."""

    def how_it_ended(self) -> str:
        return ""


class Session:
    def __init__(self, shell: Callable[[], Shell] | NoShell) -> None:
        self._shell = shell

    @contextlib.contextmanager
    def shell(self) -> Iterator[Shell]:
        if isinstance(self._shell, NoShell):
            raise self._shell
        yield self._shell()


class Steps(Link):
    """A link whose connections come to what the steps say, one after another."""

    def __init__(self, steps: Sequence[tuple[Step, Failed | None]], budget: Budget) -> None:
        super().__init__(LIMITS, budget)
        self._steps = iter(steps)
        self.connections = 0
        self.shells_end = False

    @contextlib.contextmanager
    def connected(self) -> Iterator[Start]:
        self.connections += 1
        step, ends = next(self._steps)
        if isinstance(step, Failed):
            raise step
        self.learn(Reached("10.0.0.1", 22, 0.001))
        self.learn(Login("ops", "agent"))
        yield Session(step if isinstance(step, NoShell) else lambda: Shell(step, ends, self.shells_end)).shell


def visit(link: Link, done: Callable[[Output], None]) -> Visit:
    return Visiting("bk01", link, DIALECTS["posix"], SCRIPTS, done).visit()


def visited(*steps: tuple[Step, Failed | None], stop: Stop | None = None) -> tuple[Visit, int]:
    """The visit, and how many connections it took; `done` hears of each output once."""
    heard: list[Output] = []
    link = Steps(steps, Budget.of(LIMITS.host_s, stop or Stop()))
    made = visit(link, heard.append)
    assert tuple(heard) == made.outputs
    return made, link.connections


def whys(made: Visit) -> list[Why | None]:
    return [output.missing.why if output.missing else None for output in made.outputs]


def test_all_scripts_run_over_one_connection() -> None:
    made, connections = visited((3, None))
    assert (whys(made), connections, made.missing) == ([None] * 3, 1, None)
    assert [output.stdout for output in made.outputs] == [b"said"] * 3
    assert made.command


@pytest.mark.parametrize(
    "why", [Why.LOGIN_REFUSED, Why.LOGIN_TIMED_OUT, Why.HOST_KEY_DIFFERS, Why.FILTERED, Why.CONNECTION_LOST]
)
@pytest.mark.parametrize("again", [True, False])
def test_what_never_stood_is_not_tried_again_here(why: Why, again: bool) -> None:
    missing = Missing(why, "so it is")
    made, connections = visited((Failed(missing, again=again), None), (3, None))
    assert (connections, made.outputs, made.login, made.reached) == (1, (), missing, missing)
    assert made.command == ""


def test_a_connection_that_breaks_under_a_script_is_made_once_more_and_goes_on_where_it_was() -> None:
    made, connections = visited((1, BROKE), (2, None))
    assert (whys(made), connections) == ([None] * 3, 2)
    assert made.attempts == ("the connection broke after 1 of 3 probes: connection lost: closed by the host",)
    assert isinstance(made.reached, Reached)


def test_it_is_made_once_more_and_no_more() -> None:
    made, connections = visited((1, BROKE), (1, BROKE), (3, None))
    assert (whys(made), connections) == ([None, None, Why.CONNECTION_LOST], 2)
    assert made.reached == made.outputs[2].missing, "a visit that was cut short did not really reach the host"
    assert "after 1 of 3 probes" in str(made.missing)
    assert "once more: connection lost: after 2 of 3 probes" in str(made.missing)


@pytest.mark.parametrize(
    ("ends", "why"),
    [
        (FLOOD, Why.OUTPUT_CUT),
        (Failed(Missing(Why.LOGIN_REFUSED, "locked")), Why.LOGIN_REFUSED),
        (Failed(Missing(Why.WINRM_FAULT, "1: it broke")), Why.WINRM_FAULT),
    ],
)
def test_nothing_else_is_tried_again(ends: Failed, why: Why) -> None:
    made, connections = visited((1, ends), (2, None))
    assert (whys(made), connections) == ([None, why, why], 1)


def test_a_refusal_of_the_second_connection_is_told_with_why_there_was_one() -> None:
    made, connections = visited((1, BROKE), (Failed(Missing(Why.REFUSED, "10.0.0.1 port 22")), None), (3, None))
    assert (whys(made), connections) == ([None, Why.CONNECTION_LOST, Why.CONNECTION_LOST], 2)
    assert "once more: connection refused: 10.0.0.1 port 22" in str(made.missing)


def test_a_flood_over_the_second_connection_is_no_lost_connection() -> None:
    made, _ = visited((1, BROKE), (0, FLOOD))
    assert whys(made) == [None, Why.OUTPUT_CUT, Why.OUTPUT_CUT]


def test_a_host_that_starts_no_shell_is_not_permitted() -> None:
    made, connections = visited((NoShell("administratively prohibited"), None), (3, None))
    assert (whys(made), connections) == ([Why.NO_COMMANDS] * 3, 1)
    assert isinstance(made.login, Missing)
    assert isinstance(made.reached, Reached)


def test_a_shell_that_ends_between_two_scripts_costs_nothing() -> None:
    link = Steps([(1, None)], Budget.of(LIMITS.host_s, Stop()))
    link.shells_end = True
    made = visit(link, lambda _: None)
    assert (whys(made), link.connections) == ([None] * 3, 1)


def test_nobody_connects_after_a_stop() -> None:
    stop = Stop()
    stop.set(Why.INTERRUPTED)
    made, connections = visited((3, None), stop=stop)
    assert (connections, made.outputs, made.login) == (0, (), Missing(Why.INTERRUPTED))


def test_a_stop_under_a_script_is_the_reason_and_nothing_is_tried_again() -> None:
    stop = Stop()
    link = Steps([(1, BROKE), (3, None)], Budget.of(LIMITS.host_s, stop))
    made = visit(link, lambda _: stop.set(Why.RUN_TIMED_OUT))
    assert whys(made) == [None, Why.RUN_TIMED_OUT, Why.RUN_TIMED_OUT]
    assert link.connections == 1
    assert isinstance(made.reached, Missing)
    assert made.reached.why is Why.RUN_TIMED_OUT


@pytest.mark.parametrize(("closing_s", "most_s"), [(0.0, 1.5), (0.4, 1.1)])
def test_time_is_kept_back_for_closing_what_is_open(
    closing_s: float, most_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Steps, "closing_s", closing_s)
    begun = time.monotonic()
    link = Steps([(1, None)], Budget.of(1.2, Stop()))
    made = visit(link, lambda _: None)
    assert 1.2 - closing_s - 0.1 < time.monotonic() - begun < most_s
    assert whys(made) == [None, Why.HOST_TIMED_OUT, Why.HOST_TIMED_OUT]
