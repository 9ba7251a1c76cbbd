"""Connecting over TCP: each way it can come to nothing has its reason."""

from __future__ import annotations

import socket

import pytest

from readiness.core.facts import Why
from readiness.transports import Budget, Stop
from readiness.transports.budget import Failed
from readiness.transports.tcp import dial
from tests.transports.openssh import free_port


def test_an_address_that_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        dialled = dial("localhost", port, 2.0, Budget.of(5.0, Stop()))
        with dialled.raw:
            assert dialled.address == "127.0.0.1"
            assert 0 < dialled.rtt_s < 1
            assert dialled.raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(("address", "why"), [("127.0.0.1", Why.REFUSED), ("no-such.invalid", Why.NO_SUCH_NAME)])
def test_one_that_does_not(address: str, why: Why) -> None:
    with pytest.raises(Failed) as failed:
        dial(address, free_port(), 2.0, Budget.of(5.0, Stop()))
    assert (failed.value.missing.why, failed.value.again) == (why, False)


def test_a_stop_is_the_reason_when_there_was_one() -> None:
    stop = Stop()
    stop.set(Why.RUN_TIMED_OUT)
    with pytest.raises(Failed) as failed:
        dial("127.0.0.1", free_port(), 2.0, Budget.of(5.0, stop))
    assert failed.value.missing.why is Why.RUN_TIMED_OUT
