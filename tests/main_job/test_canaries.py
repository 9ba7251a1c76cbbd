"""No secret of a host leaves it: canaries wherever one may stand, and no byte of a run holds any of them."""

from __future__ import annotations

import base64
import itertools
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.main_job.job import run


class Canaries:
    """Words that stand nowhere else, numbered as they are planted."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def new(self) -> str:
        """A new one, in the letters that a password may have everywhere."""
        self.words.append(f"Cnry{len(self.words):03d}{secrets.token_hex(6)}")
        return self.words[-1]

    def found_in(self, folder: Path) -> list[str]:
        """Each that stands in a file of a folder, as it is or in another spelling, with the file."""
        files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        spellings = {word: _spellings(word) for word in self.words}
        return [
            f"{word}: {path.relative_to(folder)}"
            for (word, own), (path, data) in itertools.product(spellings.items(), files.items())
            if any(spelling in data for spelling in own)
        ]


def _spellings(word: str) -> set[bytes]:
    raw = word.encode()
    coded = (base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3))
    return {raw, raw[::-1], raw.hex().encode(), *coded}


def _bacula(canaries: Canaries) -> Iterator[str]:
    """Files of Bacula's with secrets in every place."""
    text = Path(__file__).with_name("canaries.conf").read_text().replace("^A", "\x01")
    for paragraph in text.split("\n\n")[1:]:
        yield re.sub("CANARY", lambda _: canaries.new(), paragraph) + "\n"


def _planted(lab: Lab, host: str, canaries: Canaries) -> None:
    """Plant secrets wherever one may stand on a host."""
    root, new = lab.root(host), canaries.new
    folder = root / "etc/bacula/conf.d"
    folder.mkdir(exist_ok=True)
    for path in sorted((root / "etc/bacula").glob("*.conf")):
        for number, text in enumerate(_bacula(canaries)):
            part = folder / f"{path.stem}-{number}.conf"
            part.write_text(text)
            path.write_text(f"{path.read_text()}\n@/etc/bacula/conf.d/{part.name}\n")
        path.write_text(
            f'# {new()}\n{path.read_text()}\nDirector {{ Name = z; Password = "{new()}"; Comment = {new()} }}\n'
        )
    for name in ("host.key", "host.pem", "ca.pem"):
        path = root / "etc/bacula/tls" / name
        path.write_text(f"Bag Attributes: {new()}\n{path.read_text()}\n# {new()}\n")
    (root / "etc/bacula/tls/token").write_text(new())
    (root / "etc/bacula/tls/x.key").write_text(f"-----BEGIN PRIVATE KEY-----\n{new()}\n-----END PRIVATE KEY-----\n")
    (root / "etc/bacula/tls/x.pem").write_text(
        f"-----BEGIN CERTIFICATE-----\n{new()}=\nx y\n-----END CERTIFICATE-----\n"
    )
    sshd = root / "etc/ssh/sshd_config"
    sshd.write_text(
        f"{sshd.read_text()}SetEnv TOKEN={new()}\nVersionAddendum {new()}\nAuthorizedKeysCommand /bin/true {new()}\n"
        f"AuthorizedKeysCommandUser nobody\nAuthorizedPrincipalsCommand /bin/true {new()}\n"
        f"AuthorizedPrincipalsCommandUser nobody\n# {new()}\n"
        f"Match User nobody\n ForceCommand /bin/x {new()}\n SetEnv X={new()}\n"
    )
    unit = f"[Service]\nEnvironment=PASSWORD={new()}\nExecStart=/bin/sleep 300 #{new()}\n[Unit]\nDescription={new()}\n"
    (root / "etc/systemd/system/secret.service").write_text(unit)
    for daemon in ("bacula-fd", "bacula-director", "bacula-sd"):
        folder = root / f"etc/systemd/system/{daemon}.service.d"
        folder.mkdir(exist_ok=True)
        (folder / "x.conf").write_text(f"[Service]\nEnvironment=PGPASSWORD={new()}\n")
    (root / "etc/environment").write_text(f"https_proxy=http://u:{new()}@proxy:3128\n")
    (root / "etc/apt/apt.conf").write_text(f'Acquire::http::Proxy "http://u:{new()}@proxy";\n')
    release = root / "etc/os-release"
    text = release.read_text()
    release.unlink()
    release.write_text(f"{text}SUPPORT_TOKEN={new()}\n")
    (root / "run/reboot-required").write_text(new())
    (root / "run/reboot-required.pkgs").write_text(f"Pw {new()}\n")
    for file in ("etc/chrony/chrony.keys", "root/.my.cnf", "root/.pgpass", "home/readiness/.netrc", "etc/motd"):
        path = root / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"password {new()}\n")
    started = (
        "systemctl daemon-reload; systemctl start secret; "
        f"TOKEN={new()} nohup sh -c 'exec -a {new()} sleep 300' x --password={new()} >/dev/null 2>&1 & "
        f"mkdir -p /srv/m && mount -t tmpfs -o size=64k 'u:{new()}@server:/share' /srv/m"
    )
    lab.exec(host, "bash", "-c", started)


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Iterator[Lab]:
    """A lab of its own: what is planted stays."""
    del lab  # which says why there can be none here
    with Lab.up(tmp_path_factory.mktemp("secrets") / "state", clients=1) as running:
        yield running


def test_no_secret_is_in_any_byte_of_a_run(own_lab: Lab, tmp_path: Path) -> None:
    canaries = Canaries()
    for host in own_lab.hosts:
        _planted(own_lab, host, canaries)
    assert len(canaries.words) > 300
    job = run(own_lab.estate, tmp_path / "run")
    assert job.code in {1, 2}
    assert canaries.found_in(tmp_path / "run") == []
    said = tmp_path / "said"
    said.mkdir()
    (said / "terminal").write_text(job.stdout + job.stderr)
    assert canaries.found_in(said) == []
    transcript = (tmp_path / "run" / "transcript.jsonl").read_text()
    assert transcript.count(r"archivedevice\tis no path") == len(own_lab.hosts)  # it was read
    assert transcript.count(r"other\tsetenv") == len(own_lab.hosts)
