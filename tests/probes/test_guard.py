"""What root reads of what others name: nothing that anybody but root may replace, and nothing outside fixed folders."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from readiness.core.facts import Missing
from readiness.probes.configuration import Configuration
from readiness.probes.guard import refusal
from readiness.probes.reading import script

from . import real
from .samples import parsed

CANARY = "cAnArY"
BOUND = "end=$(($(date +%s) + 2))\n"
NOBODY = 65534
ASK = """
if may_read "$1"; then printf 'read|%s|' "$real"; else printf '%s|%s|%s' "$why" "$place" "$whom"; fi
"""
# Swaps what stands at a path, as its owner may, until it is ended: a file of its own, and a link to somebody else's.
SWAP = """
import os, sys, time
os.setgroups([]); os.setgid(65534); os.setuid(65534)
path, target, is_folder = sys.argv[1], sys.argv[2], sys.argv[3] == "folder"
while True:
    os.symlink(target, path + ".new"); os.rename(path + ".new", path); time.sleep(0.001)
    if is_folder:
        os.unlink(path); os.mkdir(path); open(path + "/x.conf", "w").close(); time.sleep(0.001)
        os.unlink(path + "/x.conf"); os.rmdir(path)
    else:
        open(path + ".new", "w").close(); os.rename(path + ".new", path)
"""


@pytest.fixture(autouse=True)
def _root() -> None:
    real.need_root()


@pytest.fixture(params=real.SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    real.need(name)
    return name


def ask(path: str, folders: str, *, shell: str = "dash", limit: int = 1000, text: str = ASK, within: str = "") -> str:
    """What the guard says of a path: `read|where it leads|`, or why not, of which place, and of whom."""
    environment = {"PATH": real.PATH, "LC_ALL": "C"}
    whole = script("guard") + f"folders='{folders}' limit={limit}\n{text}"
    command = [*real.SHELLS[shell], "-c", whole, "guard", path]
    if within:
        command = ["unshare", "--mount", "sh", "-c", f'{within} && exec "$@"', "sh", *command]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


def link(path: Path, target: str | Path) -> Path:
    path.symlink_to(target)
    return path


def hard_link(path: Path, target: Path) -> Path:
    path.hardlink_to(target)
    return path


def folder(path: Path, mode: int = 0o755, owner: int = 0, group: int = 0) -> Path:
    path.mkdir()
    os.chown(path, owner, group)
    path.chmod(mode)
    return path


def file(path: Path, mode: int = 0o640, owner: int = 0) -> Path:
    path.write_text("x")
    os.chown(path, owner, owner)
    path.chmod(mode)
    return path


def listed(path: Path, entry: str) -> Path:
    real.need("setfacl", "acl")
    subprocess.run(["setfacl", "-m", entry, path], check=True)
    return path


def unix_socket(path: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    return path


# What is made in the fixed folder `in`, beside which is the folder `out`; the path asked for; what is said of it.
Made = Callable[[Path], object]
CASES: dict[str, tuple[Made, str, str]] = {
    "a file": (lambda at: file(at / "in/a"), "in/a", "read|in/a|"),
    "a file of another, whom the folder does not belong to": (
        lambda at: file(at / "in/a", owner=NOBODY),
        "in/a",
        "read|in/a|",
    ),
    "a file with spaces": (lambda at: file(at / "in/a b"), "in/a b", "read|in/a b|"),
    "dots and slashes": (lambda at: file(at / "in/a"), "in/.//../in/./a", "read|in/a|"),
    "nothing": (lambda at: at, "in/a", "absent||"),
    "below nothing": (lambda at: at, "in/a/../b", "absent||"),
    "below a file": (lambda at: (file(at / "in/a"), file(at / "in/b")), "in/a/../b", "absent||"),
    "a file with a slash": (lambda at: file(at / "in/a"), "in/a/", "kind|in/a/|file and no folder"),
    "a folder": (lambda at: folder(at / "in/a"), "in/a", "kind|in/a|folder"),
    "a pipe": (lambda at: os.mkfifo(at / "in/a"), "in/a", "kind|in/a|pipe"),
    "a device": (lambda at: os.mknod(at / "in/a", 0o20644, os.makedev(1, 5)), "in/a", "kind|in/a|device"),
    "a socket": (lambda at: unix_socket(at / "in/a"), "in/a", "kind|in/a|socket"),
    "a long one": (lambda at: (at / "in/a").write_text("x" * 1001), "in/a", "long|in/a|1000"),
    "outside": (lambda at: file(at / "out/a"), "out/a", "outside|out/a|out"),
    "outside by dots": (lambda at: file(at / "out/a"), "in/../out/a", "outside|out/a|out"),
    "beside, with a name that begins alike": (lambda at: folder(at / "in2"), "in2", "outside|in2|in2"),
    "a link inside": (lambda at: (file(at / "in/a"), link(at / "in/b", "a")), "in/b", "read|in/a|"),
    "a link to a link": (
        lambda at: (file(at / "in/a"), link(at / "in/b", "../in/c"), link(at / "in/c", at / "in/a")),
        "in/b",
        "read|in/a|",
    ),
    "a link that leads out": (
        lambda at: (file(at / "out/a"), link(at / "in/b", "../out/a")),
        "in/b",
        "outside|out/a|out",
    ),
    "a folder's link that leads out": (
        lambda at: (file(at / "out/a"), link(at / "in/b", at / "out")),
        "in/b/a",
        "outside|out/a|out",
    ),
    "a link from outside": (
        lambda at: (file(at / "in/a"), link(at / "out/b", "../in/a")),
        "out/b",
        "read|in/a|",
    ),
    "a link to nothing": (lambda at: link(at / "in/b", "none"), "in/b", "absent||"),
    "a link to itself": (lambda at: link(at / "in/b", "b"), "in/b", "endless||"),
    "a link through another's folder": (
        lambda at: (folder(at / "in/h", owner=NOBODY), link(at / "in/h/b", "../a"), link(at / "in/b", "h/b")),
        "in/b",
        "owner|in/h|nobody",
    ),
    "a folder of another": (
        lambda at: (folder(at / "in/h", owner=NOBODY), file(at / "in/h/a")),
        "in/h/a",
        "owner|in/h|nobody",
    ),
    "out of another's folder": (
        lambda at: (folder(at / "in/h", owner=NOBODY), file(at / "in/a")),
        "in/h/../a",
        "owner|in/h|nobody",
    ),
    "a folder for a group": (
        lambda at: (folder(at / "in/h", 0o775, group=NOBODY), file(at / "in/h/a")),
        "in/h/a",
        "group|in/h|nogroup",
    ),
    "a folder for everybody": (
        lambda at: (folder(at / "in/h", 0o777), file(at / "in/h/a")),
        "in/h/a",
        "all|in/h|",
    ),
    "a folder for everybody, where each may remove only what is his": (
        lambda at: (folder(at / "in/h", 0o1777), file(at / "in/h/a")),
        "in/h/a",
        "sticky|in/h|",
    ),
    "a folder with an access list": (
        lambda at: (folder(at / "in/h"), listed(at / "in/h", "u:nobody:rwx"), file(at / "in/h/a")),
        "in/h/a",
        "list|in/h|root",
    ),
    "a folder with an access list to read": (
        lambda at: (folder(at / "in/h"), listed(at / "in/h", "u:nobody:rx"), file(at / "in/h/a")),
        "in/h/a",
        "read|in/h/a|",
    ),
    "a hard link": (
        lambda at: (file(at / "out/a"), hard_link(at / "in/b", at / "out/a")),
        "in/b",
        "read|in/b|",  # only root can have made it there
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_read_is_what_only_root_may_replace(name: str, shell: str, tmp_path: Path) -> None:
    made, path, expected = CASES[name]
    for one in ("in", "out"):
        folder(tmp_path / one)
    made(tmp_path)
    said = ask(f"{tmp_path}/{path}", f"{tmp_path}/in", shell=shell)
    assert said.replace(f"{tmp_path}/", "") == expected
    word, place, whom = said.split("|")
    if word not in {"read", "absent"}:
        assert str(refusal(word, place, whom))


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\x1bb", "\u00e4", "a\x7f"])
def test_a_name_that_is_not_printable_is_not_followed(name: str, shell: str, tmp_path: Path) -> None:
    file(tmp_path / name)
    link(tmp_path / "link", name)
    assert ask(f"{tmp_path}/{name}", str(tmp_path), shell=shell) == "name||"
    assert ask(f"{tmp_path}/link", str(tmp_path), shell=shell) == "name||"


def test_the_root_folder_is_no_fixed_folder(shell: str) -> None:
    assert ask("/etc/passwd", "/", shell=shell) == "outside|/etc/passwd|/etc"
    assert ask("/etc/passwd", "/etc/", shell=shell, limit=1 << 20) == "read|/etc/passwd|"


@pytest.mark.parametrize("path", ["", "a", "./a", "-n", "~/a"])
def test_a_path_that_is_not_absolute_is_not_followed(path: str, shell: str) -> None:
    assert ask(path, "/etc", shell=shell) == "relative||"


def test_what_is_mounted_there_is_what_root_mounted(shell: str, tmp_path: Path) -> None:
    """A mount below is root's, unless the filesystem is a user's; its owners and modes count."""
    theirs = folder(folder(tmp_path / "theirs", owner=NOBODY) / "h", owner=NOBODY)
    file(theirs / "a")
    folder(tmp_path / "in")
    mount = f"mount --bind {theirs} {tmp_path}/in"
    said = ask(f"{tmp_path}/in/a", f"{tmp_path}/in", shell=shell, within=mount)
    assert said == f"owner|{tmp_path}/in|nobody"


def test_the_line_that_mends_it_does(tmp_path: Path) -> None:
    """Until the file is read, for each of what others may change."""
    folder(tmp_path / "in")
    place = folder(tmp_path / "in" / "a b", 0o777, owner=NOBODY)
    listed(place, "u:nobody:rwx")
    file(place / "x")
    said = ask(f"{place}/x", f"{tmp_path}/in")
    for _ in range(3):
        if said.startswith("read|"):
            break
        remedy = refusal(*said.split("|")).remedy
        subprocess.run(["sh", "-c", remedy], check=True)
        said = ask(f"{place}/x", f"{tmp_path}/in")
    assert said == f"read|{place}/x|"


@contextmanager
def swapping(path: Path, target: Path, kind: str) -> Iterator[None]:
    running = subprocess.Popen([sys.executable, "-c", SWAP, path, target, kind])
    try:
        yield
        assert running.poll() is None
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_nobody_is_fast_enough(kind: str, tmp_path: Path) -> None:
    """A link that its owner swaps for another while root looks at it is refused every time: only by the guard."""
    tmp_path.chmod(0o755)
    secret = folder(tmp_path / "secret", 0o700)
    (secret / "x.conf").write_text(CANARY)
    theirs = folder(folder(tmp_path / "in") / "theirs", owner=NOBODY)
    path, target = (theirs / "x.conf", secret / "x.conf") if kind == "file" else (theirs / "d", secret)
    loop = """
tries=0
while [ "$tries" -lt 10000 ]; do
    if may_read "$1"; then cat "$real" 2>/dev/null; else case $why in owner) ;; *) printf 'why %s' "$why" ;; esac; fi
    tries=$((tries + 1)) solid=' '
    if [ $((tries % 100)) -eq 0 ] && [ "$(date +%s)" -ge "$end" ]; then break; fi
done
printf 'tries %s' "$tries"
"""
    asked = f"{theirs}/x.conf" if kind == "file" else f"{theirs}/d/x.conf"
    with swapping(path, target, kind):
        careless = ask(asked, str(tmp_path), text=BOUND + loop.replace("may_read", "real=$1; test -e"))
        said = ask(asked, str(tmp_path), text=BOUND + loop)
    assert CANARY in careless
    word, _, tries = said.partition(" ")
    assert (word, int(tries) >= 100) == ("tries", True), said  # a hundred however slow the machine is


def read(*arguments: str) -> Configuration | Missing:
    fact = parsed(real.run("configuration", ["format=bacula", "secret=password", *arguments]))
    assert isinstance(fact, Configuration | Missing), fact
    return fact


def unread_of(path: Path, *folders: Path) -> list[str]:
    fact = read(*(f"folder={one}" for one in folders), f"file={path}")
    assert isinstance(fact, Configuration), fact
    return list(fact.files[str(path)].unread)


def including(path: Path, *included: Path) -> Path:
    path.write_text("".join(f"@{one}\n" for one in included) + "Director { Name = d }\n")
    return path


def test_names_are_followed_only_in_files_that_root_alone_writes(tmp_path: Path) -> None:
    part = tmp_path / "part.conf"
    part.write_text("Client { Name = c; Password = x }\n")
    own = including(tmp_path / "own.conf", part)
    assert unread_of(own, tmp_path) == []
    os.chown(own, NOBODY, 0)
    assert unread_of(own, tmp_path) == [f"{part}: {own} may be changed by nobody: chown root {own}"]
    fact = read(f"folder={tmp_path}", f"file={own}")
    assert isinstance(fact, Configuration)
    assert len(fact.files[str(own)].resources) == 1
    os.chown(own, 0, NOBODY)
    own.chmod(0o660)
    assert unread_of(own, tmp_path) == [f"{part}: {own} may be changed by the group nogroup: chmod go-w {own}"]
    trusted = including(tmp_path / "trusted.conf", part)
    fact = read(f"folder={tmp_path}", f"file={own}", f"file={trusted}")
    assert isinstance(fact, Configuration)
    assert not fact.files[str(trusted)].unread


def test_an_include_elsewhere_is_told_with_the_line_to_add(tmp_path: Path) -> None:
    inside, elsewhere = folder(tmp_path / "in"), folder(tmp_path / "elsewhere")
    part = elsewhere / "part.conf"
    part.write_text(f"Client {{ Name = {CANARY} }}\n")
    own = including(inside / "own.conf", part)
    outside = f"{part} lies in none of the folders that are read: reads: [{elsewhere}] at the host in estate.yaml"
    assert unread_of(own, inside) == [f"{part}: {outside}"]
    assert unread_of(own, inside, elsewhere) == []
    link(inside / "part.conf", part)
    including(own, inside / "part.conf")
    assert unread_of(own, inside) == [f"{inside}/part.conf: {outside}"]
    assert unread_of(own, inside, elsewhere) == []


def test_a_file_asked_for_that_others_may_replace_is_missing_with_the_line_that_mends_it(tmp_path: Path) -> None:
    theirs = folder(tmp_path / "theirs", owner=NOBODY)
    (theirs / "x.conf").write_text("Director { Name = d }\n")
    fact = read(f"folder={theirs}", f"file={theirs}/x.conf")
    assert isinstance(fact, Missing)
    assert (fact.why.value, fact.remedy) == ("not permitted", f"chown root {theirs}")
    shutil.chown(theirs, "root")
    assert isinstance(read(f"folder={theirs}", f"file={theirs}/x.conf"), Configuration)


def test_no_file_can_imitate_a_mark(tmp_path: Path) -> None:
    own = tmp_path / "x.conf"
    own.write_text(
        "\x01file\t/etc/shadow\n\x01status\t0\n\x01 part\t/x\n"
        f"\x01{'f' * 64} file\t/etc/shadow\nPassword = {CANARY}\n\x01status\tabsent\nDirector {{ Name = d }}\n"
    )
    fact = read(f"file={own}")
    assert isinstance(fact, Configuration)
    assert [*fact.files] == [str(own)]


def test_twelve_hundred_included_files_are_read_in_time(tmp_path: Path) -> None:
    parts = [tmp_path / f"client{number}.conf" for number in range(1200)]
    for number, part in enumerate(parts):
        part.write_text(f"Client {{ Name = c{number}; Address = c{number}; Password = x }}\n")
    own = including(tmp_path / "own.conf", *parts)
    output = real.run("configuration", ["format=bacula", f"folder={tmp_path}", f"file={own}"])
    fact = parsed(output)
    assert isinstance(fact, Configuration)
    assert len(fact.files[str(own)].resources) == 1201
    assert output.duration_s < 25
