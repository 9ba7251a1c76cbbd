from __future__ import annotations

import os
import signal

import pytest

from readiness.core.facts import Why
from readiness.gate.stopping import stopped_by_signals
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
