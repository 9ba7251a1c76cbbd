"""WinRM against a listener that speaks the real protocol: logons, refusals, troubles, the contract of transports."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from spnego.channel_bindings import GssChannelBindings

from readiness.core.facts import Login, Missing, Reached, Why, WinrmListener
from readiness.core.scripts import Limits, Output, Script, Transport, Visit
from readiness.demo.winrm_batch import Batch
from readiness.transports import TRANSPORTS, Budget, Stop
from readiness.transports.shells.powershell import PowerShell, errors_in
from readiness.transports.winrm import shell as winrm_shell
from readiness.transports.winrm import transport as winrm_transport
from readiness.transports.winrm.login import probe_listener
from readiness.transports.winrm.target import WinrmTarget
from readiness.transports.winrm.transport import WinrmTransport
from tests.bench import hostile
from tests.bench import winrm_programs as programs
from tests.bench import winrm_soap as soap
from tests.bench.certificates import Authority
from tests.bench.winrm_server import Host, Troubles, listening
from tests.bench.winrm_shells import Settings, Step
from tests.transports.conftest import open_sockets
from tests.transports.full_contract import QUICK, FullContract

WORD = "Pa55 w\u00f6rd"
USERS = {"check": WORD}
LOGONS = [("http", "ntlm"), ("https", "ntlm"), ("https", "basic"), ("https", "certificate")]
ONE, TWO = Script("one", "say [1]"), Script("two", "say [2]")
pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def target(host: Host, **changes: Any) -> WinrmTarget:
    values: dict[str, Any] = {
        "name": "host",
        "address": host.listener.address,
        "port": host.port,
        "scheme": "https" if host.listener.certificate else "http",
        "user": "check",
        "password": USERS["check"],
    }
    return WinrmTarget(**{**values, **changes})


def visit(host: Host, *scripts: Script, limits: Limits = QUICK, stop: Stop | None = None, **changes: Any) -> Visit:
    """One visit, after which no shell is open; `done` heard each output once."""
    heard: list[Output] = []
    made = WinrmTransport(target(host, **changes), stop or Stop()).visit(scripts or (ONE, TWO), limits, heard.append)
    assert tuple(heard) == made.outputs
    assert host.shells.open == {}
    return made


def why(value: object) -> Why | None:
    return value.why if isinstance(value, Missing) else None


def whys(made: Visit) -> list[Why | None]:
    return [why(output.missing) for output in made.outputs]


# Logons.


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("scheme", "auth"), LOGONS)
def test_each_logon(authority: Authority, scheme: str, auth: str, chunked: bool) -> None:
    own = authority.user("check")
    with listening(
        users=USERS,
        certificate=authority.server("127.0.0.1") if scheme == "https" else None,
        client_ca=authority.ca if auth == "certificate" else None,
        chunked=chunked,
        clock_s=-3600,
        program=programs.pretend,
    ) as host:
        made = visit(host, auth=auth, ca_file=authority.ca, certificate=own[0], certificate_key=own[1])
        assert isinstance(made.reached, Reached)
        assert made.login == Login("check", auth)
        assert why(made.host_key) is Why.NOT_ASKED
        assert [output.stdout for output in made.outputs] == [b"[1]", b"[2]"]
        assert host.logons == [("check", True)]
        assert host.plain_messages == 0
        assert (host.shells.opened, len(host.shells.lines)) == (1, 1)
        assert host.shells.actions.count("Signal") == 1
        assert host.shells.lines[0].startswith("%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\powershell.exe ")
        assert host.shells.options == [
            {"WINRS_NOPROFILE": "TRUE", "WINRS_CODEPAGE": "65001"},
            {"WINRS_CONSOLEMODE_STDIN": "FALSE", "WINRS_SKIP_CMD_SHELL": "FALSE"},
        ]
        listener = made.fact(WinrmListener)
        assert isinstance(listener, WinrmListener)
        assert (listener.scheme, listener.used, listener.sealed) == (scheme, auth, scheme == "http")
        assert listener.offered == ("Negotiate", "Basic")
        assert listener.offset_s is not None
        assert abs(listener.offset_s + 3600) < 1.5
        assert (listener.certificate_sha256 is not None) == (scheme == "https")


def test_a_user_of_a_domain_and_a_listener_on_ipv6() -> None:
    with listening(users={"LAB\\check": WORD}, program=programs.pretend, address="::1") as host:
        made = visit(host, user="LAB\\check", password=WORD)
        assert isinstance(made.login, Login)
        assert host.logons == [("LAB\\check", True)]


@pytest.mark.parametrize(("scheme", "auth"), [("http", "ntlm"), ("https", "ntlm"), ("https", "basic")])
@pytest.mark.parametrize("user", ["check", "nobody"])
def test_a_wrong_password_is_tried_once(authority: Authority, scheme: str, auth: str, user: str) -> None:
    certificate = authority.server("127.0.0.1") if scheme == "https" else None
    with listening(users=USERS, certificate=certificate, program=programs.pretend) as host:
        made = visit(host, auth=auth, user=user, password=f"not {WORD}", ca_file=authority.ca)
        assert why(made.login) is Why.LOGIN_REFUSED
        assert made.outputs == ()
        assert isinstance(made.reached, Reached)
        assert host.logons == [(user, False)]
        assert host.shells.opened == 0


def test_a_certificate_of_nobody(authority: Authority) -> None:
    own = authority.user("nobody")
    server = authority.server("127.0.0.1")
    with listening(users=USERS, certificate=server, client_ca=authority.ca, program=programs.pretend) as host:
        made = visit(host, auth="certificate", ca_file=authority.ca, certificate=own[0], certificate_key=own[1])
        assert why(made.login) is Why.LOGIN_REFUSED
        made = visit(host, auth="certificate", ca_file=authority.ca, certificate=own[0], certificate_key=own[0].parent)
        assert why(made.login) is Why.LOGIN_REFUSED
        assert len(host.logons) == 1


def test_a_logon_is_bound_to_the_certificate(authority: Authority) -> None:
    with listening(users=USERS, certificate=authority.server("127.0.0.1"), program=programs.pretend) as host:
        host._server.bindings = other_bindings()
        assert why(visit(host, ca_file=authority.ca).login) is Why.LOGIN_REFUSED


def other_bindings() -> GssChannelBindings:
    return GssChannelBindings(application_data=b"tls-server-end-point:" + b"\0" * 32)


def test_a_key_that_needs_a_passphrase_is_told(authority: Authority, tmp_path: Path) -> None:
    """OpenSSL would ask the terminal for it, and wait."""
    certificate, key = authority.user("check")
    pem = load_pem_private_key(key.read_bytes(), None)
    locked = pem.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "locked.key").write_bytes(locked)
    files: dict[str, Any] = {"certificate": certificate, "certificate_key": tmp_path / "locked.key"}
    one = WinrmTarget("h", "127.0.0.1", auth="certificate", **files)
    made = WinrmTransport(one, Stop()).visit((ONE,), QUICK, lambda _: None)
    assert isinstance(made.login, Missing)
    assert "the key needs a passphrase" in made.login.detail


@pytest.mark.parametrize("name", ["ca_file", "certificate", "certificate_key"])
def test_a_file_that_becomes_a_pipe_holds_no_visit_up(authority: Authority, tmp_path: Path, name: str) -> None:
    certificate, key = authority.user("check")
    files: dict[str, Any] = {
        "ca_file": authority.ca,
        "certificate": certificate,
        "certificate_key": key,
        name: tmp_path / "pipe",
    }
    os.mkfifo(tmp_path / "pipe")
    one = WinrmTarget("h", "127.0.0.1", auth="certificate", **files)
    made = WinrmTransport(one, Stop()).visit((ONE,), QUICK, lambda _: None)
    assert isinstance(made.login, Missing)
    assert "a pipe, not a regular file" in made.login.detail


@pytest.mark.parametrize(
    "changes",
    [
        {"scheme": "http", "auth": "basic"},
        {"scheme": "http", "auth": "certificate"},
        {"auth": "kerberos"},
        {"auth": "credssp"},
        {"scheme": "ftp"},
        {"password": ""},
        {"auth": "certificate"},
    ],
)
def test_what_is_refused_before_anything_is_sent(changes: dict[str, str]) -> None:
    values: dict[str, Any] = {"name": "h", "address": "127.0.0.1", "user": "check", "password": WORD, **changes}
    with pytest.raises(ValueError, match="h: ") as refused:
        WinrmTarget(**values)
    assert WORD not in str(refused.value)


def test_the_password_shows_nowhere() -> None:
    one = WinrmTarget("h", "::1", user="check", password=WORD)
    assert WORD not in repr(one)
    assert one.url == "https://[::1]:5986/wsman"


def test_the_environment_plays_no_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with listening(users=USERS, program=programs.pretend) as host:
        assert whys(visit(host)) == [None, None]


def test_a_certificate_that_is_not_trusted(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca))
    other = Authority(tmp_path)
    for server, ca in [
        (authority.server("127.0.0.1"), None),
        (authority.server("127.0.0.1"), other.ca),
        (authority.server("localhost"), authority.ca),
    ]:
        with listening(users=USERS, certificate=server, program=programs.pretend) as host:
            made = visit(host, auth="basic", ca_file=ca)
            assert why(made.reached) is Why.CERTIFICATE_NOT_TRUSTED
            assert why(made.login) is Why.CERTIFICATE_NOT_TRUSTED
            assert host.logons == []


# Reasons before a logon.


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(("address", "reason"), [("127.0.0.1", Why.REFUSED), ("nowhere.invalid", Why.NO_SUCH_NAME)])
def test_nobody_there(address: str, reason: Why) -> None:
    one = WinrmTarget("h", address, closed_port(), "http", user="check", password=WORD)
    made = WinrmTransport(one, Stop()).visit((ONE,), QUICK, lambda _: None)
    assert (why(made.reached), why(made.login), made.outputs) == (reason, reason, ())
    assert why(made.fact(WinrmListener)) is reason


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b'HTTP/1.1 401 \r\nWWW-Authenticate: Basic realm="router"\r\nContent-Length: 0\r\n\r\n',
        b"HTTP/1.1 302 \r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 \r\n" + b"X: y\r\n" * 500,
        b"HTTP/1.1 401 \r\n" + b"X" * 100_000,
        b"\x1b]0;owned\x07\r\n\r\n",
    ],
)
def test_it_is_no_winrm_listener(answer: bytes) -> None:
    with listening(users=USERS, troubles=Troubles(answer=answer)) as host:
        made = visit(host)
        expected = Why.NOT_WINRM if answer else Why.CONNECTION_LOST
        assert why(made.login) is expected
        assert "\x1b" not in str(made.login)
        assert host.logons == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("behave", [hostile.silent, hostile.dribbling_banner, hostile.endless_lines_before_the_banner])
def test_what_holds_up_or_floods_instead_of_answering(behave: hostile.Behaviour, scheme: str) -> None:
    limits = Limits(connect_s=1, login_s=1, host_s=10)
    with hostile.listening(behave) as port:
        begun = time.monotonic()
        one = WinrmTarget("h", "127.0.0.1", port, scheme, user="check", password=WORD)
        made = WinrmTransport(one, Stop()).visit((ONE,), limits, lambda _: None)
        assert time.monotonic() - begun < 2
        assert why(made.login) is Why.NOT_WINRM


def test_no_tls_where_tls_is_expected(authority: Authority) -> None:
    with listening(users=USERS) as host:
        assert why(visit(host, scheme="https", ca_file=authority.ca).login) is Why.NOT_WINRM


@pytest.mark.parametrize("schemes", [("Kerberos", 'Basic realm="WSMAN"'), ("CredSSP, Kerberos",), ()])
def test_a_scheme_that_is_not_offered_is_not_tried(schemes: tuple[str, ...]) -> None:
    with listening(users=USERS, schemes=schemes, program=programs.pretend) as host:
        made = visit(host)
        assert why(made.login) is Why.SCHEME_NOT_OFFERED
        assert isinstance(made.reached, Reached)
        assert isinstance(made.fact(WinrmListener), WinrmListener)
        assert host.logons == []


# Answers that would be expanded: refused before any parser sees them.

DTD = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def behind(declaration: bytes, answer: bytes) -> bytes:
    """The answer with something of the attacker's before its first element."""
    return declaration + answer[answer.index(b"<s:Envelope") :]


@pytest.mark.parametrize(
    ("rewrite", "word"),
    [
        (lambda answer: behind(DTD, answer), "DTD"),
        (lambda answer: behind(b"\xef\xbb\xbf" + DTD, answer), "DTD"),
        (lambda answer: behind(b" \r\n\t" + DTD, answer), "DTD"),
        (lambda answer: behind(b'<?xml version="1.0" encoding="utf-8"?>\n<!-- x -->' + DTD, answer), "DTD"),
        (lambda answer: behind(b'<!DOCTYPE x SYSTEM "file:///etc/passwd">', answer), "DTD"),
        (lambda answer: behind(b'<?xml-stylesheet href="x"?>', answer), "instruction"),
        (lambda answer: behind(b"", answer).replace(b"</s:Envelope>", b"<?x y?></s:Envelope>"), "instruction"),
        (lambda answer: behind(DTD, answer).decode().encode("utf-16"), "UTF-8"),
        (lambda answer: behind(DTD, answer).decode().encode("utf-16-le"), "UTF-8"),
        (lambda answer: behind(b"", answer).decode().encode("utf-16-be"), "UTF-8"),
        (lambda answer: behind(DTD, answer).decode().encode("utf-32"), "UTF-8"),
        (lambda answer: behind(DTD, answer).decode().encode("cp037"), "UTF-8"),
        (lambda answer: behind(b'<?xml version="1.0" encoding="cp037"?>', answer), "cp037"),
        (lambda answer: behind(b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE x>", answer), "UTF-7"),
        (lambda answer: behind(b'<?xml version="1.0" encoding="iso-8859-1"?>', answer), "iso-8859-1"),
        (lambda answer: behind(b"\xe9", answer), "UTF-8"),
    ],
)
@pytest.mark.parametrize("at", [1, 3])  # when the shell is opened, and in what a command printed
def test_an_answer_that_soap_forbids_is_not_parsed(rewrite: Callable[[bytes], bytes], word: str, at: int) -> None:
    count = itertools.count(1)
    changed = Troubles(rewrite=lambda status, text: (status, rewrite(text) if next(count) == at else text))
    with listening(users=USERS, troubles=changed, program=programs.pretend) as host:
        made = WinrmTransport(target(host), Stop()).visit((ONE,), QUICK, lambda _: None)
        missing = [made.login, *(output.missing for output in made.outputs)]
        told = [value for value in missing if isinstance(value, Missing)]
        assert {value.why for value in told} == {Why.UNREADABLE}
        assert any(word in value.detail and "HTTP 200" in value.detail for value in told)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_fault_that_soap_forbids_is_not_parsed(authority: Authority, scheme: str) -> None:
    """pywinrm has a parser of its own for answers with an error."""
    certificate = authority.server("127.0.0.1") if scheme == "https" else None
    forbidden = Troubles(rewrite=lambda _, text: (500, behind(DTD, text)))
    with listening(users=USERS, troubles=forbidden, certificate=certificate, program=programs.pretend) as host:
        made = WinrmTransport(target(host, ca_file=authority.ca), Stop()).visit((ONE,), QUICK, lambda _: None)
    assert isinstance(made.login, Missing)
    assert made.login.why is Why.UNREADABLE
    assert "(HTTP 500): XML with a DTD" in made.login.detail


def test_a_page_of_a_proxy_is_told_by_its_status() -> None:
    page = Troubles(rewrite=lambda _, __: (403, b"<!DOCTYPE html><html></html>"))
    with listening(users=USERS, troubles=page, program=programs.pretend) as host:
        made = WinrmTransport(target(host), Stop()).visit((ONE,), QUICK, lambda _: None)
        assert str(made.login) == "access denied: HTTP 403"


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"\xef\xbb\xbf",
        b'<?xml version="1.0"?>',
        b"<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\r\n<!-- x -->",
    ],
)
def test_an_answer_of_another_plain_form_is_read(begin: bytes) -> None:
    plain = Troubles(rewrite=lambda status, text: (status, behind(begin, text)))
    with listening(users=USERS, troubles=plain, program=programs.pretend) as host:
        assert isinstance(visit(host).login, Login)


# Refusals after a logon: one reason each.


@pytest.mark.parametrize(
    ("settings", "reason", "word"),
    [
        (Settings(may_not=frozenset({"check"})), Why.ACCESS_DENIED, "Remote Management Users"),
        (Settings(max_shells_per_user=0), Why.WINRM_QUOTA, "MaxShellsPerUser"),
        (Settings(max_operations_per_user=0), Why.WINRM_QUOTA, "MaxConcurrentOperationsPerUser"),
        (Settings(allow_remote_shell_access=False), Why.SHELLS_NOT_ALLOWED, "AllowRemoteShellAccess"),
        (Settings(max_envelope_kb=1), Why.ENVELOPE_TOO_LARGE, "MaxEnvelopeSizekb"),
    ],
)
def test_each_refusal_has_its_reason(settings: Settings, reason: Why, word: str) -> None:
    with listening(users=USERS, settings=settings, program=programs.pretend) as host:
        made = visit(host)
        assert why(made.login) is reason
        assert isinstance(made.login, Missing)
        assert word in made.login.detail + made.login.remedy
        assert made.outputs == ()
        assert host.logons == [("check", True)]


def test_a_quota_of_one_shell_is_enough() -> None:
    settings = Settings(max_shells_per_user=1)
    with listening(users=USERS, settings=settings, program=programs.pretend, troubles=Troubles(drop_after={4})) as host:
        for _ in range(2):
            assert whys(visit(host, ONE, Script("slow", "sleep 0.5"), TWO)) == [None, None, None]
        assert host.shells.opened == 3


def test_an_envelope_limit_that_the_batch_exceeds() -> None:
    with listening(users=USERS, settings=Settings(max_envelope_kb=50), program=programs.pretend) as host:
        noise = base64.b64encode(bytes(hash((n, "x")) % 251 for n in range(90_000))).decode()
        made = visit(host, Script("large", f"say [1] {noise}"))
        assert why(made.login) is Why.ENVELOPE_TOO_LARGE


@pytest.mark.parametrize("fault", [soap.schema_error(), soap.no_command_named(), soap.timed_out()])
def test_any_other_fault_is_told_with_its_number(monkeypatch: pytest.MonkeyPatch, fault: soap.Fault) -> None:
    def refuse(*_: object) -> str:
        raise fault

    with listening(users=USERS, program=programs.pretend) as host:
        monkeypatch.setattr(host.shells, "_create", refuse)
        made = visit(host)
        assert why(made.login) is Why.WINRM_FAULT
        assert str(fault.number) in str(made.login)


@pytest.mark.parametrize("fault", [soap.unknown_shell(), soap.unknown_command(), soap.too_many_operations(15)])
def test_a_fault_in_the_middle_costs_what_is_left(monkeypatch: pytest.MonkeyPatch, fault: soap.Fault) -> None:
    def refuse(*_: object) -> str:
        raise fault

    with listening(users=USERS, program=programs.pretend) as host:
        monkeypatch.setattr(host.shells, "_receive", refuse)
        made = visit(host)
        assert isinstance(made.login, Login)
        expected = Why.WINRM_QUOTA if fault.number == 2150859174 else Why.WINRM_FAULT
        assert whys(made) == [expected] * 2
        assert str(fault.number) in str(made.outputs[0].missing)


@pytest.mark.parametrize("status", [500, 401])
def test_what_a_host_says_to_a_message_in_the_clear(status: int) -> None:
    """Our own messages are sealed, so that only a broken logon could ever be told this."""
    with listening(users=USERS, program=programs.pretend, plain_refusal=status) as host:
        assert whys(visit(host)) == [None, None]
        assert host.plain_messages == 0


# Troubles in the middle.


@pytest.mark.parametrize(
    "troubles", [Troubles(drop_after={4}), Troubles(refuse_after={5: 401}), Troubles(refuse_after={5: 400})]
)
def test_a_connection_that_breaks_is_made_once_more(troubles: Troubles, monkeypatch: pytest.MonkeyPatch) -> None:
    probed: list[WinrmTarget] = []

    def probe(target: WinrmTarget, limits: Limits, budget: Budget) -> object:
        probed.append(target)
        return probe_listener(target, limits, budget)

    monkeypatch.setattr(winrm_transport, "probe_listener", probe)
    with listening(users=USERS, program=programs.pretend, troubles=troubles) as host:
        slow = Script("slow", "sleep 1.5")
        made = visit(host, ONE, slow, TWO)
        assert [output.stdout for output in made.outputs] == [b"[1]", b"[]", b"[2]"]
        assert host.logons == [("check", True)] * 2
        assert len(probed) == 1, "the listener is asked once"
        assert len(made.attempts) == 3
        assert isinstance(made.reached, Reached)


def test_scripts_that_are_done_are_not_run_again() -> None:
    with listening(users=USERS, program=programs.pretend, troubles=Troubles(drop_after={7})) as host:
        made = visit(host, ONE, Script("slow", "sleep 2.5"))
        assert whys(made) == [None, None]
        assert host.shells.sends[1] < host.shells.sends[0]


def test_a_connection_that_breaks_twice_is_a_reason() -> None:
    with listening(users=USERS, program=programs.pretend, troubles=Troubles(drop_after={7, 13})) as host:
        made = WinrmTransport(target(host), Stop()).visit((ONE, Script("slow", "sleep 3"), TWO), QUICK, lambda _: None)
        assert whys(made) == [None, Why.CONNECTION_LOST, Why.CONNECTION_LOST]
        assert why(made.reached) is Why.CONNECTION_LOST
        assert len(host.logons) == 2
        assert "a shell may stay open" in made.attempts[-1]


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5])
def test_silence_ends_by_the_deadline(after: int) -> None:
    limits = Limits(connect_s=1, login_s=1, probe_s=1, host_s=3)
    with listening(users=USERS, program=programs.pretend, troubles=Troubles(silent_after=after)) as host:
        begun = time.monotonic()
        slow = Script("slow", "sleep 60")
        made = WinrmTransport(target(host), Stop()).visit((slow, TWO), limits, lambda _: None)
        assert time.monotonic() - begun < 4
        assert why(made.login) in {Why.LOGIN_TIMED_OUT, Why.HOST_TIMED_OUT, Why.CONNECTION_LOST, None}
        assert None not in whys(made)
        assert len(host.logons) == 1


@pytest.mark.parametrize("troubles", [Troubles(endless=True), Troubles(dribble=True), Troubles(garbled=True)])
def test_answers_without_end_or_sense(troubles: Troubles) -> None:
    limits = Limits(connect_s=1, login_s=2, probe_s=1, host_s=3)
    with listening(users=USERS, program=programs.pretend, troubles=troubles) as host:
        begun = time.monotonic()
        made = WinrmTransport(target(host), Stop()).visit((ONE, TWO), limits, lambda _: None)
        assert time.monotonic() - begun < 4
        assert isinstance(made.login, Missing)
        assert made.outputs == ()


def test_a_stop_wakes_a_silent_visit() -> None:
    stop = Stop()
    with listening(users=USERS, program=programs.pretend, troubles=Troubles(silent_after=4)) as host:
        timer = threading.Timer(1.0, stop.set, (Why.INTERRUPTED,))
        timer.start()
        begun = time.monotonic()
        made = WinrmTransport(target(host), stop).visit((ONE,), QUICK, lambda _: None)
        timer.join()
        assert time.monotonic() - begun < 3.5
        assert why(made.reached) is Why.INTERRUPTED


@pytest.mark.parametrize("auth", ["basic", "certificate"])
def test_a_logon_that_each_request_carries_is_refused_once(authority: Authority, auth: str) -> None:
    """A password that was changed meanwhile, or an account that is locked: another try might lock it for good."""

    def program(stdin: bytes) -> Iterator[Step]:
        batch = Batch.read(stdin)
        yield "stdout", batch.mark("ready", 0)
        yield "stdout", batch.answer(batch.calls[0], 0, b"[1]")
        yield 0.5  # until that was received
        host.listener.users = {}
        yield 3600.0

    own = authority.user("check")
    certificate, client_ca = authority.server("127.0.0.1"), authority.ca if auth == "certificate" else None
    with listening(users=USERS, certificate=certificate, client_ca=client_ca, program=programs.pretend) as host:
        host.shells.program = program
        one = target(host, auth=auth, ca_file=authority.ca, certificate=own[0], certificate_key=own[1])
        made = WinrmTransport(one, Stop()).visit((ONE, TWO), QUICK, lambda _: None)
        assert whys(made) == [None, Why.LOGIN_REFUSED]
        assert host.logons == [("check", True), ("check", False)]
        assert "a shell may stay open" in made.attempts[-1]


# What runs there.


def test_a_powershell_that_never_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PowerShell, "start_s", 1.0)
    with listening(users=USERS, program=programs.never_says_anything) as host:
        made = visit(host)
        assert whys(made) == [Why.TIMED_OUT] * 2
        assert made.login == made.outputs[0].missing
        assert len(host.shells.lines) == 1


def test_a_powershell_that_does_not_run_the_batch() -> None:
    with listening(users=USERS, program=programs.never_ready) as host:
        made = visit(host)
        assert whys(made) == [Why.NO_COMMANDS] * 2
        assert made.login == made.outputs[0].missing
        assert "Only core types" in str(made.outputs[0].missing)
        assert len(host.shells.lines) == 1


def test_a_powershell_that_ends_under_a_script() -> None:
    with listening(users=USERS, program=programs.pretend) as host:
        made = visit(host, ONE, Script("exits", "exit 5"), TWO)
        assert whys(made) == [None, Why.UNREADABLE, None]
        assert "exit code 5: went & left" in str(made.outputs[1].missing)


def test_a_host_without_powershell(monkeypatch: pytest.MonkeyPatch) -> None:
    for line, word in [("powershell.exe", "not recognized"), ("%SystemRoot%" + "x" * 9000, "too long")]:
        monkeypatch.setattr(winrm_shell, "PROGRAM", line)
        monkeypatch.setattr(winrm_shell, "ARGUMENTS", ("-Command", "-"))
        with listening(users=USERS) as host:
            made = visit(host)
            assert whys(made) == [Why.NO_COMMANDS] * 2
            assert word in str(made.outputs[0].missing)


def test_five_megabytes_and_noise_beside_them() -> None:
    limits = dataclasses.replace(QUICK, host_bytes=16 << 20)
    big = Script("big", f"big {5 << 20}", max_bytes=5 << 20)
    with listening(users=USERS, program=programs.pretend) as host:
        made = visit(host, Script("errors", f"errors {1 << 20}"), big, TWO, limits=limits)
        assert whys(made) == [None, None, None]
        assert len(made.outputs[1].stdout) == 5 << 20


def test_a_host_may_not_send_more_than_its_share() -> None:
    limits = dataclasses.replace(QUICK, host_bytes=1 << 20)
    with listening(users=USERS, program=programs.pretend) as host:
        made = visit(host, ONE, Script("errors", f"errors {10 << 20}"), TWO, limits=limits)
        assert whys(made) == [None, Why.OUTPUT_CUT, Why.OUTPUT_CUT]


def test_a_batch_of_many_sends() -> None:
    words = [f"{n * n * 7919 % 104729:x}{n:x}" for n in range(60_000)]
    with listening(users=USERS, program=programs.pretend) as host:
        made = visit(host, Script("long", f"say {json.dumps(words)}", max_bytes=4 << 20))
        assert json.loads(made.outputs[0].stdout) == words
        assert len(host.shells.sends) > 2
        assert max(host.shells.sends) <= 100_000
        assert len(host.shells.lines[0]) < 2000


def test_errors_are_read_from_clixml() -> None:
    text = (
        b'\xef\xbb\xbf#< CLIXML\r\n<Objs><S S="progress">x</S>'
        b'<S S="Error">a &lt;b_x000D__x000A_</S><S S="Error"> c</S></Objs>'
    )
    assert errors_in(text) == "a <b c"
    assert errors_in(b"plain\r\nwords") == "plain words"
    assert errors_in(b"#< CLIXML") == ""


def test_many_hosts_at_once() -> None:
    with contextlib.ExitStack() as stack:
        hosts = [
            stack.enter_context(listening(users={f"user{n}": f"{WORD}{n}"}, program=programs.pretend)) for n in range(8)
        ]

        def one(number: int) -> bytes:
            made = visit(
                hosts[number], Script("own", f"say [{number}]"), user=f"user{number}", password=f"{WORD}{number}"
            )
            return made.outputs[0].stdout

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(one, range(8))) == [f"[{n}]".encode() for n in range(8)]


# The contract of all transports.


class Words:
    """The contract's sentences for `pretend`: what is said comes back in base64."""

    def say(self, stdout: bytes, stderr: bytes = b"", status: int = 0) -> str:
        assert not stderr
        assert not status
        return f'say ["{base64.b64encode(stdout).decode()}"]'

    def sleep(self, seconds: float) -> str:
        return f"sleep {seconds}"

    def flood(self) -> str:
        return "flood"

    def arguments(self) -> str:
        return "arguments"


class Unpacked:
    """A transport whose outputs are what the contract's sentences said."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        made = self._inner.visit(scripts, limits, lambda output: done(self._plain(output)))
        return dataclasses.replace(made, outputs=tuple(map(self._plain, made.outputs)))

    @staticmethod
    def _plain(output: Output) -> Output:
        if output.missing or output.stdout == b"[]":
            return dataclasses.replace(output, stdout=b"" if output.stdout == b"[]" else output.stdout)
        said = json.loads(output.stdout)
        if output.name == "words":
            return dataclasses.replace(output, stdout="".join(f"<{word}>" for word in said).encode())
        return dataclasses.replace(output, stdout=base64.b64decode(said[0]))


class TestWinrm(FullContract):
    kind = TRANSPORTS["winrm"]

    @pytest.fixture
    def host(self) -> Iterator[Host]:
        with listening(users=USERS, program=programs.pretend) as host:
            yield host
            assert host.shells.open == {}

    @pytest.fixture
    def connect(self, host: Host) -> Callable[[Stop], Transport]:
        return lambda stop: Unpacked(WinrmTransport(target(host), stop))

    @pytest.fixture
    def dialect(self) -> Words:
        return Words()

    @pytest.mark.parametrize("host_s", [2.7, 2.75, 2.8])  # the end falls into the third answer
    def test_little_time_is_enough_to_close_the_shell(
        self, visit: Callable[..., Visit], dialect: Words, host_s: float
    ) -> None:
        made = visit(Script("slow", dialect.sleep(20)), limits=Limits(connect_s=1, login_s=1, host_s=host_s))
        assert made.outputs[0].missing is not None
        assert made.outputs[0].missing.why is Why.HOST_TIMED_OUT

    # A script returns objects: there are no streams, and no statuses but 0 and 1. test_powershell.py has their like.
    test_standard_error_is_kept_apart = None  # type: ignore[assignment]
    test_exit_statuses = None  # type: ignore[assignment]
    test_output_of_just_the_limit_is_whole = None  # type: ignore[assignment]


def test_sockets_are_counted_at_all() -> None:
    before = open_sockets()
    with socket.create_server(("127.0.0.1", 0)):
        assert open_sockets() == before + 1
