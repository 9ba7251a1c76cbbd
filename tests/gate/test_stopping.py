from __future__ import annotations

import os
import signal

import pytest

from readiness.core.facts import Why
from readiness.gate.stopping import exit_code_is_ours, stopped_by_signals
from readiness.transports import Stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_the_reading_and_the_second_one_all(number: signal.Signals) -> None:
    stop, before = Stop(), signal.getsignal(number)
    with stopped_by_signals(stop):
        os.kill(os.getpid(), number)
        assert stop.why is Why.INTERRUPTED
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("leave", [("_exit", 0), ("execv", "/bin/true", ["true"]), ("execlp", "true", "true")])
def test_nobody_ends_the_process_past_the_verdict(leave: tuple[str, object]) -> None:
    before = os._exit, os.execv, os.execve
    name, *arguments = leave
    with exit_code_is_ours(), pytest.raises(SystemExit, match="would have ended the run"):
        getattr(os, name)(*arguments)
    assert (os._exit, os.execv, os.execve) == before


def test_a_forked_process_ends_as_it_likes() -> None:
    with exit_code_is_ours():
        child = os.fork()
        if child == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
