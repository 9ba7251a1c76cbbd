"""Attacks with real sudo: the one rule lets the login have the reader's own output, and nothing else."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readiness.core.facts import Missing
from readiness.core.scripts import Output
from readiness.probes import READER
from readiness.probes.processes import Processes
from readiness.probes.reader import FILE, RULE_FILE
from tests.probes import real
from tests.probes.sudo_host import CANARIES, LOGIN, SALT, TEXT, Done, Facts, SudoHost, facts_of

PWNED = "/tmp/pwned"
EVIL = f"id -u >>{PWNED}; echo PWNED"
SUDO = ("sudo", "-n")
BEGUN = "/run/begun"
NAMES = [part.name for part in READER.parts]


@pytest.fixture
def target(host: SudoHost) -> Iterator[SudoHost]:
    """A host that must be as it was, without any process of root's, when an attack is over."""
    begin(host, f"rm -rf {PWNED} /tmp/* /opt/x")
    yield host
    deadline = time.monotonic() + 8
    while (left := host.processes()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left
    changed = host.changed_since(BEGUN) - {BEGUN, "/run", "/tmp", PWNED}
    assert not {path for path in changed if not path.startswith(("/tmp/own", "/run/sudo"))}, changed
    assert PWNED not in host.changed_since(BEGUN) or b"0" not in host.run("cat", PWNED, uid=0).stdout.split()


def begin(host: SudoHost, text: str = "true") -> None:
    """What is changed up to now is no attack's work."""
    host.root(f"{text}; sleep 0.01; touch {BEGUN}; sleep 0.01")


def whole(host: SudoHost) -> bytes:
    """What the reader prints, as root's own run of its text gives it."""
    environment = {"READER": (host.sbin / "readiness-read").read_text()}
    done = host.run("/bin/sh", "-c", environment["READER"], "readiness-read", "all", uid=0, environment=environment)
    assert done.stdout.count(b" end ") == 2
    return done.stdout


def clean(done: Done) -> Done:
    """No canary, and no word of a program of the attacker's."""
    both = done.stdout + done.stderr
    assert not [canary for canary in CANARIES.values() if canary.encode() in both], done
    assert b"PWNED" not in done.stdout, done
    return done


def refused(done: Done) -> None:
    assert clean(done).stdout == b"", done
    assert done.status != 0, done


ARGUMENTS = [
    "",
    " ",
    '""',
    "''",
    '\\"\\"',
    '"',
    "all",
    *NAMES,
    "-",
    "--",
    "-c",
    "--help",
    "*",
    "\n",
    "\t",
    '"" ""',
    "x=y",
]


@pytest.mark.parametrize("first", ARGUMENTS, ids=repr)
def test_no_argument_passes(target: SudoHost, first: str) -> None:
    refused(target.run(*SUDO, FILE, first))
    refused(target.run(*SUDO, "--", FILE, first))
    refused(target.run(*SUDO, FILE, first, '""'))
    refused(target.run(*SUDO, f"{FILE} {first}"))
    refused(target.run(*SUDO, f"{FILE}{first or '.'}"))


WORDS = [FILE, '""', "ALL=(root)", "NOPASSWD:EXEC:", LOGIN, "all", "rights", "/bin/cat", "/etc/shadow"]


def cut(words: Sequence[str], places: Sequence[int]) -> list[str]:
    """The words joined by spaces, and parted anew at these places."""
    text = " ".join(words)
    ends = sorted({place % (len(text) + 1) for place in places})
    return [text[begin:end] for begin, end in zip([0, *ends], [*ends, len(text)], strict=True)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4),
    places=st.lists(st.integers(0, 200), max_size=4),
    merged=st.booleans(),
)
def test_no_split_and_no_merge_of_words_passes(
    host: SudoHost, words: list[str], places: list[int], *, merged: bool
) -> None:
    """Whatever the borders between words: but for the one word alone, nothing is run."""
    parts = cut(words, places) if merged else words
    done = clean(host.run(*SUDO, "--", *parts))
    if [part for part in parts if part] != [FILE] or len(parts) > 1:
        assert done.stdout == b""


def test_every_split_of_the_rule_in_two(target: SudoHost) -> None:
    text = f'{FILE} ""'
    for place in range(1, len(text)):
        refused(target.run(*SUDO, text[:place], text[place:]))


ALL_ARGUMENTS = f"{LOGIN} ALL=(root) NOPASSWD:EXEC: {FILE}"


@pytest.mark.parametrize("argument", ['""', "", "all", "rights", "x"])
def test_an_argument_that_sudo_lets_through_does_nothing(target: SudoHost, argument: str) -> None:
    """Older versions of sudo take the argument `""` for none; the rule here lets any through."""
    target.rules("Defaults !env_reset", ALL_ARGUMENTS)
    begin(target)
    evil = {"READER": EVIL, "NONCE": SALT, "mark": "x", "salt": SALT}
    refused(target.run(*SUDO, FILE, argument, environment=evil))
    refused(target.run(FILE, argument, environment=evil, uid=0))


@pytest.mark.parametrize(
    "spelling",
    [
        "/usr/local/sbin/../sbin/readiness-read",
        "//usr//local/sbin/readiness-read",
        "/usr/local/sbin/./readiness-read",
        "./readiness-read",
        "../sbin/readiness-read",
        "readiness-read",
        "/tmp/own/link/readiness-read",
        "/tmp/own/folder/readiness-read",
        "/tmp/own/copy/readiness-read",
        "/tmp/own/evil/readiness-read",
        "/usr/local/lib/readiness-read",
        "/proc/self/root/usr/local/sbin/readiness-read",
        "/proc/self/cwd/readiness-read",
    ],
)
def test_another_spelling_runs_the_reader_or_nothing(target: SudoHost, spelling: str) -> None:
    target.root(
        f"mkdir -p /tmp/own/link /tmp/own/copy /tmp/own/evil; ln -s {FILE} /tmp/own/link/; cp {FILE} /tmp/own/copy/;"
        f" printf '#!/bin/sh\\n{EVIL}\\n' >/tmp/own/evil/readiness-read; chmod 755 /tmp/own/evil/readiness-read;"
        f" ln -s /usr/local/sbin /tmp/own/folder; mkdir /usr/local/lib; ln {FILE} /usr/local/lib/;"
        f" chown -R {LOGIN} /tmp/own; touch {BEGUN}"
    )
    expected = whole(target)
    for path in (real.PATH, f"/tmp/own/evil:{real.PATH}"):
        done = clean(
            target.run("sh", "-c", 'cd /usr/local/sbin; exec sudo -n "$0"', spelling, environment={"PATH": path})
        )
        assert done.stdout in (b"", expected), done
        assert done.stdout == expected or done.status != 0


OPTIONS = {
    "an editor": ["-e", FILE],
    "an editor for another file": ["-e", "/etc/shadow"],
    "a login shell": ["-i"],
    "a login shell with it": ["-i", FILE],
    "a shell": ["-s"],
    "a shell with it": ["-s", FILE],
    "another user": ["-u", "other", FILE],
    "root by number": ["-u", "#0", FILE],
    "no user": ["-u", "#-1", FILE],
    "the largest user": ["-u", "#4294967295", FILE],
    "a group": ["-g", "adm", FILE],
    "the group of root": ["-g", "root", FILE],
    "root and its group": ["-u", "root", "-g", "root", FILE],
    "root and another group": ["-u", "root", "-g", "adm", FILE],
    "another's list": ["-l", "-U", "root"],
    "its environment": ["-E", FILE],
    "some of it": ["--preserve-env=READER,PATH", FILE],
    "a variable": ["READER=id", FILE],
    "a variable of the linker": ["LD_PRELOAD=/tmp/own/x.so", FILE],
    "variables and no command": ["READER=id"],
    "files kept open": ["-C", "3", FILE],
    "another folder": ["-D", "/tmp", FILE],
    "another root": ["-R", "/tmp/own", FILE],
    "a time": ["-T", "1", FILE],
    "another host": ["-h", "elsewhere", FILE],
    "a prompt": ["-p", "%u", FILE],
    "a program that asks": ["-A", FILE],
    "from standard input": ["-S", FILE],
    "in the background": ["-b", FILE],
    "its groups": ["-P", FILE],
    "home": ["-H", FILE],
    "a role": ["-r", "x", "-t", "y", FILE],
    "another command": ["/bin/cat", "/etc/shadow"],
    "a shell of that name": ["/bin/sh", FILE],
    "another command first": ["/bin/sh", "-c", FILE],
    "forget": ["-k", FILE],
    "options after": [FILE, "-u", "root"],
    "validate": ["-v"],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_no_option_gives_more(target: SudoHost, name: str) -> None:
    target.root(
        f"mkdir /tmp/own; printf '#!/bin/sh\\n{EVIL}\\n' >/tmp/own/evil; chmod 755 /tmp/own/evil;"
        f" chown -R {LOGIN} /tmp/own"
    )
    expected = whole(target)
    own = dict.fromkeys(("SUDO_ASKPASS", "SUDO_EDITOR", "VISUAL", "EDITOR", "SHELL", "PAGER"), "/tmp/own/evil")
    done = clean(target.run(*SUDO, *OPTIONS[name], environment=own))
    assert done.stdout in (b"", expected), done


VARIABLES = {
    "READER": EVIL,
    "NONCE": "1" * 64,
    "ENV": "/tmp/own/evil",
    "BASH_ENV": "/tmp/own/evil",
    "SHELLOPTS": "xtrace:verbose",
    "BASHOPTS": "extdebug",
    "PS4": f"$({EVIL})",
    "PROMPT_COMMAND": EVIL,
    "IFS": "/",
    "CDPATH": "/tmp/own",
    "LD_PRELOAD": "/tmp/own/x.so",
    "LD_LIBRARY_PATH": "/tmp/own",
    "LD_AUDIT": "/tmp/own/x.so",
    "LD_DEBUG": "all",
    "GCONV_PATH": "/tmp/own",
    "LOCPATH": "/tmp/own",
    "GLIBC_TUNABLES": "glibc.malloc.check=3",
    "MALLOC_TRACE": "/tmp/own/trace",
    "PATH": f"/tmp/own:{real.PATH}",
    "OPENSSL_CONF": "/tmp/own/evil",
    "OPENSSL_ENGINES": "/tmp/own",
    "PYTHONPATH": "/tmp/own",
    "PERL5LIB": "/tmp/own",
    "AWKPATH": "/tmp/own",
    "AWKLIBPATH": "/tmp/own",
    "GETCONF_DIR": "/tmp/own",
    "TMPDIR": "/tmp/own",
    "HOME": "/tmp/own",
    "TZ": "/etc/shadow",
    "LC_ALL": "de_DE.UTF-8",
    "POSIXLY_CORRECT": "1",
    "COLUMNS": "1",
    "FIND_BLOCK_SIZE": "x",
    "HOSTALIASES": "/etc/shadow",
    "RES_OPTIONS": "debug",
    "BASH_FUNC_exec%%": f"() {{ {EVIL}; }}",
    "BASH_FUNC_printf%%": f"() {{ {EVIL}; }}",
    "BASH_FUNC_/bin/cat%%": f"() {{ {EVIL}; }}",
    "BASH_FUNC_timeout%%": f"() {{ {EVIL}; }}",
    "printf": f"() {{ {EVIL}; }}",
    "BASH_XTRACEFD": "1",
    "FUNCNEST": "1",
    "mark": "x",
    "text": EVIL,
    "salt": "1" * 64,
    "SUDO_PS1": f"$({EVIL})",
}
KEPT = " ".join(name for name in VARIABLES if name.isidentifier())
SETTINGS = {
    "as it comes": "Defaults env_reset",
    "nothing reset": "Defaults !env_reset",
    "nothing reset and nothing deleted": 'Defaults !env_reset, !secure_path, env_delete="", env_check=""',
    "all kept": f'Defaults env_reset, !secure_path, env_keep+="{KEPT} BASH_FUNC_*", env_check=""',
    "a file of variables": "Defaults env_file=/tmp/own/none, restricted_env_file=/tmp/own/none",
}


@pytest.fixture
def own_tools(target: SudoHost) -> SudoHost:
    """The attacker's own programs, in a folder of its own."""
    tools = "evil cat env sh timeout head sha256sum find awk id sed stat sshd getent printf"
    target.root(
        f"mkdir -p /tmp/own; for name in {tools}; do printf '#!/bin/sh\\n{EVIL}\\n' >/tmp/own/$name; done;"
        f" chmod 755 /tmp/own/*; chown -R {LOGIN} /tmp/own"
    )
    return target


@pytest.mark.parametrize("shell", real.SHELLS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_no_variable_counts(own_tools: SudoHost, setting: str, shell: str) -> None:
    """Nor does it where /bin/sh is another one."""
    real.need(shell)
    host = own_tools
    expected = whole(host)
    host.rules(SETTINGS[setting], (host.etc / "sudoers.d/readiness").read_text())
    if shell != "dash":
        host.root(f"mount --bind /usr/bin/{shell} /usr/bin/dash")
    begin(host)
    sudo = "/usr/bin/sudo"
    try:
        done = clean(host.run(sudo, "-n", FILE, environment=VARIABLES))
        assert done.stdout == expected, done
    finally:
        if shell != "dash":
            host.root("umount /usr/bin/dash")


INPUTS = {
    "nothing": b"",
    "too short": SALT[:-1].encode(),
    "capitals": b"A" * 64,
    "a canary": b"canary-of-the-shadow" * 10,
    "a command": b"$(id)" * 20,
    "null bytes": b"\0" * 100,
    "null bytes within": SALT[:32].encode() + b"\0" * 32,
    "line ends": b"\n" * 64,
    "other digits": "\u0660".encode() * 64,
    "much": b"x" * (10 << 20),
}


@pytest.mark.parametrize("name", INPUTS)
def test_what_is_no_salt_is_not_taken_and_not_shown(target: SudoHost, name: str) -> None:
    done = target.run(*SUDO, FILE, stdin=INPUTS[name])
    refused(done)
    assert b"no salt of 64 hexadecimal digits" in done.stderr
    assert INPUTS[name][:20] in {b"", SALT[:20].encode()} or INPUTS[name][:20] not in done.stderr


def test_more_than_a_salt_is_left(target: SudoHost) -> None:
    expected = whole(target)
    assert clean(target.run(*SUDO, FILE, stdin=SALT.encode() + b"x" * (10 << 20))).stdout == expected
    assert clean(target.run("sh", "-c", f"sudo -n {FILE} </dev/zero", stdin=b"")).stdout == b""
    assert clean(target.run("sh", "-c", f"sudo -n {FILE} <&-", stdin=b"")).stdout == b""
    assert clean(target.run("sh", "-c", f"sudo -n {FILE} </etc/shadow", stdin=b"")).stdout == b""


def test_a_terminal_is_no_salt(target: SudoHost) -> None:
    """It is waited for, and not for long."""
    begun = time.monotonic()
    ours, theirs = os.openpty()
    own = (target.etc / "sudoers.d/readiness").read_text()
    started = []
    for setting in ("!use_pty", "use_pty"):
        target.rules(f"Defaults {setting}", own)
        command = [*target.enter(), "setsid", "sudo", "-n", FILE]
        started.append(subprocess.Popen(command, stdin=theirs, stdout=-1, stderr=-1, env={"PATH": real.PATH}))
        time.sleep(0.3)
    os.close(theirs)
    for process in started:
        stdout, stderr = process.communicate(timeout=20)
        refused(Done(process.returncode, stdout, stderr))
    os.close(ours)
    assert time.monotonic() - begun < 20
    begin(target)


OUTPUTS = {
    "no standard output": ">&-",
    "no standard error": "2>&-",
    "neither": ">&- 2>&-",
    "a full one": ">/dev/full",
    "a full error": "2>/dev/full",
    "a reader that leaves": "| head -c 100",
    "a reader that leaves at once": "| :",
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_that_takes_nothing_gives_no_wrong_fact(target: SudoHost, name: str) -> None:
    good = facts(target, target.run(*SUDO, FILE))
    done = clean(target.run("sh", "-c", f"sudo -n {FILE} {OUTPUTS[name]}"))
    right_or_missing(facts(target, done), good)


def facts(host: SudoHost, done: Done) -> Facts:
    """The facts that come of what the reader printed, as if the login's script had begun as it should."""
    opening = host.read().stdout.partition(b"\n@")[0]
    return facts_of(Output("reader", 0, opening + done.stdout, done.stderr, 0.0, 0.0, 0.0))


def right_or_missing(found: Facts, good: Facts) -> None:
    for name in ("rights", "sshd"):
        assert good[name] is not None
        assert not isinstance(good[name], Missing)
        assert found[name] is None or isinstance(found[name], Missing) or found[name] == good[name], name


LIMITS = [
    *(
        "-f 0",
        "-n 3",
        "-n 4",
        "-n 6",
        "-n 10",
        "-t 0",
        "-t 1",
        "-u 1",
        "-u 3",
        "-s 64",
        "-s 100",
        "-s 256",
        "-c 0",
        "-l 0",
    ),
    *(f"-v {kib}" for kib in (500, 2000, 3000, 4000, 6000, 8000, 12000, 20000, 50000)),
    *("-d 100", "-d 300", "-d 1000"),
]


def test_limits_cut_and_change_nothing(target: SudoHost) -> None:
    """What a part could not do for want of files, memory or time is Missing."""
    target.file(target.sbin / "readiness-read", TEXT, 0o755)
    begin(target)
    opening = target.read(READER).stdout.partition(b"\n@")[0]

    def read(limit: str) -> Facts:
        done = clean(target.run("bash", "-c", f"ulimit {limit}; exec sudo -n {FILE}"))
        return facts_of(Output("reader", 0, opening + done.stdout, done.stderr, 0.0, 0.0, 0.0), READER)

    good = read("-c 0")
    assert not [name for name in NAMES if good[name] is None or isinstance(good[name], Missing)], good
    for limit in LIMITS:
        found = read(limit)
        for name in NAMES:
            fact = found[name]
            if isinstance(fact, Processes):
                paths = {program.path for program in fact.executables.values()}
                assert paths > {"/usr/bin/sleep", "/usr/bin/sudo", "/usr/bin/dash"}, (limit, paths)
            else:
                assert fact is None or isinstance(fact, Missing) or fact == good[name], (limit, name, fact)


@pytest.mark.parametrize("signal", ["TERM", "INT", "HUP", "QUIT", "KILL", "STOP", "PIPE", "USR1", "ALRM"])
def test_signals_leave_nothing_behind(target: SudoHost, signal: str) -> None:
    """The login may not send them to what runs as root; what it may, ends or changes nothing."""
    expected = whole(target)
    text = f"sudo -n {FILE} & sleep 0.03; kill -{signal} $(ps -o pid= --ppid $!) $!; kill -CONT $!; wait $!"
    done = clean(target.run("sh", "-c", text))
    assert expected.startswith(done.stdout), done


def test_the_salt_is_in_no_argument(host: SudoHost) -> None:
    """Everybody on a host sees the arguments of others' processes."""
    host.file(host.sbin / "readiness-read", TEXT, 0o755)
    watch = "timeout 1 sh -c 'while :; do cat /proc/[0-9]*/cmdline; done' 2>/dev/null"
    with subprocess.Popen([*host.enter(), "sh", "-c", watch], stdout=subprocess.PIPE) as watching:
        salt = "5" * 64
        done = host.run(*SUDO, FILE, stdin=salt.encode())
        seen = watching.communicate()[0]
    assert done.stdout.count(b"@") > len(NAMES)
    assert b"readiness-read" in seen
    assert salt.encode() not in seen


def test_every_pair_of_a_setting_and_an_option(target: SudoHost) -> None:
    """Settings that hand the caller some choice; those that hand over all of it are CON-005's to tell."""
    expected = whole(target)
    settings_ = (
        "closefrom_override",
        "runcwd=*",
        "user_command_timeouts",
        "fdexec=always",
        "use_pty",
        "noexec",
        "umask=0",
    )
    options = (["-C", "3"], ["-D", "/tmp"], ["-T", "5"], ["-b"], ["-P"], ["-E"], ["A=b"], ["-u", "other"])
    for setting, option in product(settings_, options):
        target.rules(f"Defaults {setting}", (target.etc / "sudoers.d/readiness").read_text())
        done = clean(target.run(*SUDO, *option, FILE))
        assert done.stdout in (b"", expected), (setting, option, done)
    target.root(f"touch {BEGUN}; sleep 0.02; rm {RULE_FILE}; touch -d '1 day ago' /etc/sudoers.d")
