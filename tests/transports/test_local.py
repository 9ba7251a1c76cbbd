"""What the contract asks of every transport, of one that is neither SSH nor WinRM: nothing shared knows only those."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from readiness.core.facts import HostKey, Missing, Reached, Why, WinrmListener
from readiness.core.scripts import Transport
from readiness.transports import Stop
from tests.transports import local
from tests.transports.contract import Spoken, TransportContract
from tests.transports.full_contract import Dialect, FullContract
from tests.transports.test_ssh import POSIX
from tests.transports.test_ssh_real import Posix

pytestmark = pytest.mark.usefixtures("nothing_left")


class TestContract(TransportContract):
    kind = local.KIND

    @pytest.fixture
    def transport(self) -> Transport:
        return local.LocalTransport("bk01", Stop())

    @pytest.fixture
    def spoken(self) -> Spoken:
        return POSIX


class TestFullContract(FullContract):
    kind = local.KIND

    @pytest.fixture
    def connect(self) -> Callable[[Stop], Transport]:
        return lambda stop: local.LocalTransport("bk01", stop)

    @pytest.fixture
    def dialect(self) -> Dialect:
        return Posix()


@pytest.mark.parametrize(
    ("kind", "words"),
    [(HostKey, "host key"), (Reached, "TCP connection"), (WinrmListener, "WinRM listener")],
)
def test_what_it_cannot_prove_has_a_reason_with_its_name(kind: type[HostKey], words: str) -> None:
    assert local.KIND.lacks(kind) == Missing(Why.NOT_ASKED, f"The local shell has no {words}")
