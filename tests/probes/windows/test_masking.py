"""The masker for Windows is run on the stand-in: what it makes of a file is what the one for Linux makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output, Script
from readiness.probes.configuration import Configuration
from readiness.probes.windows.configuration import PROBES
from tests.bench import machine, stand_in
from tests.probes import real
from tests.probes.askings import asking
from tests.probes.samples import parsed as parsed_of_linux
from tests.probes.test_configuration import CANARY, GOOD, KNOWN, SPELT, _broken, digest

from .facts import parsed

(PROBE,) = PROBES
AROUND = ("%s\n", "Director {\n  Name = a\n  %s\n}\n", "Director { Name = a; %s }\n")
FOLDER = "C:\\conf\\"


def described(files: dict[str, bytes], tmp_path: Path) -> dict[str, str]:
    """The variables of a machine with these files in a folder."""
    one = machine.Machine.load("win2022", tmp_path / "machine")
    folder = tmp_path / "machine" / "C" / "conf"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return one.environment()


def run(environment: dict[str, str], *names: str, nonce: str = real.NONCE) -> Output:
    arguments = (*KNOWN, *(f"file={FOLDER}{name}" for name in names))
    text = PROBE.text_for(asking(system="windows"))
    script = Script(PROBE.name, text, arguments, 120.0, shell="powershell", nonce=nonce)  # noqa: S604 - a name
    return stand_in.run(script, env=environment, timeout_s=120)[0]


def configuration(output: Output) -> Configuration:
    fact = parsed(output)
    assert isinstance(fact, Configuration), output
    return fact


@pytest.fixture(autouse=True)
def _needs_the_stand_in() -> None:
    stand_in.executable()


def same_on_both(texts: Sequence[str], tmp_path: Path) -> Output:
    """Both scripts read the same files and give the same fact; the output of the one for Windows."""
    files = {f"{number}.conf": text.encode("latin-1") for number, text in enumerate(texts)}
    with real.roots_folder() as linux:
        for name, data in files.items():
            (linux / name).write_bytes(data)
        asked = [f"file={linux / name}" for name in files]
        theirs = parsed_of_linux(real.run("configuration", [*KNOWN, *asked]))
    assert isinstance(theirs, Configuration)
    output = run(described(files, tmp_path), *files)
    ours = configuration(output)
    for number, name in enumerate(files):
        one, other = ours.files[FOLDER + name], theirs.files[str(linux / name)]
        told = str(replace(other, path="")).replace(str(linux / name), FOLDER.replace("\\", "\\\\") + name)
        assert str(replace(one, path="")) == told, texts[number]
    return output


def test_every_spelling_of_a_secret_is_masked_as_on_linux(tmp_path: Path) -> None:
    texts = [
        around % spelt.replace("%s", CANARY) + "Client { Name = after; Address = 192.0.2.1 }\n"
        for around in AROUND
        for spelt in SPELT
        if not spelt.startswith("@")  # what can be included differs by the paths that there are
    ]
    output = same_on_both([*texts, ""], tmp_path)
    assert CANARY.lower() not in (output.stdout + output.stderr).decode().lower()


def test_a_secret_has_one_digest_at_both_ends(tmp_path: Path) -> None:
    texts = [f"Director {{\n Name = here\n P A S S word = {spelt}\n}}\n" for spelt, _ in GOOD]
    ours = configuration(same_on_both(texts, tmp_path))
    found = [one.of_kind("director")[0].get("password") for one in ours.files.values()]
    assert [one and one.digest for one in found] == [digest(value) for _, value in GOOD]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(_broken(), min_size=20, max_size=30))
def test_no_broken_configuration_lets_a_secret_out(texts: Sequence[str], tmp_path_factory: Any) -> None:
    plain = [text.replace("\r", "").replace("@", "x") for text in texts]
    output = same_on_both(plain, tmp_path_factory.mktemp("both"))
    assert CANARY.encode() not in output.stdout + output.stderr


BOTH = 'Director {\n  Name = "a"\n  Password = word\n  Password = "x; y"\n}\n'


def test_ends_of_lines_and_a_mark_at_the_beginning_change_nothing(tmp_path: Path) -> None:
    text = BOTH.encode()
    files = {"lf": text, "crlf": text.replace(b"\n", b"\r\n"), "mark": b"\xef\xbb\xbf" + text, "end": text.rstrip()}
    found = configuration(run(described(files, tmp_path), *files))
    told = [
        [(one.name, one.value, one.digest) for one in found.files[FOLDER + n].resources[0].directives] for n in files
    ]
    assert told == [told[0]] * 4
    assert told[0][1] == ("password", None, digest("word"))
    assert not any(one.unread for one in found.files.values())


def test_what_is_included_is_read_from_this_host_s_drives_alone(tmp_path: Path) -> None:
    files = {
        "x.conf": (
            b'@"C:\\\\conf\\\\one.conf"\n@C:/conf/one.conf\n@\\\\other\\share\\x.conf\n@C:\\conf\\no.conf\n@|"dir"\n'
        ),
        "one.conf": b"Client { Name = one; Password = %s }\n" % CANARY.encode(),
    }
    output = run(described(files, tmp_path), "x.conf")
    (found,) = configuration(output).files.values()
    assert [one.value("name") for one in found.resources] == ["one", "one"]
    assert [one.partition(": ")[2] for one in found.unread] == [
        "not understood",
        "there is no such file",
        "includes what a command prints, and a command is never run",
    ]
    assert CANARY.encode() not in output.stdout


def test_names_of_peers_are_resolved_there(tmp_path: Path) -> None:
    text = b"".join(
        b"Client { Name = x; Address = %s }\n" % one for one in (b"dir01.lab.example", b"10.99.0.5", b"no.example")
    )
    found = configuration(run(described({"x.conf": text}, tmp_path), "x.conf")).resolved
    assert found == {"dir01.lab.example": ("10.99.0.11",), "10.99.0.5": ("10.99.0.5",), "no.example": ()}


def test_without_a_nonce_nothing_is_read(tmp_path: Path) -> None:
    found = parsed(run(described({"x.conf": BOTH.encode()}, tmp_path), "x.conf", nonce=""))
    assert isinstance(found, Missing)
    assert found.why is Why.UNREADABLE
