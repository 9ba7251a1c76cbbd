"""A value leaves its host only in the shape that the catalogue gives its directive, alike under every reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from readiness.products.directives import Shape

from .reading import READERS, configuration

FIT = {
    "switch": ["yes", "No", "TRUE", "false"],
    "word": ["Full", "MD5", "GZIP6", "lzo"],
    "number": ["9101", "0", "30 days", "64M", "64 mb", "1 year 6 months", "50 GB", "100kb/s", "365d", "2.5 hours"],
    "name": [
        "here",
        "dir01-dir",
        "a.b_c",
        "9x",
        "Full Set",
        "HP DLT 80",
        "Full  Set",
        "Full daily at 1:00 h",
        "Keyboards",
    ],
    "address": ["10.0.0.1", "host.example", "fe80::1", "::1", "a", "localhost"],
    "schedule": [
        "Full 1st sun at 23:05",
        "Level=Incremental mon-sat at 23:05",
        "Differential 2nd-5th sun at 23:05",
        "hourly at 0:15",
        "full on 1 at 1:00pm",
        "full jan-mar, sep 1st sat at 20:00",
        "Full sun,wed at 1:05",
        "Level = Full sun at 1:05",
        "Full Pool=Weekly Storage=File-1 SpoolData=yes Priority=3 sun at 1:05",
        'Differential Pool="Daily" NextPool = x mon-fri at 1:05',
        "Base 6th sun at 1:05",
    ],
    "path": [
        "/",
        "/etc/a",
        "/etc//a/",
        "/var/lib/%c.bsr",
        "C:/x",
        r"c:\Program Files\Bacula\tls\x.pem",
        r"C:\Program Files (x86)\B",
        "C:\\",
        "C:/Program Files/x",
    ],
}
# In no shape at all.
NEVER = [
    "",
    "x pw hunter2",
    "x=y",
    "user:pw@host",
    "http://user:pw@host/x",
    "|sh -c x",
    r"\|sh",
    "@/etc/x",
    "?sig=x",
    "x?sig=y",
    "/x?sig=y",
    "$(x)",
    "`x`",
    "a;b",
    "a'b",
    'a"b',
    "a\nb",
    "yes\n",
    "yes\x01",
    "a\x00b",
    "a\x7fb",
    "a\xe4b",
    "/a\xa0b",
    "1" * 300,
    "/" + "a" * 300,
    r"\\server\share",
    "~/x",
    "C:x",
    r"C:\Documents and Settings",
    r"C:\a|b",
    "/%2B",
    "/a b",
    "/a:b",
    r"/a\b",
]
BAD = {
    "switch": ["yess", "yes no", "1", "on"],
    "word": ["a b", "1a", "a-b", "a" * 40],
    "number": ["x", "1 x", "-1", "30 dayss", "1.2.3", "1.", ".5 h", "9" * 60],
    "name": [
        *("a,", ",a", "-a", "a,,b", "a, b", "a/b", "a+b", "a:b", " a", "a ", "a -b", "1:005"),
        *("my password hunter2", "a PWD hunter2", "api-token hunter2", "key hunter2", "hunter2 dbpw"),
    ],
    "address": ["a b", "a:pw", "a,b", ".a", "-x", "a/8"],
    "schedule": [
        *("pw hunter2", "Full at 255", "at=x", "storage=", "storage=a/b", "Full at 1:00 x", "Client=x", "priority=x"),
        *('pool="a', 'pool="a b"', "pool=a:b"),
    ],
    "path": ["x", "C:", "/a=b", "/a;b", "/a,b", "C:/x/program files pw", "1:/x"],
}


def spelt(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("reader", READERS)
def test_what_fits_leaves_and_what_does_not_stays(reader: str, tmp_path: Path) -> None:
    assert set(FIT) == set(BAD) == set(get_args(Shape))
    wanted = {shape: [(value, True) for value in FIT[shape]] for shape in FIT}
    for shape in wanted:
        wanted[shape] += [(value, False) for value in (*NEVER, *BAD[shape])]
    rows = [(shape, value, fits) for shape, values in wanted.items() for value, fits in values]
    names = {shape: "file" if shape == "path" else shape for shape in wanted}  # the path that no shell expands
    text = "".join(f"X {{ {names[shape]} = {spelt(value)} }}\n" for shape, value, _ in rows)
    arguments = ["format=bacula", *(f"directive={shape}:x:{name}" for shape, name in names.items())]
    output = READERS[reader](tmp_path, {"x.conf": text.encode("latin-1")}, arguments)
    (file,) = configuration(reader, output).files.values()
    assert not file.unread
    assert len(file.resources) == len(rows)
    for (shape, value, fits), resource in zip(rows, file.resources, strict=True):
        (directive,) = resource.directives
        assert (directive.name, directive.value) == (names[shape], value if fits else None), (shape, value)
        assert directive.hidden == ("" if fits else f"is no {shape}")


@pytest.mark.parametrize("reader", READERS)
def test_what_the_catalogue_does_not_know_keeps_its_name(reader: str, tmp_path: Path) -> None:
    text = """\
Director {
  Name = a; cAnArY1 = 7; pass_word = cAnArY2; Port = 8
  Within { Port = 9; cAnArY3 { x = 1 } }
  Password = cAnArY4
  DB Password = cAnArY5
}
cAnArY6 { Name = b; Password = cAnArY7 }
cAnArY8 = 9
"""
    arguments = [
        "format=bacula",
        "directive=name:director:name",
        "directive=number:director:within.port",
        "directive=digest:director:password",
        "directive=secret:director:dbpassword",
    ]
    output = READERS[reader](tmp_path, {"x.conf": text.encode()}, arguments)
    assert b"canary" not in (output.stdout + output.stderr).lower()
    assert b"pass_word" not in output.stdout
    (file,) = configuration(reader, output).files.values()
    director, other = file.resources
    unknown = "is not among the directives that are read"
    assert [(one.name, one.value, one.hidden) for one in director.directives] == [
        ("name", "a", ""),
        ("", None, unknown),
        ("", None, unknown),
        ("", None, unknown),
        ("within.port", "9", ""),
        ("within..", None, unknown),
        ("password", None, ""),
        ("dbpassword", None, "is a secret"),
    ]
    assert [line.rsplit(":", 1)[1] for line in (one.location for one in director.directives)] == list("22223345")
    assert (other.kind, [one.name for one in other.directives]) == ("", ["", ""])
    assert [one.partition(": ")[2] for one in file.unread] == ["a directive stands in no resource"]


@pytest.mark.parametrize("reader", READERS)
def test_a_part_of_a_block_in_a_file_of_its_own(reader: str, tmp_path: Path) -> None:
    """What leaves of it is what would leave of any block that has the directive."""
    part = """\
Port = 7
Password = hunter2
Comment = cAnArY1
Mixed = yes
Within { Port = 8; Deep { Port = cAnArY2 }; Comment = cAnArY3 }
cAnArY4 { Port = 9 }
Deep { Port = 10 }
"""
    arguments = [
        "format=bacula",
        "directive=number:director:port,within.port,within.deep.port",
        "directive=secret:director:password",
        "directive=digest:client:password",
        "directive=word:director:mixed",
        "directive=switch:client:mixed",
        *([] if reader == "powershell" else [f"folder={tmp_path}"]),
    ]
    folder = "C:\\\\conf\\\\" if reader == "powershell" else f"{tmp_path}/"
    main = f'Director {{ Port = 6; @"{folder}part.conf"\n }}\nPort = 5\n'
    output = READERS[reader](tmp_path, {"x.conf": main.encode()}, arguments, {"part.conf": part.encode()})
    assert not re.search(b"canary[0-9]|hunter2", (output.stdout + output.stderr).lower())
    (file,) = configuration(reader, output).files.values()
    (director,) = file.resources
    assert [(one.name, one.value, bool(one.digest)) for one in director.directives] == [
        ("port", "6", False),
        ("port", "7", False),
        ("password", None, True),
        ("", None, False),
        ("mixed", None, False),
        ("within.port", "8", False),
        ("within.deep.port", None, False),
        ("within.", None, False),
        (".", None, False),
        ("deep.port", "10", False),
    ]
    assert [one.partition(": ")[2] for one in file.unread] == ["a directive stands in no resource"]


@pytest.mark.parametrize("reader", READERS)
def test_a_secret_with_a_nul_has_no_digest(reader: str, tmp_path: Path) -> None:
    """Every program would end it somewhere else."""
    values = ["hunter2", "a\x00b", "\x00", "hunter2\x00", "\x00hunter2"]
    text = "".join(f'X {{ Password = "{value}" }}\n' for value in values)
    text += "".join(f"X {{ Password = {value} }}\n" for value in values)
    output = READERS[reader](tmp_path, {"x.conf": text.encode()}, ["format=bacula", "directive=digest:x:password"])
    (file,) = configuration(reader, output).files.values()
    found = [one for resource in file.resources for one in resource.directives]
    assert [bool(one.digest) for one in found] == [True, False, False, False, False] * 2
    assert {one.hidden for one in found if not one.digest} == {"is no text"}


@pytest.mark.parametrize("reader", READERS)
def test_a_value_on_the_next_line_is_taken_as_bacula_takes_it(reader: str, tmp_path: Path) -> None:
    """After a backslash at the end; bfdjson of 9.6.7 takes `hunter2`, and `Port` of the second one."""
    text = "Director {\n Password = \\\nhunter2\n Comment = \\\n Port = 7\n Port = 8\n}\n"
    arguments = ["format=bacula", "directive=number:director:port", "directive=digest:director:password"]
    output = READERS[reader](tmp_path, {"x.conf": text.encode()}, arguments)
    assert b"hunter2" not in output.stdout + output.stderr
    (file,) = configuration(reader, output).files.values()
    assert file.unread
    assert [one.value for resource in file.resources for one in resource.directives if one.name == "port"] in (
        ["8"],
        [],
    )
