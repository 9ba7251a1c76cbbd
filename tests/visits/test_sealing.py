"""What stands for a secret is written under a key that no host saw: equal ones stay equal, and none can be guessed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from readiness.configs.model import Directive
from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.core.scripts import Limits, Output, Script, Shell, Visit
from readiness.planning.scripts import script_of
from readiness.probes import PROBES_OF, READER
from readiness.probes.configuration import Configuration
from readiness.run_folder.journals import facts_to_json
from readiness.transports import TRANSPORTS, Route, Stop
from readiness.visits.collect import Collected, collect
from readiness.visits.sealing import SEALED, sealed
from tests import small
from tests.configs.reading import PROBE_OF, READERS
from tests.probes.askings import asking

WORDS = ["hunter2", "password", "bacula", "s3cret", "Summer2026"]
DIRECTIVES = ["directive=name:director:name", "directive=digest:director:password"]
CONF = "Director {{\n Name = a\n Password = {}\n}}\n"
LET_IN = {Reached: Reached("10.0.0.1", 22, 0.001), HostKey: HostKey("k", "f", (), ()), Login: Login("ops", "agent")}


class Host:
    """A host that runs the real script on its own file; its root sees the nonce."""

    def __init__(self, folder: Path, reader: str, secret: str) -> None:
        self._folder, self._reader, self._secret = folder, reader, secret
        self.nonce = ""

    def visit(self, scripts: tuple[Script, ...], _limits: Limits, _done: object) -> Visit:
        (script,) = scripts
        self.nonce = script.nonce
        self._folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.probes.real.NONCE", script.nonce)
            text = CONF.format(self._secret).encode()
            output = READERS[self._reader](self._folder, {"x.conf": text}, ["format=bacula", *DIRECTIVES])
        assert hashlib.sha256((script.nonce + self._secret).encode()).hexdigest().encode() in output.stdout
        return Visit(self._folder.name, LET_IN, outputs=(output,))


def collected(hosts: Mapping[str, Host], reader: str) -> Mapping[str, Collected]:
    shell: Shell = "powershell" if reader == "powershell" else "posix"
    script = Script(PROBE_OF[shell].name, PROBE_OF[shell].text, shell=shell)
    kind = TRANSPORTS["winrm" if reader == "powershell" else "ssh"]
    routes = {name: Route(kind, host) for name, host in hosts.items()}
    found = collect(dict.fromkeys(hosts, (script,)), routes, Limits(), jobs=1, stop=Stop())
    return {one.facts.host: one for one in found}


def passwords(host: Collected) -> list[Directive]:
    fact = host.facts.values["configuration"]
    assert isinstance(fact, Configuration), fact
    return [one for file in fact.files.values() for kind in file.resources for one in kind.directives if one.digest]


def written(host: Collected) -> str:
    """Every byte that a run writes of a host."""
    return json.dumps(facts_to_json(host.facts)) + "".join(json.dumps(line) for line in host.transcript)


def guesses(nonce: str, host: Collected) -> Iterator[str]:
    """What whoever knows the nonce and all that was written can make of a word: digests, and sums over what he sees."""
    for word in WORDS:
        digest = hashlib.sha256((nonce + word).encode()).hexdigest()
        yield from (digest, hashlib.sha256(digest.encode()).hexdigest(), hashlib.sha256(word.encode()).hexdigest())
        for line in host.transcript:
            for one in passwords(host):
                printed = str(line.get("stdout", "")).replace(str(one.digest), digest)
                body = printed.partition("\n")[2].rsplit("\n", 3)[0] + "\n"
                yield hashlib.sha256(body.encode()).hexdigest()


@pytest.mark.parametrize("reader", ["mawk", "powershell"])
def test_root_of_one_host_confirms_no_secret_of_another(reader: str, tmp_path: Path) -> None:
    hosts = {name: Host(tmp_path / name, reader, word) for name, word in (("own", "a"), ("other", WORDS[0]))}
    found = collected(hosts, reader)
    nonce = hosts["own"].nonce
    assert nonce == hosts["other"].nonce
    all_written = "".join(map(written, found.values()))
    assert not [guess for guess in guesses(nonce, found["other"]) if guess in all_written]
    assert nonce not in all_written


@pytest.mark.parametrize("reader", ["mawk", "powershell"])
def test_equal_secrets_stay_equal_within_a_run_and_only_there(reader: str, tmp_path: Path) -> None:
    runs = []
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        words = {"a": "same", "b": "same", "c": "another"}
        hosts = {name: Host(tmp_path / run / name, reader, word) for name, word in words.items()}
        runs.append({name: passwords(host)[0].digest for name, host in collected(hosts, reader).items()})
    for digests in runs:
        assert digests["a"] == digests["b"] != digests["c"]
    assert runs[0]["a"] != runs[1]["a"]


KEY = b"k" * 32
DIGEST = hashlib.sha256(b"x").hexdigest()


def output(stdout: str, name: str = "configuration", stderr: str = "") -> Output:
    return Output(name, 0, stdout.encode(), stderr.encode(), 0.0, 0.1, 0.1, Missing(Why.OUTPUT_CUT))


@pytest.mark.parametrize("length", [1, 8, 40, 63, 64])
@pytest.mark.parametrize("around", ["secret\t2\tpassword\t.\n%s", '[{"kind": "secret", "text": "%s'])
def test_what_is_left_of_one_that_was_cut_is_gone(around: str, length: int) -> None:
    found = sealed(output(around % DIGEST[:length]), KEY, 16).stdout.decode()
    assert found.startswith(around % "")
    assert not found.endswith(DIGEST[:length])


def test_error_messages_are_sealed_too() -> None:
    assert DIGEST not in sealed(output("", stderr=f"odd: {DIGEST}!"), KEY, 16).stderr.decode()


def test_a_wrong_sum_stays_wrong() -> None:
    stdout = f"login\ta\t.\nnames\t.\n{DIGEST}  -\nend\n"
    kept = sealed(output(stdout), KEY, 16)
    assert DIGEST.encode() not in kept.stdout
    with pytest.raises(ValueError, match="not what the host had summed up"):
        PROBE_OF["posix"].parse(kept)


def test_other_facts_are_left_as_they_are() -> None:
    plain = output(f"{DIGEST}  -\n", name="certificates")
    assert sealed(plain, KEY, 16) == plain


def test_every_script_that_uses_the_nonce_gives_a_fact_that_is_sealed() -> None:
    salted = {one.name for probes in PROBES_OF.values() for one in probes if "nonce" in one.text.lower()}
    assert salted - {"reader"} == SEALED  # which hands it on to its parts, and keeps nothing of theirs


def test_of_more_secrets_than_a_host_can_share_nothing_is_kept() -> None:
    """Else root of one host could put words into its configuration, to look for them in what is written of others."""
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(17)]
    within, beyond = (sealed(output("\n".join(digests[:many])), KEY, 16) for many in (16, 17))
    assert within.stdout
    assert "17 different secrets" in str(beyond.missing)
    assert (beyond.stdout, beyond.stderr) == (b"", b"")


def test_a_director_holds_the_secrets_of_clients_that_are_no_hosts_of_the_estate() -> None:
    """A phased cutover: two hundred clients, and three of them in the estate."""
    of_director, of_client = (
        script_of(READER, asking({"bacula": (role,)}), small.inputs()).most_secrets for role in ("director", "client")
    )
    assert of_client < 50
    assert of_director > 5000
