"""A host for sudo: namespaces with an /etc and a /usr/local of their own; nothing stays behind."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from readiness.core.facts import Fact, Missing
from readiness.core.scripts import Output
from readiness.probes import READER
from readiness.probes.probe import Probe
from readiness.probes.reader import RULE_FILE, Reader, rule_for
from readiness.probes.reader_text import about, reader_text, taken_apart

from . import real
from .askings import asking
from .samples import parsed

Facts = Mapping[str, Fact | Missing | None]
LOGIN, UID = "rd", 54321
OTHER_UID = 54322
SALT = real.NONCE
TEXT = reader_text(asking(), READER.parts)
QUICK = about([part for part in READER.parts if part.name in ("rights", "sshd")])
QUICK_TEXT = reader_text(asking(), QUICK.parts)
RULE = rule_for(LOGIN)
INSTALL = "install what `readiness reader ESTATE --host HOST` prints"
CANARIES = {
    "/opt/canary": "canary-of-the-folder",
    "/root/canary": "canary-of-the-home",
    "/etc/shadow": "canary-of-the-shadow",
    "/etc/sudoers.d/readiness": "canary-of-the-rules",
    "/etc/bacula/bacula-fd.conf": "canary-of-the-product",
}
SUDOERS = """\
Defaults env_reset
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
"""
_CONFIG = """\
FileDaemon {
  Name = bk01-fd
}
Director {
  Name = bk01-dir
  Password = "canary-of-the-product"
}
"""
_MOUNTS = """\
set -e
mount --bind "$1/etc" /etc
mount --bind "$1/local" /usr/local
for place in /run /tmp /var/tmp /var/log /root /home /opt /srv /dev/shm; do
    if [ -d "$place" ]; then mount -t tmpfs -o mode=755 none "$place"; fi
done
mkdir /run/sshd
chmod 1777 /tmp /var/tmp /dev/shm
chmod 700 /root
umask 077
echo canary-of-the-home >/root/canary
echo canary-of-the-folder >/opt/canary
echo ready
while :; do sleep 1000 & wait; done
"""


@dataclass(frozen=True)
class Done:
    """What a command printed on both streams, and its exit status."""

    status: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True)
class SudoHost:
    """A running host: its own folders, and the process that holds the namespaces.

    Its reader has two quick parts, unless it is to be `whole`.
    """

    folder: Path
    pid: int

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def sbin(self) -> Path:
        return self.folder / "local" / "sbin"

    def reset(self) -> None:
        """The login, the reader and its one rule, as they should be."""
        _empty(self.sbin.parent)
        self.sbin.mkdir()
        for path in (self.sbin.parent, self.sbin):
            path.chmod(0o755)
        self.file(self.sbin / "readiness-read", QUICK_TEXT, 0o755)
        shutil.rmtree(self.etc / "sudoers.d", ignore_errors=True)
        (self.etc / "sudoers.d").mkdir(mode=0o755)
        self.sudoers(SUDOERS)
        self.file(self.etc / "group", f"root:x:0:\nsudo:x:27:\nadm:x:4:\n{LOGIN}:x:{UID}:\n", 0o644)
        self.rules(RULE)

    def sudoers(self, text: str) -> None:
        self.file(self.etc / "sudoers", text, 0o440)

    def rules(self, *lines: str, name: str = "readiness") -> None:
        """A fragment of sudoers(5)."""
        text = "".join(f"{line}\n" for line in ("# canary-of-the-rules", *lines))
        self.file(self.etc / "sudoers.d" / name, text, 0o440)

    @staticmethod
    def file(path: Path, text: str, mode: int) -> None:
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def enter(self, uid: int = UID) -> list[str]:
        """What starts a command there, as this user, in a session of its own."""
        inside = [_path("nsenter"), f"--target={self.pid}", "--mount", "--net", "--pid", "--root", "--wd=/"]
        if not uid:
            return inside
        return [*inside, _path("setpriv"), f"--reuid={uid}", f"--regid={uid}", "--init-groups"]

    def run(
        self,
        *command: str,
        uid: int = UID,
        stdin: bytes = SALT.encode(),
        environment: dict[str, str] | None = None,
        timeout_s: float = 60,
    ) -> Done:
        """A command's end and output; it gets the salt on standard input."""
        done = subprocess.run(
            [*self.enter(uid), *command],
            input=stdin,
            capture_output=True,
            env={"PATH": real.PATH, "LC_ALL": "C", **(environment or {})},
            check=False,
            timeout=timeout_s,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def root(self, text: str) -> None:
        """What an administrator types."""
        done = self.run("sh", "-ec", text, uid=0)
        assert done.status == 0, done

    def read(self, probe: Probe = QUICK, uid: int = UID, *, shell: str = "dash", path: str = real.PATH) -> Output:
        """The output of the reader's script, as a transport starts it."""
        command = [*self.enter(uid), *real.SHELLS[shell], "-c", probe.text_for(asking()), "reader"]
        environment = {"PATH": path, "LC_ALL": "C", "LANG": "C", "TZ": "UTC", "NONCE": SALT}
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False, timeout=60
        )
        return Output("reader", done.returncode, done.stdout, done.stderr, 0.0, 0.0, 0.0)

    def facts(self, probe: Probe = QUICK, uid: int = UID, *, shell: str = "dash", path: str = real.PATH) -> Facts:
        """The facts by name, the reader's own among them; None for what was not understood."""
        return facts_of(self.read(probe, uid, shell=shell, path=path), probe)

    def reader(self) -> Reader:
        """What the login says of the reader."""
        fact = self.facts()["reader"]
        assert isinstance(fact, Reader), fact
        return fact

    def processes(self) -> set[str]:
        """What root runs there besides what holds the namespaces."""
        text = "ps -eo pid=,ppid=,uid=,stat=,args= | awk '$1 != 1 && $3 == 0 && $4 !~ /Z/ && !/sleep 1000|ps -eo|awk/'"
        return set(self.run("sh", "-c", text, uid=0).stdout.decode().splitlines())

    def changed_since(self, mark: str) -> set[str]:
        """The files and folders that changed since a file did."""
        places = "/etc /usr/local /run /tmp /var/tmp /var/log /root /home /opt /srv /dev/shm"
        text = f"find / -xdev -maxdepth 1 -newer {mark}; find {places} -newer {mark} 2>/dev/null; true"
        return set(self.run("sh", "-c", text, uid=0).stdout.decode().splitlines())


def _empty(folder: Path) -> None:
    """It is mounted, so it stays."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _path(tool: str) -> str:
    """What starts a command is there, whatever the command's own PATH is."""
    return shutil.which(tool, path=real.PATH) or tool


def facts_of(output: Output, probe: Probe = QUICK) -> Facts:
    """The facts by name that come of an output."""
    own, *parts = taken_apart(output, SALT, probe.parts, 1 << 20)
    return {one.name: one.missing or parsed(one) for one in (own, *parts)}


@contextlib.contextmanager
def sudo_host(folder: Path) -> Iterator[SudoHost]:
    """A host with a login, the reader and its rule."""
    real.need_root()
    real.need("sudo")
    for tool in ("unshare", "nsenter", "setpriv"):
        real.need(tool, "util-linux")
    shutil.copytree("/etc", folder / "etc", symlinks=True, ignore_dangling_symlinks=True)
    host = SudoHost(folder, 0)
    (folder / "local").mkdir()
    host.reset()
    with (folder / "etc/passwd").open("a") as passwd:
        passwd.write(f"{LOGIN}:x:{UID}:{UID}::/tmp:/bin/sh\nother:x:{OTHER_UID}:{OTHER_UID}::/:/bin/sh\n")
    host.file(
        folder / "etc/shadow", "root:canary-of-the-shadow:1::::::\nrd:*:19000::::::\nother:*:19000::::::\n", 0o640
    )
    (folder / "etc/bacula").mkdir(exist_ok=True)
    host.file(folder / "etc/bacula/bacula-fd.conf", _CONFIG, 0o640)
    own = [
        *("setpriv", "--pdeathsig", "KILL"),
        "unshare",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "sh",
        "-c",
        _MOUNTS,
        "sh",
        str(folder),
    ]
    with subprocess.Popen(own, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == b"ready\n"
            children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
            yield SudoHost(folder, int(children[0]))
        finally:
            holder.kill()


def is_well(facts: Facts, probe: Probe = QUICK) -> None:
    """The reader ran, and each part of it gave its fact."""
    reader = facts["reader"]
    assert isinstance(reader, Reader), facts
    assert reader.hindrance() is None, reader
    for part in probe.parts:
        assert type(facts[part.name]) is part.kind, (part.name, facts[part.name])


def mend(host: SudoHost, remedy: str) -> None:
    """Do what a remedy says."""
    todo = remedy
    if INSTALL in remedy:
        host.root("rm -rf /usr/local/sbin/readiness-read")
        host.file(host.sbin / "readiness-read", QUICK_TEXT, 0o755)
        host.rules(RULE)
        todo = re.sub(rf"(?:, and |renew it: |remove it, and )?{re.escape(INSTALL)}(?:, with its rule)?", "", todo)
    if match := re.match(rf"in {RULE_FILE}[^:]*: (.+)", todo):
        with (host.etc / "sudoers.d/readiness").open("a") as rules:
            rules.write(f"{match[1]}\n")
        todo = ""
    if todo and todo != "remove it":
        assert re.match(r"(?:chmod|chown) ", todo), todo
        host.root(todo)
