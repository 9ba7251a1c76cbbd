"""The masker is run for real: what it prints holds no secret, in whatever spelling, and is what Bacula itself reads."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readiness.core.scripts import Output
from readiness.probes.configuration import Configuration, arguments_of

from . import real
from .askings import asking
from .samples import parsed

CANARY = "cAnArY"
# What the catalogue says that may leave, as a host with every role is told; the files are the tests' own.
KNOWN = tuple(argument for argument in arguments_of(asking()) if not argument.startswith(("file=", "folder=")))
AWKS = {"mawk": ["mawk"], "gawk": ["gawk"], "original-awk": ["original-awk"], "busybox": ["busybox", "awk"]}


def awk_path(name: str, folder: Path) -> str:
    """A PATH whose first `awk` is this one."""
    real.need(AWKS[name][0])
    tool = folder / "awk"
    if not tool.exists():
        tool.write_text(f'#!/bin/sh\nexec /usr/bin/{" ".join(AWKS[name])} "$@"\n')
        tool.chmod(0o755)
    return f"{folder}:{real.PATH}"


def read(*files: Path, path: str = real.PATH, shell: str = "dash") -> Output:
    return real.run(
        "configuration",
        [*KNOWN, *(f"folder={one.parent}" for one in files), *(f"file={one}" for one in files)],
        path=path,
        shell=shell,
    )


def configuration(output: Output) -> Configuration:
    fact = parsed(output)
    assert isinstance(fact, Configuration), output
    return fact


def digest(value: str) -> str:
    return hashlib.sha256((real.NONCE + value).encode()).hexdigest()


@pytest.fixture(params=AWKS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return awk_path(str(request.param), tmp_path)


SPELT = [
    'Password = "%s"',
    "Password = %s",
    "password=%s",
    'P a s s w o r d = "%s"',
    "PASS word\t=\t%s",
    'Password\n=\n"%s"',
    'Password =\n  "%s"',
    "Password = \\\n%s",
    'Password = "%s" # the same',
    '# Password = "%s"',
    "#Password=%s",
    'Name = x # was %s, "%s"',
    'Password = "one\n%s\nthree"',
    'Password = "\\"%s\\\\"',
    'Password "%s"',
    "Password: %s",
    "Password = x%s=%s",
    "Password = x;%s=%s",
    "Password = x}%s{%s",
    "Password = x,%s",
    "Password = {%s}",
    "Password = =%s",
    "Password = x %s = y",
    'Password = "x" %s = y',
    'Password = "x"%s = y',
    'Password = "x" "%s"',
    'Password = "x";%s = y',
    "Password = @%s",
    'DB Password = "%s"; DB User = x',
    "dbpassword=%s;",
    'Secret Key = "%s"',
    "My Own Token = %s",
    'Api_Key = "%s"',
    'Passphrase = "%s"',
    'Credentials { user = x; value = "%s" }',
    'Run Before Job = "mysqldump -p%s"',
    'Mail Command = "/usr/bin/curl -u x:%s"',
    'Plugin = "pgsql: pass=%s"',
    'Description = "password: %s"',
    "Description = p w d %s",
    'Name = "unended\nPassword = %s\nAddress = "y"',
    'Name = "unended\nPassword = "%s"\nAddress = y',
    "db uri = postgres://bacula:%s@host/db",
    '@|"/usr/bin/secret --token %s"',
    "@|/bin/echo %s",
    'Pass-word = "%s"',
    "%s",
    '"%s" = x',
    "x\\%s",
    "Name =\nPassword = \\\na = %s",
    "Name = # what follows is no value\nPassword = \\\na = %s",
]


@pytest.mark.parametrize("spelt", SPELT)
@pytest.mark.parametrize("around", ["%s\n", "Director {{\n  Name = a\n  %s\n}}\n", "Director {{ Name = a; %s }}\n"])
def test_no_spelling_lets_a_secret_out(spelt: str, around: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "x.conf"
    text = around.replace("{{", "{").replace("}}", "}") % spelt.replace("%s", CANARY)
    file.write_text(text + "Client { Name = after; Address = 192.0.2.1 }\n")
    output = read(file, path=path)
    assert CANARY.lower() not in (output.stdout + output.stderr).decode().lower()
    configuration(output)


GOOD = [
    ('"plain"', "plain"),
    ('"with \\"quotes\\" and \\\\"', 'with "quotes" and \\'),
    ('"over\nlines"', "over\nlines"),
    ("word", "word"),
    ("two words", "twowords"),
    ("a.b c", "a.b"),
    ("ab1 c", "ab1"),
    ("9abc d", "9abc"),
    ("x+/y", "x+/y"),
    ('""', ""),
    ('"a;b}c#d{e"', "a;b}c#d{e"),
    ("abc#no", "abc"),
]


@pytest.mark.parametrize(("spelt", "value"), GOOD)
def test_a_digest_is_that_of_the_value_as_bacula_reads_it(spelt: str, value: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "x.conf"
    file.write_text(f"{_OTHERS}Director {{\n Name = here\n P A S S word = {spelt}\n}}\n")
    real.need("bfdjson", "bacula-fd")
    said = json.loads(subprocess.run(["bfdjson", "-c", file], capture_output=True, check=True).stdout)
    assert [one["Director"].get("Password", "") for one in said if "Director" in one] == [value]
    (director,) = configuration(read(file, path=path)).files[str(file)].of_kind("Director")
    found = director.get("Password")
    assert found is not None
    assert (found.value, found.digest) == (None, digest(value))


@pytest.mark.parametrize("value", ["d", '"d"', "d # a comment", "d;"])
def test_lines_may_end_as_on_windows(value: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "x.conf"
    text = f'{_OTHERS}Director {{\n Name = {value}\n Password = "over\nlines"\n TLS Enable = no\n}}\n'
    file.write_bytes(text.replace("\n", "\r\n").encode())
    real.need("bfdjson", "bacula-fd")
    printed = json.loads(subprocess.run(["bfdjson", "-c", file], capture_output=True, check=True).stdout)
    (theirs,) = (resource["Director"] for resource in printed if "Director" in resource)
    (director,) = configuration(read(file, path=path)).files[str(file)].of_kind("Director")
    assert {name: director.value(name) for name in ("Name", "TLS Enable")} == {"Name": "d", "TLS Enable": "no"}
    assert theirs["Name"] == "d"
    password = director.get("Password")
    assert password is not None
    assert password.digest == digest(theirs["Password"])


_OTHERS = """\
FileDaemon {
  Name = x-fd; Working Directory = /tmp # a comment
  Pid Directory = "/tmp"
  TLS Key = /etc/x.key
}
Messages
{
  Name = Standard; director = here = all, !skipped
}
"""


def test_resources_are_those_that_bacula_reads(path: str, tmp_path: Path) -> None:
    real.need("bdirjson", "bacula-director")
    included = tmp_path / "clients.conf"
    included.write_text(
        'Client { Name = c0; Address=c0.example; Password="p"; Catalog = x }\n'
        'Catalog { Name = x; dbname = "b"; dbuser = x }\n'
    )
    common = tmp_path / "common.conf"
    common.write_text("Maximum Concurrent Jobs = 7\nPassword = x\n")
    file = tmp_path / "dir.conf"
    file.write_text(f"""@{included}
Director {{ Name = d; Working Directory = /tmp; Pid Directory = /tmp; Query File = "/q"; @"{common}"
  Messages = Standard }}
Messages {{ Name = Standard; append = "/tmp/x" = all, !skipped }}
FileSet {{ Name = "Full-Set"
  Include {{ Options {{ Signature = MD5 }}
    File = /usr/sbin }}
}}
Storage {{ Name = s; Address = s.example; Password = y; Device = v; Media Type = File }}
Pool {{ Name = p; Pool Type = Backup }}
Job {{ Name = j; Type = Backup; Level = Full; Client = c0; FileSet = "Full-Set"; Storage = s
  Messages = Standard; Pool = p }}
""")
    said = json.loads(subprocess.run(["bdirjson", "-c", file], capture_output=True, check=True).stdout)
    found = configuration(read(file, path=path)).files[str(file)]
    assert not found.unread
    theirs = {(kind.lower(), values["Name"]) for one in said for kind, values in one.items()}
    assert {(one.kind, one.value("name")) for one in found.resources} == theirs
    director = found.of_kind("Director")[0]
    assert director.value("MaximumConcurrentJobs") == "7"
    assert director.get("Password").location == f"{common}:2"  # type: ignore[union-attr]
    (fileset,) = found.of_kind("file set")
    assert [(one.name, one.value) for one in fileset.directives] == [
        ("name", "Full-Set"),
        ("include.options.signature", "MD5"),
        ("include.file", "/usr/sbin"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("@|\"sh -c 'cat /etc/bacula/clients/*'\"\n", "a command is never run"),
        ("@{own}.no\n", "no such file"),
        ("@relative.conf\n", "not understood"),
        ("@{own}\n", "includes itself"),
        ("@/proc/1/status\n", "lies in none of the folders"),
        ("Director {\n", "has no end"),
        ("}\n", "closes nothing"),
        ("Name = x\n", "stands in no resource"),
        ('Director { Name = "x\n', "not understood"),
        ("Director { Name }\n", "not understood"),
        ("Director { = x }\n", "not understood"),
    ],
)
def test_what_is_not_read_is_told(text: str, told: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "x.conf"
    file.write_text(text.replace("{own}", str(file)))
    (found,) = configuration(read(file, path=path)).files.values()
    assert any(told in one for one in found.unread), found


def test_a_command_in_the_configuration_is_not_run(path: str, tmp_path: Path) -> None:
    file, planted = tmp_path / "x.conf", tmp_path / "planted"
    file.write_text(
        f'@|"touch {planted}"\n@|touch {planted}\nDirector {{ Name = $(touch {planted}); x = `touch {planted}` }}\n'
    )
    configuration(read(file, path=path))
    assert not planted.exists()


def test_without_a_nonce_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real, "NONCE", "")
    file = tmp_path / "x.conf"
    file.write_text("Director { Name = a; Password = b }\n")
    output = read(file)
    assert output.stdout == b"no_nonce\t.\nend\n"
    assert parsed(output) is None


_NAMES = ("Name", "Address", "Password", "P a s s w o r d", "DB PASSWORD", "Secret Key", "tls key", "Run", "Director")
_MARKS = (
    "=",
    " = ",
    "=\n",
    '"',
    "\\",
    "\\\n",
    "\n",
    "\r\n",
    "\t",
    " ",
    ";",
    "{",
    "}",
    "#",
    "@",
    "@|",
    ",",
    "'",
    "/",
    "\xe4",
)
_WORDS = st.sampled_from((*_NAMES, *_MARKS))
_SECRETS = ("Password", "p a s s w o r d", "DBPassword", "Secret Key", "ApiToken", "passphrase")
_VALUES = (f'"{CANARY}"', CANARY, f'"a\n{CANARY}"', f'"\\"{CANARY}', f"1{CANARY}", f"a={CANARY}")


@st.composite
def _broken(draw: st.DrawFn) -> str:
    """A secret's directive with a canary somewhere in its value, between fragments of configuration in any order."""
    before = "".join(draw(st.lists(_WORDS, max_size=12)))
    name = draw(st.sampled_from(_SECRETS))
    equals = draw(st.sampled_from(["=", " = ", "= \\\n", " \n= "]))
    value = draw(st.sampled_from(_VALUES))
    after = "".join(draw(st.lists(_WORDS, max_size=12)))
    return f"{before}\n{name}{equals}{value}{after}\n"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(_broken(), min_size=1, max_size=8))
def test_no_broken_configuration_lets_a_secret_out(texts: Sequence[str], path: str, tmp_path: Path) -> None:
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.conf")
        files[-1].write_text(text, encoding="latin-1")
    output = read(*files, path=path)
    assert CANARY.encode() not in output.stdout + output.stderr, texts
    configuration(output)
