"""Files of two formats on one host: each is masked in its own way, by its own product's directives."""

from __future__ import annotations

import contextlib
import hashlib
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from readiness import products
from readiness.configs import FORMATS, SYSTEMS
from readiness.configs.format import Format
from readiness.configs.statements import folded
from readiness.core.errors import InputError
from readiness.core.scripts import Output, Script
from readiness.probes import PROBES_OF
from readiness.probes.configuration import Configuration
from readiness.probes.reading import script as script_of
from readiness.yaml_text.known import Known
from tests.bench import machine, stand_in
from tests.probes import real

# The masking of a format that is no product's: sections, one directive a line, comments after a semicolon.
_ADDED = Path(__file__).parents[1] / "additions" / "files"
INI_SH, INI_PS1 = ((_ADDED / name).read_text() for name in ("ini.sh", "ini.ps1"))
INI = """\
; a comment with secret=hunter2
[server]
keyfile=/etc/x.key
tlskey=hunter2
phrase=hunter2
port=9
"""
BACULA = """\
# a comment with Password = hunter2
Director {
  Name = a; TLS Key = /etc/a.key
  Key File = hunter2
  Password = hunter2
}
"""
# Of the one product `tlskey` leaves, of the other one `keyfile`; `phrase` is one on which two ends must agree.
ARGUMENTS = (
    "format=bacula",
    "directive=name:director:name",
    "directive=path:director:tlskey",
    "directive=digest:director:password",
    "file={0}a.conf",
)
MORE = (
    "format=ini",
    "directive=path:server:keyfile",
    "directive=number:server:port",
    "directive=digest:server:phrase",
    "file={0}b.ini",
)


def on_linux(folder: Path, arguments: Sequence[str]) -> Output:
    (probe,) = (probe for probe in PROBES_OF["posix"] if probe.kind is Configuration)
    text = script_of("guard") + FORMATS["bacula"].masking("linux") + INI_SH + probe.text
    command = ["dash", "-c", text, "readiness", *(argument.format(f"{folder}/") for argument in arguments)]
    environment = {"PATH": real.PATH, "LC_ALL": "C", "NONCE": real.NONCE}
    for name, content in (("a.conf", BACULA), ("b.ini", INI)):
        (folder / name).write_text(content)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
    return Output(probe.name, done.returncode, done.stdout, done.stderr, 0.0, 0.1, 0.1)


def on_windows(folder: Path, arguments: Sequence[str]) -> Output:
    stand_in.executable()
    (probe,) = (probe for probe in PROBES_OF["powershell"] if probe.kind is Configuration)
    text = FORMATS["bacula"].masking("windows") + INI_PS1 + probe.text
    described = machine.Machine.load("win2022", folder / "machine")
    (folder / "machine" / "C" / "conf").mkdir()
    for name, content in (("a.conf", BACULA), ("b.ini", INI)):
        (folder / "machine" / "C" / "conf" / name).write_text(content)
    given = tuple(argument.format("C:\\conf\\") for argument in arguments)
    script = Script(probe.name, text, given, 60.0, shell="powershell", nonce=real.NONCE)  # noqa: S604 - a name
    return stand_in.run(script, env=described.environment())[0]


Run = Callable[[Path, Sequence[str]], Output]
SHELLS = {"posix": on_linux, "powershell": on_windows}


def parsed(shell: str, output: Output) -> Configuration:
    (probe,) = (
        probe
        for shell_of, probes in PROBES_OF.items()
        if shell_of == shell
        for probe in probes
        if probe.kind is Configuration
    )
    fact = probe.parse(output)
    assert isinstance(fact, Configuration), output
    return fact


@pytest.fixture(autouse=True)
def _ini(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "ini", Format("ini", folded))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("order", [1, -1], ids=["bacula first", "ini first"])
def test_each_file_is_read_by_its_own_format_with_its_own_secrets(shell: str, order: int, tmp_path: Path) -> None:
    output = SHELLS[shell](tmp_path, [argument for group in (ARGUMENTS, MORE)[::order] for argument in group])
    assert b"hunter2" not in output.stdout + output.stderr
    files = {re.split(r"[/\\]", path)[-1]: file for path, file in parsed(shell, output).files.items()}
    assert not any(file.unread for file in files.values())
    digest = hashlib.sha256(f"{real.NONCE}hunter2".encode()).hexdigest()
    (director,), (server,) = files["a.conf"].resources, files["b.ini"].resources
    assert [(one.name, one.value, one.digest) for one in director.directives] == [
        ("name", "a", None),
        ("tlskey", "/etc/a.key", None),
        ("", None, None),
        ("password", None, digest),
    ]
    assert [(one.name, one.value, one.digest) for one in server.directives] == [
        ("keyfile", "/etc/x.key", None),
        ("", None, None),
        ("phrase", None, digest),
        ("port", "9", None),
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_two_products_of_one_format_keep_their_secrets_apart(shell: str, tmp_path: Path) -> None:
    """What leaves of the first product's file stays in the second one's."""
    second = ("format=bacula", "directive=digest:server:phrase", "file={0}b.ini")
    output = SHELLS[shell](tmp_path, [*ARGUMENTS, *second])
    assert b"hunter2" not in output.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_format_that_the_host_was_not_sent_gives_nothing(shell: str, tmp_path: Path) -> None:
    output = SHELLS[shell](tmp_path, [*ARGUMENTS, "format=toml", "file={0}b.ini"])
    assert b"hunter2" not in output.stdout
    (probe,) = (probe for probe in PROBES_OF[shell] if probe.kind is Configuration)  # type: ignore[index]
    with contextlib.suppress(ValueError):
        assert not isinstance(probe.parse(output), Configuration)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "name: bacula",
            "name: tomml",
            rf"unknown format 'tomml' \({re.escape(Known(SYSTEMS, 'formats').hint('tomml'))}\)",
        ),
        ("name: bacula", "name: half", "files of the format half cannot be masked on windows"),
    ],
)
def test_a_format_that_nobody_knows_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    text = products.load(SYSTEMS).files["bacula.yaml"].decode()
    line = next(at for at, row in enumerate(text.splitlines(), start=1) if row.startswith("configuration_format"))
    formats = {"bacula": SYSTEMS["bacula"], "half": frozenset({"linux"})} if "half" in new else SYSTEMS
    with pytest.raises(InputError, match=rf"bacula\.yaml:{line}:30: {message}"):
        products.load_bytes({"bacula.yaml": text.replace(old, new).encode()}, formats)


@pytest.mark.parametrize("name", FORMATS)
def test_what_masks_a_format_is_called_after_it(name: str) -> None:
    """Of those for which it has a file; without one, no product has files of this format there."""
    own = FORMATS[name]
    assert own.systems
    if "linux" in own.systems:
        assert f"mask_{name}() {{" in own.masking("linux")
    if "windows" in own.systems:
        functions = [line.split()[1] for line in own.masking("windows").splitlines() if line.startswith("function")]
        assert all(function.lower().startswith(name) for function in functions)
