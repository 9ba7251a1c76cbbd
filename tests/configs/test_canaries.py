"""A hundred secrets in every directive of every resource, in every dress: no byte of any reader's output tells one.

The directives are those that Bacula's own tools know. What has the shape that its directive must have is not told
apart from a secret, so nothing here does.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from readiness import products
from readiness.configs import SYSTEMS
from readiness.core.text import canonical
from readiness.probes.configuration import arguments_of
from tests.probes import real
from tests.probes.askings import asking

from .reading import AWKS, READERS, configuration

CANARIES = [f"cAnArY{number:02}k" for number in range(100)]
TOOLS = {"bdirjson": "bacula-director", "bsdjson": "bacula-sd", "bfdjson": "bacula-fd", "bbconsjson": "bacula-console"}
RESOURCES = (
    *("Director", "Client", "FileDaemon", "Storage", "Autochanger", "Device", "Cloud", "Catalog", "Schedule"),
    *("FileSet", "Pool", "Job", "JobDefs", "Console", "Messages", "Counter", "Statistics", "Snapshot", "Nothing"),
)
# Texts that have no shape, around a secret.
DRESSES = (
    *("|sh -c %s", "|%s", r"\\|%s", "@/etc/%s x", "?sig=%s", "https://host/x?sv=1&sig=%s", " pw %s ", "x pw %s"),
    *("user:%s@host", "https://user:%s@host/x", "x=%s", "%s=x", "password: %s", "AccountKey=%s==;EndpointSuffix=x"),
    *("wJalrXUtnFEMI/K7MDENG/%s+=", "-u x -p%s", "$(echo %s)", "`%s`", r"C:\\Users\\x y\\%s", r"\\\\server\\share\\%s"),
    *("%s\x00", "\x00%s", "a\x00%s\x00b", "%s\xe4", "\xff%s", "\xef\xbb\xbf%s", "%s\x01x", "a\n%s\nb", "%s\r\nx\r"),
    *('\\"%s\\"', "'%s'", "a;%s;", "{%s}", "}%s{", "#%s", "%s~", "<%s>", "[%s]", "(%s)", "%s!", "100%%%s", "a\\\\%s"),
)
BARE = ("%s", '"%s"', "%s # x", "x,%s", "x=%s", "x %s", "%s;")


def known_directives() -> list[str]:
    """Every name that one of Bacula's tools knows, whatever it stands for there."""
    names: set[str] = set()
    for tool, package in TOOLS.items():
        real.need(tool, package)
        found = re.findall(rb"(?<=\0)[A-Z][A-Za-z]{2,40}(?=\0)", Path(f"/usr/sbin/{tool}").read_bytes())
        names |= {name.decode() for name in found}
    assert {"Password", "WriteBootstrap", "ArchiveDevice", "PkiKeyPair"} <= names
    return sorted({*names, "Name", "Address", "File", "Where", "Description", "Type", "Run", "Mail", "Operator"})


def lines(resource: str, opened: frozenset[str]) -> Iterator[str]:
    """Each directive, with a canary in a dress; a bare one where the value does not leave, whatever it looks like."""
    canaries, dresses, bare = cycle(CANARIES), cycle(DRESSES), cycle(BARE)
    of_resource = {key.rpartition(".")[2] for key in opened if key.startswith(f"{canonical(resource)}.")}
    for name in known_directives():
        yield f'  {name} = "{next(dresses) % next(canaries)}"'
        if canonical(name) not in of_resource:
            yield f"  {name} = {next(bare) % next(canaries)}"


def everywhere() -> dict[str, bytes]:
    opened = frozenset(products.load(SYSTEMS).products["bacula"].opened())
    files: dict[str, str] = {}
    for resource in RESOURCES:
        inside = "\n".join(lines(resource, opened))
        files[f"{resource}.conf"] = f"{resource} {{\n{inside}\n}}\n"
    files["FileSet-within.conf"] = f"FileSet {{\n Include {{\n Options {{\n{files['FileSet.conf'][10:]}\n}}\n}}\n"
    for number, name in enumerate(("Director.conf", "Job.conf")):
        files[f"crlf{number}.conf"] = files[name].replace("\n", "\r\n")
        files[f"bom{number}.conf"] = "\xef\xbb\xbf" + files[name]
    return {name: text.encode("latin-1") for name, text in files.items()}


LOOSE = (
    "# %s\n#Password = %s\n",
    '%s\n"%s"\n%s = %s\n%s { %s = %s }\n',
    'Password = "%s\n%s\n%s"\nName = %s =\n',
    'Director { Name = a; Password = "%s" "%s"; Password = %s %s; Password = {%s}\n',
    "Director { pass_word = %s; Pass-word = %s; password.x = %s }\n",
    '@|"sh -c %s"\n@|%s\n@"|%s"\n@/etc/no%s?x\n@\\\\%s\\x\n@https://u:%s@h/\n',
    'Messages { append = "/x/%s" = all; mail = a@%s.b = all; Mail Command = "/bin/x %s" }\n',
    'Job { Run Script { Command = "%s"; Runs When = Before; Console = "%s" }\n RunBeforeJob = %s\n }\n',
    "Director { Addresses = { ip = { addr = %s } } }\n",
    'FileSet { Include { File = "|sh -c %s"; File = "\\\\|%s"; File = "<%s"; File = "\\\\<%s" } }\n',
    'FileSet { Include { Plugin = "x: pw=%s" ; Options { Wild = "%s*"; Regex = %s; Strip Path = x%s } } }\n',
    'Director {\n Name = "unended\n Password = %s\n Address = "%s\n',
    "\x01file\t/%s\n\x01part\t/%s\nName = %s?\n\x01status\t%s\n\x01%s file\t/%s\n",
)


def loose() -> dict[str, bytes]:
    canaries = cycle(CANARIES)
    texts = [re.sub("%s", lambda _: next(canaries), text) for text in LOOSE]
    return {f"loose{number}.conf": text.encode("latin-1") for number, text in enumerate(texts)}


def tellings(canary: str) -> Iterator[bytes]:
    plain = canary.encode()
    for data in (plain, plain.lower(), plain[::-1], plain[::-1].lower()):
        yield data
        yield data.hex().encode()
        for before in range(3):  # base64 tells a text at any of three places
            yield base64.b64encode(b"\0" * before + data)[4 if before else 0 : -4]
    yield from (hashlib.new(name, plain).hexdigest().encode() for name in ("md5", "sha1", "sha256", "sha512"))


@pytest.mark.parametrize("reader", READERS)
def test_no_canary_sings(reader: str, tmp_path: Path) -> None:
    files = {**everywhere(), **loose()}
    if reader == "powershell":  # it takes long
        files = {name: data for name, data in files.items() if name.startswith(("Dir", "File", "Job", "Cl", "loose"))}
    text = b"".join(files.values()).decode("latin-1")
    assert all(canary in text for canary in CANARIES)
    arguments = [one for one in arguments_of(asking()) if not one.startswith(("file=", "folder="))]
    output = READERS[reader](tmp_path, files, arguments)
    printed = output.stdout + output.stderr
    low = printed.lower()
    told = [(canary, one) for canary in CANARIES for one in tellings(canary) if one in printed or one.lower() in low]
    shown = [line for line in low.splitlines() if any(one.lower() in line for _, one in told)]
    assert not told, (told[:2], shown[:9])
    found = configuration(reader, output)
    assert len(found.files) == len(files)
    whole = [file for path, file in found.files.items() if "loose" not in path]
    assert not [one for file in whole for one in file.unread if "nor what follows" in one]
    hidden = [one for file in whole for kind in file.resources for one in kind.directives if one.hidden]
    assert len(hidden) > 250 * len(whole)


@pytest.mark.parametrize("awk", AWKS)
def test_a_file_imitates_no_mark(awk: str, tmp_path: Path) -> None:
    """Not with the marks as they are, nor as they would be with a nonce that the file's writer made up."""
    text = "".join(
        f"\x01{mark}file\t/etc/other.conf\nDirector {{ Name = forged }}\n\x01{mark}status\tabsent\n"
        for mark in ("", f"{'1' * 64} ", " ")
    )
    files = {"x.conf": text.encode(), "y.conf": b"Director { Name = real }\n"}
    output = READERS[awk](tmp_path, files, ["format=bacula", "directive=name:director:name"])
    first, second = configuration(awk, output).files.values()
    assert [Path(one.path).name for one in (first, second)] == ["x.conf", "y.conf"]
    assert first.unread
    assert not first.is_absent
    assert b"other.conf" not in output.stdout
    assert [one.value("name") for one in second.resources] == ["real"]


def test_the_nonce_is_no_argument_of_any_process(tmp_path: Path) -> None:
    text = b"Director { Name = a; Password = b }\nClient { Address = localhost }\n"
    arguments = [one for one in arguments_of(asking()) if not one.startswith(("file=", "folder="))]
    assert configuration("mawk", READERS["mawk"](tmp_path, {"x.conf": text}, arguments)).resolved
    called = (tmp_path / "called").read_text()
    assert all(f"\n{tool} " in f"\n{called}" for tool in ("tr", "sha256sum", "getent", "awk"))
    assert real.NONCE not in called
