"""Servers that misbehave: each visit ends by its deadline, with the reason, and leaves no thread and no socket."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator

import pytest

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.core.scripts import Limits, Script, Visit
from readiness.core.text import one_line
from readiness.transports import Stop
from readiness.transports.shells.posix import Posix
from readiness.transports.ssh.target import SshTarget
from readiness.transports.ssh.transport import SshTransport
from tests.bench import hostile_ssh as hostile
from tests.bench.hostile_ssh import ESCAPES, Hostile, repeats, says
from tests.transports.conftest import Keys
from tests.transports.openssh import USER, public

pytestmark = pytest.mark.usefixtures("nothing_left")
LIMITS = Limits(connect_s=0.6, login_s=1.0, probe_s=0.5, host_s=8.0, host_bytes=2 << 20)
SCRIPTS = (Script("one", "echo 1", timeout_s=0.5), Script("two", "echo 2", timeout_s=0.5))
BANNER = b"SSH-2.0-OpenSSH_9.9\r\n"


@pytest.fixture
def bench() -> Iterator[Hostile]:
    with Hostile() as bench:
        yield bench


@pytest.fixture
def visit(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Visit]:
    monkeypatch.setattr(Posix, "grace_s", 0.7)

    def visit(port: int, within_s: float, limits: Limits = LIMITS) -> Visit:
        """Visit within a time, with no more memory than a flood may cost."""
        target = SshTarget("host", "127.0.0.1", port, USER, (keys.good,), pinned=(public(keys.host),))
        memory, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        made = SshTransport(target, Stop()).visit(SCRIPTS, limits, lambda _: None)
        assert time.monotonic() - begun < within_s
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50_000
        told = [made.reached, made.host_key, made.login, *(output.missing for output in made.outputs), *made.attempts]
        words = "".join(str(one) for one in told if isinstance(one, Missing | str))
        assert words == one_line(words, 1 << 20), "no control character in any word of it"
        return made

    return visit


@pytest.mark.parametrize(
    ("handler", "why", "words"),
    [
        (says(b""), Why.NOT_SSH, "no SSH banner within 0.6 s"),
        (repeats(b"S", 0.05), Why.NOT_SSH, "no SSH banner within 0.6 s, but 'SSS"),
        (repeats(b"x", 0.01, b"SSH-2.0-"), Why.NOT_SSH, "no SSH banner within 0.6 s"),
        (repeats(b"Welcome\r\n", 0.1), Why.NOT_SSH, "no SSH banner within 0.6 s, but 'Welcome'"),
        (repeats(b"Welcome\r\n", 0), Why.NOT_SSH, "Welcome"),
        (repeats(b"x" * 60_000, 0), Why.NOT_SSH, "no SSH banner in the first 64 KiB"),
        (says(ESCAPES + b"\n" + ESCAPES, then="close"), Why.NOT_SSH, "\\\\x1b"),
        (
            says(b"HTTP/1.1 400 Bad Request\r\n\r\n", then="close"),
            Why.NOT_SSH,
            "it answered 'HTTP/1.1 400 Bad Request'",
        ),
        (says(b"Not allowed at this time\r\n", then="close"), Why.CONNECTION_LOST, "lets nobody in for now"),
        (says(b"", then="close"), Why.CONNECTION_LOST, "closed before the SSH banner"),
        (says(b"", then="reset"), Why.CONNECTION_LOST, "closed before the SSH banner"),
        (says(b"SSH-1.5-old\r\n"), Why.LEGACY_ALGORITHMS, "SSH-1.5-old"),
        (says(BANNER), Why.LOGIN_TIMED_OUT, "no key exchange within 1 s"),
        (says(BANNER, then="close"), Why.CONNECTION_LOST, "during the key exchange"),
        (says(BANNER + b"\xff\xff\xff\xf0" + b"\0" * 8), Why.CONNECTION_LOST, "during the key exchange"),
        (says(BANNER + b"\x7f\xff\xff\xf4" + b"\0" * 9), Why.LOGIN_TIMED_OUT, "no key exchange"),
        (repeats(b"\0" * 65536, 0, BANNER + b"\x7f\xff\xff\xf4"), Why.NOT_SSH, "the host sent more than 1024 KiB"),
    ],
)
def test_before_the_key_exchange(
    bench: Hostile, visit: Callable[..., Visit], handler: hostile.Handler, why: Why, words: str
) -> None:
    made = visit(bench.tcp(handler), 2.0)
    assert isinstance(made.reached, Reached)
    assert isinstance(made.login, Missing)
    assert made.login.why is why, made.login
    assert words in str(made.login), made.login
    assert made.host_key == made.login
    assert made.outputs == ()
    again = why is Why.CONNECTION_LOST and "nobody" not in words
    assert len(made.attempts) == (2 if again else 1)


@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("after", [100, 900, 1500, 2500])
def test_a_connection_that_stalls_or_breaks_anywhere(
    bench: Hostile, visit: Callable[..., Visit], keys: Keys, after: int, *, close: bool
) -> None:
    """Within the offer, the exchange, the login or the first words of the shell."""
    port = bench.ssh(keys.host, hostile.Open, process_factory=hostile.hangs, encoding=None)
    made = visit(bench.stalling(port, after, close=close), 7.0)
    missing = made.login if isinstance(made.login, Missing) else made.outputs[0].missing
    assert isinstance(missing, Missing)
    expected = {Why.CONNECTION_LOST} if close else {Why.LOGIN_TIMED_OUT, Why.TIMED_OUT, Why.CONNECTION_LOST}
    assert missing.why in expected


def test_a_login_that_is_not_answered(bench: Hostile, visit: Callable[..., Visit], keys: Keys) -> None:
    made = visit(bench.ssh(keys.host, hostile.Deaf), 2.5)
    assert isinstance(made.host_key, HostKey)
    assert isinstance(made.login, Missing)
    assert made.login.why is Why.LOGIN_TIMED_OUT
    assert len(made.attempts) == 1


def test_a_banner_that_steers_terminals(bench: Hostile, visit: Callable[..., Visit], keys: Keys) -> None:
    made = visit(bench.ssh(keys.host, hostile.Rude), 2.0)
    assert isinstance(made.login, Missing)
    assert made.login.why is Why.LOGIN_REFUSED


@pytest.mark.parametrize(
    "options",
    [
        {"kex_algs": ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"]},
        {"encryption_algs": ["aes128-cbc", "3des-cbc"]},
        {"mac_algs": ["hmac-sha1", "hmac-md5"], "encryption_algs": ["aes128-ctr"]},
    ],
)
def test_legacy_algorithms(
    bench: Hostile, visit: Callable[..., Visit], keys: Keys, options: dict[str, list[str]]
) -> None:
    made = visit(bench.ssh(keys.host, hostile.Open, **options), 2.0)
    assert isinstance(made.reached, Reached)
    assert isinstance(made.login, Missing)
    assert made.login.why is Why.LEGACY_ALGORITHMS
    assert next(iter(options.values()))[0] in made.login.detail, "what it offers is told"
    assert made.host_key == made.login


@pytest.mark.parametrize(
    ("process", "whys"),
    [
        (hostile.hangs, [Why.TIMED_OUT, Why.TIMED_OUT]),
        (hostile.begins_only, [Why.TIMED_OUT, Why.TIMED_OUT]),
        (hostile.floods(stderr=False), [Why.OUTPUT_CUT, Why.OUTPUT_CUT]),
        (hostile.floods(stderr=True), [Why.OUTPUT_CUT, Why.OUTPUT_CUT]),
        (hostile.dies, [Why.CONNECTION_LOST, Why.CONNECTION_LOST]),
    ],
)
def test_a_shell_that_misbehaves(
    bench: Hostile, visit: Callable[..., Visit], keys: Keys, process: object, whys: list[Why]
) -> None:
    port = bench.ssh(keys.host, hostile.Open, process_factory=process, encoding=None)
    made = visit(port, 9.0)
    ready = process in {hostile.begins_only, hostile.dies}  # another one was never seen to run a command
    assert isinstance(made.login, Login) if ready else made.login == made.outputs[0].missing
    assert [output.missing and output.missing.why for output in made.outputs] == whys, made.outputs
    if whys[0] is Why.CONNECTION_LOST:
        assert isinstance(made.reached, Missing)
        assert sum("logged in" in attempt or "by publickey" in attempt for attempt in made.attempts) == 2
