"""Every state of the reader, of sudo and of the host, by the login's real run; and each remedy, applied."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

import pytest

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output
from readiness.probes import READER
from readiness.probes.processes import Processes
from readiness.probes.reader import FILE, RULE_FILE, Place, Reader, SudoRule, rule_for
from readiness.probes.reader_text import taken_apart

from . import real
from .askings import asking
from .samples import SAMPLES, Sample, parsed
from .sudo_host import INSTALL, LOGIN, QUICK, RULE, TEXT, SudoHost, is_well, mend

OWN = SudoRule("reader", "root", "!noexec, !authenticate", FILE)
ALL_LATER = f"{LOGIN} ALL=(ALL) ALL"


def test_all_well_is_what_root_reads(host: SudoHost) -> None:
    host.file(host.sbin / "readiness-read", TEXT, 0o755)
    own, roots = host.facts(READER), host.facts(READER, 0)
    is_well(own, READER)
    assert isinstance(roots["reader"], Reader)
    assert roots["reader"].is_root
    assert roots["reader"].hindrance() is None
    assert own["reader"] == Reader(
        is_root=False,
        login=LOGIN,
        tools=("sudo",),
        places=(
            *(
                Place(path, "directory", "root", "root", "755")
                for path in ("/", "/usr", "/usr/local", "/usr/local/sbin")
            ),
            Place(FILE, "regular file", "root", "root", "755"),
        ),
        sha256=own["reader"].wanted if isinstance(own["reader"], Reader) else "",
        wanted=own["reader"].wanted if isinstance(own["reader"], Reader) else "",
        rules=(OWN,),
        refused=None,
    )
    for part in READER.parts:
        if part.kind is not Processes:
            assert own[part.name] == roots[part.name], part.name
    of_login, of_root = own["processes"], roots["processes"]
    assert isinstance(of_login, Processes)
    assert isinstance(of_root, Processes)
    assert of_login.executables[1] == of_root.executables[1]  # others come and go
    assert "/usr/bin/sudo" in {one.path for one in of_login.executables.values()}


@pytest.mark.parametrize("shell", real.SHELLS)
def test_in_each_shell(host: SudoHost, shell: str) -> None:
    real.need(shell)
    is_well(host.facts(shell=shell))


@dataclass(frozen=True)
class State:
    """What is done to a host, and what is said of it then; the remedy mends it, unless something else must, too."""

    text: str
    detail: str
    why: Why = Why.NOT_PERMITTED
    remedy: str = ""
    mends: bool = True


OLDER = "printf '# older\\n' >>/usr/local/sbin/readiness-read"
STATES = {
    "no file": State(f"rm {FILE}", f"{FILE} is not there", remedy=f"{INSTALL}, with its rule"),
    "one byte more": State(f"echo >>{FILE}", "not the one that this version prints", remedy=f"renew it: {INSTALL}"),
    "another text": State(OLDER, "not the one that this version prints"),
    "empty": State(f": >{FILE}", "not the one that this version prints"),
    "group may write": State(f"chmod 775 {FILE}", f"others than root may change {FILE}"),
    "all may write": State(f"chmod 757 {FILE}", f"others than root may change {FILE}"),
    "owner is the login": State(f"chown {LOGIN} {FILE}", f"others than root may change {FILE}"),
    "its folder's owner": State(f"chown {LOGIN} /usr/local/sbin", "others than root may change /usr/local/sbin "),
    "its folder's group": State("chmod g+w /usr/local/sbin", "others than root may change /usr/local/sbin "),
    "the folder above": State("chmod o+w /usr/local", "others than root may change /usr/local "),
    "a sticky folder": State("chmod 1777 /usr/local", "others than root may change /usr/local "),
    "a link": State(f"mv {FILE} /usr/local/x; ln -s /usr/local/x {FILE}", f"{FILE} is a symbolic link, no file"),
    "a folder": State(f"rm {FILE}; mkdir {FILE}", f"{FILE} is a directory, no file"),
    "a pipe": State(f"rm {FILE}; mkfifo {FILE}", f"{FILE} is a fifo, no file"),
    "only root may read it": State(f"chmod 700 {FILE}", f"{LOGIN} may not read {FILE}"),
    "not executable": State(f"chmod 644 {FILE}", f"{FILE} may not be executed"),
    "only root may look into its folder": State(
        "chmod 700 /usr/local/sbin", f"{LOGIN} may not look into /usr/local/sbin"
    ),
    "a link of the login": State(
        "mv /usr/local/sbin /usr/local/x; ln -s x /usr/local/sbin; chown -h rd /usr/local/sbin",
        "others than root may change /usr/local/sbin ",
        remedy="chown -h root:root /usr/local/sbin",
    ),
    "a link to a folder of the login": State(
        "mv /usr/local/sbin /usr/local/x; ln -s x /usr/local/sbin; chown rd /usr/local/x",
        "others than root may change /usr/local/x ",
        remedy="chown -h root:root /usr/local/x; chmod go-w /usr/local/x",
    ),
    "a link through a folder that all may write": State(
        "mkdir /opt/x; mkdir -m 777 /opt/y; rm -rf /opt/x/sbin; mv /usr/local/sbin /opt/x/; ln -s /opt/x/sbin /opt/y/z;"
        " ln -s ../../opt/y/z /usr/local/sbin",
        "others than root may change /opt/y ",
    ),
    "no rule": State(f"rm {RULE_FILE}", "a password is required", remedy=RULE),
    "a rule that asks for a password": State(
        f"echo '{LOGIN} ALL=(root) {FILE}' >{RULE_FILE}", "a password is required"
    ),
    "a later rule that asks for one": State(f"echo '{ALL_LATER}' >>{RULE_FILE}", "a password is required", remedy=RULE),
    "another's rule": State(f"echo '{rule_for('other')}' >{RULE_FILE}", "a password is required"),
    "a rule for another user": State(
        f"echo '{LOGIN} ALL=(other) NOPASSWD: {FILE} \"\"' >{RULE_FILE}", "a password is required"
    ),
    "refused by a later rule": State(
        f"echo '{LOGIN} ALL=(root) NOPASSWD: !{FILE}' >>{RULE_FILE}", "a password is required|is not allowed to execute"
    ),
    "a digest of another file": State(
        f"echo '{LOGIN} ALL=(root) NOPASSWD: sha224:{'0' * 56} {FILE} \"\"' >{RULE_FILE}", "a password is required"
    ),
    "requiretty": State(
        f"echo 'Defaults requiretty' >>{RULE_FILE}", "must have a tty", remedy=f"Defaults:{LOGIN} !requiretty"
    ),
    "in the group sudo": State(
        f"rm {RULE_FILE}; echo '%{LOGIN} ALL=(ALL) ALL' >>/etc/sudoers", "a password is required", mends=False
    ),
    "rules with a mistake": State(
        "echo 'x y' >>/etc/sudoers; rm /etc/sudoers.d/*", "a password is required|parse error|syntax"
    ),
    "rules that all may write": State("chmod 666 /etc/sudoers", "world writable", remedy="mend sudo on the host"),
    "intercept": State(f"echo 'Defaults intercept' >>{RULE_FILE}", "is not allowed to execute", remedy="!intercept"),
    "another root folder": State(f"echo 'Defaults runchroot=/opt' >>{RULE_FILE}", "command not found|runchroot|chroot"),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_and_its_remedy(host: SudoHost, name: str) -> None:
    state = STATES[name]
    host.root(state.text)
    facts = host.facts()
    reader = facts["reader"]
    assert isinstance(reader, Reader), facts
    missing = reader.hindrance()
    assert missing, reader
    assert missing.why is state.why, missing
    assert re.search(state.detail, missing.detail), missing
    assert state.remedy in missing.remedy, missing
    assert {facts[part.name] for part in QUICK.parts} == {missing}
    if missing.remedy == "mend sudo on the host, or log in as root":
        return
    mend(host, missing.remedy)
    if state.mends:
        is_well(host.facts())


AS_A_DIGEST = f"{LOGIN} ALL=(root) NOPASSWD:EXEC: sha256:$(sha256sum {FILE} | cut -d' ' -f1) {FILE} \\\"\\\""
WELL = {
    "sbin is a link to bin": "mv /usr/local/sbin /usr/local/bin; ln -s bin /usr/local/sbin",
    "sbin is a link to elsewhere": "mv /usr/local/sbin /opt/sbin; ln -s ../../opt/./sbin/ /usr/local/sbin",
    "in the group sudo": f"sed -i 's/^sudo:.*/&{LOGIN}/' /etc/group",
    "an alias": f"printf 'User_Alias U = {LOGIN}\\nCmnd_Alias C = {FILE} \"\"\\nU ALL=NOPASSWD: C\\n' >{RULE_FILE}",
    "its digest": f'echo "{AS_A_DIGEST}" >{RULE_FILE}',
    "as anybody": f"echo '{LOGIN} ALL=(ALL:ALL) NOPASSWD: {FILE} \"\"' >{RULE_FILE}",
    "everything": f"echo '{LOGIN} ALL=(ALL) NOPASSWD: ALL' >{RULE_FILE}",
    "a rule that asks for a password before": f"sed -i '2i {ALL_LATER}' {RULE_FILE}",
    "requiretty for others": f"printf 'Defaults requiretty\\nDefaults:{LOGIN} !requiretty\\n' >>{RULE_FILE}",
    "an access list": f"setfacl -m u:{LOGIN}:rx {FILE}",
    **{
        setting: f"echo 'Defaults {setting}' >>{RULE_FILE}"
        for setting in (
            "authenticate, targetpw, timestamp_timeout=0",
            "rootpw, timestamp_type=global",
            "noexec",
            "use_pty",
            "log_input, log_output, iolog_dir=/opt/log",
            "umask=0777, umask_override",
            "lecture=always, insults, mail_always",
            "!env_reset",
            'env_keep+="READER NONCE ENV BASH_ENV PS4 SHELLOPTS"',
            "secure_path=/nowhere",
            "fdexec=always",
            "!use_pty, closefrom_override, runcwd=*, set_home",
        )
    },
}


@pytest.mark.parametrize("name", WELL)
def test_all_is_well(host: SudoHost, name: str) -> None:
    if "setfacl" in WELL[name]:
        real.need("setfacl", "acl")
    host.root(WELL[name])
    is_well(host.facts())


def test_an_access_list_that_lets_another_write_is_seen(host: SudoHost) -> None:
    real.need("setfacl", "acl")
    host.root(f"setfacl -m u:{LOGIN}:rwx {FILE}")
    missing = host.reader().hindrance()
    assert missing
    assert f"others than root may change {FILE}" in missing.detail
    mend(host, missing.remedy)
    is_well(host.facts())


SAYING = {
    "unable to resolve": "echo 'sudo: unable to resolve host bk01: Name or service not known' >&2",
    "a lecture": "printf 'We trust you have received the usual lecture.\\n\\n    #1) Respect the password.\\n' >&2",
    "slow": "sleep 0.2",
}


@pytest.mark.parametrize("what", SAYING)
def test_what_sudo_says_besides_hinders_nothing(host: SudoHost, what: str) -> None:
    host.root("mkdir /usr/local/bin")
    host.file(host.sbin.parent / "bin/sudo", f'#!/bin/sh\n{SAYING[what]}\nexec /usr/bin/sudo "$@"\n', 0o755)
    is_well(host.facts())
    host.root(f"rm {RULE_FILE}")
    missing = host.reader().hindrance()
    assert missing
    assert missing.detail == "sudo: a password is required"
    mend(host, missing.remedy)
    is_well(host.facts())


@pytest.mark.parametrize(("doas", "detail"), [(False, "no sudo"), (True, "no sudo, and doas is not used")])
def test_without_sudo(host: SudoHost, doas: bool, detail: str) -> None:
    host.root("rm -rf /opt/bin; mkdir /opt/bin; ln -s /usr/bin/* /opt/bin/; rm -f /opt/bin/sudo /opt/bin/doas")
    if doas:
        host.root("ln -s /bin/true /opt/bin/doas")
    facts = host.facts(path="/opt/bin")
    missing = Missing(Why.NOT_PERMITTED, detail, "install sudo, or log in as root")
    assert {facts[part.name] for part in QUICK.parts} == {missing}


@pytest.mark.parametrize("tool", ["awk", "find", "readlink", "sha256sum", "stat"])
def test_without_a_tool(host: SudoHost, tool: str) -> None:
    host.root(f"rm -rf /opt/bin; mkdir /opt/bin; ln -s /usr/bin/* /opt/bin/; rm /opt/bin/{tool}")
    facts = host.facts(path="/opt/bin")
    assert {facts[name] for name in ("reader", *(part.name for part in QUICK.parts))} == {
        Missing(Why.TOOL_ABSENT, f"no {tool}")
    }


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.fact == "reader"], ids=str)
@pytest.mark.parametrize("stdout", [b"", b"x", b"\n@", b"end\n", None])
def test_an_output_without_parts_is_missing_in_every_part(sample: Sample, stdout: bytes | None) -> None:
    """Also where the reader was not run, so that no mark stands in it."""
    output = sample.output if stdout is None else replace(sample.output, stdout=stdout)
    own, *parts = taken_apart(
        replace(output, stdout=output.stdout.partition(b"\n@")[0]), "0" * 64, QUICK.parts, 1 << 20
    )
    assert own.name == "reader"
    assert [part.name for part in parts] == [part.name for part in QUICK.parts]
    assert all(isinstance(part.missing, Missing) for part in parts)


def test_a_find_that_fails_runs_nothing(host: SudoHost) -> None:
    host.root("mkdir /usr/local/bin; ln -s /bin/false /usr/local/bin/find")
    facts = host.facts()
    assert facts["reader"] is None
    for part in QUICK.parts:
        missing = facts[part.name]
        assert isinstance(missing, Missing)
        assert "nothing says why" in missing.detail


def summed_head(*rows: str) -> bytes:
    """What the login's script prints, whole and summed up, whatever stands in it."""
    body = "\n".join(rows) + "\n"
    return f"{body}{hashlib.sha256(body.encode()).hexdigest()}  -\nend\n".encode()


MARK = hashlib.sha256(b"mark " + b"0" * 64).hexdigest()


@pytest.mark.parametrize(
    "stdout",
    [
        summed_head("login\ta\t.", "wanted\t\t.", "wanted\t\t.", "installed\t\t.", "rules\t0\t.", "not_run\t."),
        summed_head("login\ta\t.", "wanted\t\t.", "rules\t0\t.", "no_rules\t.", "run\t."),
        summed_head("login\ta\t.", "run\t."),
        b"root\t.\nend\n" + f"\n@{MARK} begin rights\nx\n@{MARK} end rights\n".encode(),
        b"root\t.\nend\n" + f"\n@{MARK} end rights\n\n@{MARK} begin\n\n@{MARK} done 0\n".encode(),
        b"root\t.\nend\n" + f"\n@{MARK} begin rights\n\n@{MARK} begin rights 3\n".encode(),
    ],
)
def test_a_host_that_says_odd_things_breaks_nothing(stdout: bytes) -> None:
    """Whoever is root there may print anything: it costs the host its own facts, and no other host theirs."""
    own, *parts = taken_apart(Output("reader", 0, stdout, b"", 0.0, 0.1, 0.1), "0" * 64, READER.parts, 1 << 20)
    assert all(isinstance(part.missing, Missing) for part in parts)
    assert own.name == "reader"


def test_a_list_of_rules_that_is_not_understood_is_no_list_without_rules() -> None:
    """Sudo ran the reader, so there is a rule: a list that shows none has another format."""
    (sample,) = (one for one in SAMPLES if (one.fact, one.case) == ("reader", "all_well"))
    head = sample.output.stdout.decode().partition("\n@")[0]
    rows = [row for row in head.split("\n") if not row.startswith(("rule\t", "rules\t"))][:-3]
    stdout = summed_head(*rows[:-1], "rules\t0\t.", rows[-1]) + f"\n@{MARK} begin rights\n".encode()
    reader = parsed(replace(sample.output, stdout=stdout))
    assert isinstance(reader, Reader)
    assert isinstance(reader.rules, Missing)


def test_it_fits_into_one_argument_of_a_program() -> None:
    """Linux takes 128 KiB; there is room for what later versions read."""
    assert len(READER.text_for(asking()).encode()) < 100_000
