"""Users' own testinfra tests on real hosts: run unchanged over our connection, and never green unless they passed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lxml.etree
import pytest
import yaml

from tests.lab import faults
from tests.lab.lab import Lab
from tests.main_job import job as main_job
from tests.main_job.job import ROOT, Job, command, environment
from tests.main_job.test_on_the_lab import shared

SUITES = Path(__file__).parent / "suites"
AREA = ("--area", "custom")
WORD = {"READINESS_CUSTOM_CHECKS": "1"}
BASE_TESTS, CLIENT_TESTS = 14, 2
CLIENTS = {"client01", "client02", "client03"}


def run(estate: Path, folder: Path, *options: str) -> Job:
    """A run whose user has given the word for the estate's own tests."""
    return main_job.run(estate, folder, *options, variables=WORD)


@pytest.fixture
def estate(lab: Lab, tmp_path: Path) -> Path:
    """The lab's estate, to be given custom checks."""
    folder = tmp_path / "estate"
    shutil.copytree(lab.estate, folder)
    shutil.copy(lab.identity_file, tmp_path / "id_ed25519")
    return folder


def own(estate: Path, *suites: Mapping[str, Any], **changes: Any) -> Path:
    """The estate with these custom checks, and other changes."""
    document = yaml.safe_load((estate / "estate.yaml").read_text())
    document |= {"custom_checks": list(suites), **changes}
    (estate / "estate.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return estate


def given(estate: Path, body: str, *, hosts: tuple[str, ...] = ("client01",), **changes: Any) -> Path:
    """The estate with one test file, for one host."""
    (estate / "own").mkdir()
    (estate / "own" / "test_x.py").write_text(body)
    return own(estate, {"folder": "own", "hosts": list(hosts)}, **changes)


def custom(job: Job) -> list[dict[str, Any]]:
    return [one for one in job.results if one["area"] == "custom"]


def said(job: Job) -> dict[str, tuple[str, str]]:
    """Outcome and message by the test's name, of a run with one host."""
    return {one["check"].split("::")[-1]: (one["outcome"], one["message"]) for one in custom(job)}


def judged(folder: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["unshare", "--net", *command("judge", folder, "--out", out)],
        env=environment(out.parent),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def lines(job: Job, what: str = "command") -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in (job.folder / "transcript.jsonl").read_text().splitlines()]
    return [one for one in entries if one["what"] == what]


def test_a_suite_runs_unchanged_and_the_clean_estate_is_go(lab: Lab, estate: Path, tmp_path: Path) -> None:
    shutil.copytree(SUITES / "infra", estate / "tests" / "infra")
    before = {path: path.read_bytes() for path in sorted(estate.rglob("*")) if path.is_file()}
    job = run(own(estate, {"folder": "tests/infra"}), tmp_path / "run")
    assert job.wrong() == {}, job.stdout
    assert (job.code, job.verdict["judgement"]["verdict"]) == (0, "GO")
    assert {path for path in estate.rglob("*") if path.is_file()} == before.keys()  # nothing is left behind
    own_outcomes = custom(job)
    assert len(own_outcomes) == BASE_TESTS * len(lab.hosts) + CLIENT_TESTS * 3
    assert {(one["outcome"], one["severity"]) for one in own_outcomes} == {("PASS", "major")}
    assert {one["host"] for one in own_outcomes} == set(lab.hosts)
    assert all(one["message"].startswith("live: passed") for one in own_outcomes)
    check = "tests/infra/test_base.py::test_package_is_installed[coreutils]"
    assert {one["title"] for one in own_outcomes if one["check"] == check} == {"The base packages are installed"}
    assert {one["host"] for one in own_outcomes if "test_clients" in one["check"]} == {
        "client01",
        "client02",
        "client03",
    }
    _is_told_whole(job, lab)
    _is_judged_again(job, tmp_path)
    _stands_in_the_junit(job, lab)


def _is_told_whole(job: Job, lab: Lab) -> None:
    """Each command is in the transcript, over one connection a host, and each outcome names its own."""
    sent = lines(job)
    assert {one["host"] for one in sent} == set(lab.hosts)
    connections = [one["host"] for one in lines(job, "connection") if "live" in one["ref"]]
    assert sorted(connections) == sorted(lab.hosts)
    by_reference = {one["ref"]: one for one in sent}
    assert len(by_reference) == len(sent)
    for one in custom(job):
        assert all(by_reference[ref]["test"] == one["check"] for ref in one["evidence"])
    assert {ref for one in custom(job) for ref in one["evidence"]} == by_reference.keys()
    kept = job.verdict["judgement"]["inputs"]
    assert {"tests/infra/conftest.py", "tests/infra/pytest.ini", "tests/infra/test_base.py"} <= kept.keys()
    planned = json.loads((job.folder / "plan.json").read_text())
    pairs = {(entry["check"], target) for entry in planned["live"] for target in entry["targets"]}
    assert pairs == {(one["check"], one["target"]) for one in custom(job)}


def _is_judged_again(job: Job, tmp_path: Path) -> None:
    again = tmp_path / "again"
    ended = judged(job.folder, again)
    assert ended.returncode == job.code, ended.stdout + ended.stderr
    assert (again / "results.jsonl").read_bytes() == (job.folder / "results.jsonl").read_bytes()
    assert Job(0, "", "", again).verdict["judgement"] == job.verdict["judgement"]
    twice = tmp_path / "twice"
    assert judged(again, twice).returncode == job.code
    assert (twice / "results.jsonl").read_bytes() == (job.folder / "results.jsonl").read_bytes()


def _stands_in_the_junit(job: Job, lab: Lab) -> None:
    tree = lxml.etree.parse(str(job.folder / "junit.xml"))
    schema = shared("corpus/dev/junit/xunitplugin__junit-10.xsd")
    lxml.etree.XMLSchema(file=str(schema)).assertValid(tree)
    cases = tree.xpath("//testcase[starts-with(@classname, 'gate.custom.')]")
    found = Counter(case.getparent().get("hostname") for case in cases)
    assert found == Counter(one["host"] for one in custom(job))
    assert all(case.get("classname") == f"gate.custom.{case.getparent().get('name')}" for case in cases)
    assert set(found) == set(lab.hosts)


OUTCOMES = {
    "test_absent_file": ("FAIL", "exists"),
    "test_exit_code": ("FAIL", "exit code 7"),
    "test_failed": ("FAIL", "no good"),
    "test_xfail": ("FAIL", "rc"),
    "test_strict_xfail_that_passes": ("FAIL", "XPASS"),
    "test_xfail_without_running": ("UNKNOWN", "xfail"),
    "test_xfail_within": ("FAIL", "known"),
    "test_unit_fails": ("FAIL", "not so"),
    "test_unit_skips": ("UNKNOWN", "skipped: later"),
    "test_broken": ("UNKNOWN", "broken test"),
    "test_no_fixture": ("UNKNOWN", "no_such_fixture"),
    "test_no_set_up": ("UNKNOWN", "no set-up"),
    "test_no_end": ("UNKNOWN", "no end"),
    "test_skipped": ("UNKNOWN", "skipped: later"),
    "test_marked_skip": ("UNKNOWN", "skipped: later"),
    "test_no_parameters[NOTSET]": ("UNKNOWN", "skipped"),
    "test_exits": ("UNKNOWN", "SystemExit"),
    "test_nothing": ("UNKNOWN", "nothing was examined"),
    "test_sudo_refused": ("UNKNOWN", "not permitted: sudo"),
    "test_other_connection": ("UNKNOWN", "over our connection"),
    "test_this_machine": ("UNKNOWN", "over our connection"),
    "test_this_machine_by_the_backend": ("UNKNOWN", "on this machine"),
    "test_own_host": ("UNKNOWN", "over our connection"),
    "test_not_utf_8": ("UNKNOWN", "UnicodeDecodeError"),
    "test_passes": ("PASS", "passed, 1 command"),
}


def test_what_a_test_does_is_its_outcome(estate: Path, tmp_path: Path) -> None:
    """Skip, xfail and exceptions soften nothing, and one that asked nothing has not passed."""
    shutil.copytree(SUITES / "outcomes", estate / "own")
    job = run(own(estate, {"folder": "own", "hosts": ["client01"]}), tmp_path / "run")
    found = said(job)
    assert {name: one[0] for name, one in found.items()} == {name: one[0] for name, one in OUTCOMES.items()}
    for name, (_, word) in OUTCOMES.items():
        assert word in found[name][1]
        assert found[name][1].startswith("live: ")
    assert job.code == 1
    ended = judged(job.folder, tmp_path / "again")
    assert ended.returncode == job.code
    assert (tmp_path / "again" / "results.jsonl").read_bytes() == (job.folder / "results.jsonl").read_bytes()


def test_a_failing_one_is_no_go_and_a_broken_one_is_incomplete(estate: Path, tmp_path: Path) -> None:
    for number, (body, verdict) in enumerate(
        [("assert host.file('/nothing').exists", "NO_GO"), ("raise OSError", "INCOMPLETE")]
    ):
        (estate / "own").mkdir(exist_ok=True)
        (estate / "own" / "test_x.py").write_text(f"def test_x(host):\n    {body}\n")
        job = run(own(estate, {"folder": "own", "groups": ["clients"]}), tmp_path / str(number))
        assert job.verdict["judgement"]["verdict"] == verdict
        assert {pair.split()[1] for pair in job.wrong()} == CLIENTS


QUICK: dict[str, Any] = {"limits": {"connect_s": 5, "login_s": 5, "probe_s": 2, "host_s": 60}}


def test_a_command_that_hangs_ends_at_its_deadline_whatever_the_test_makes_of_it(
    lab: Lab, estate: Path, tmp_path: Path
) -> None:
    body = (
        "def test_hangs(host):\n    assert host.run('sleep 611').rc == 0\n"
        "def test_passes_over_it(host):\n    try:\n        host.run('sleep 612')\n    except Exception:\n        pass\n"
        "def test_next(host):\n    assert host.run('true').rc == 0\n"
    )
    begun = time.monotonic()
    job = run(given(estate, body, **QUICK), tmp_path / "run", *AREA)
    assert time.monotonic() - begun < 20
    found = said(job)
    assert found["test_hangs"] == found["test_passes_over_it"] == ("UNKNOWN", "live: command timed out: after 2 s")
    assert found["test_next"][0] == "PASS"
    assert lab.exec("client01", "pgrep", "-f", "sleep 61[12]", check=False).stdout == ""
    assert [one["missing"] for one in lines(job)] == ["command timed out: after 2 s"] * 2 + [None]


def test_a_flood_is_cut(estate: Path, tmp_path: Path) -> None:
    body = (
        "def test_floods(host):\n    assert 'y' in host.run('yes').stdout\ndef test_next(host):\n    host.run('true')\n"
    )
    limits = {**QUICK["limits"], "probe_bytes": 200_000}
    job = run(given(estate, body, limits=limits), tmp_path / "run", *AREA)
    assert said(job)["test_floods"] == ("UNKNOWN", "live: output cut: more than 200000 bytes")
    assert said(job)["test_next"][0] == "PASS"
    flood = next(one for one in lines(job) if one["command"] == "yes")
    assert len(flood["stdout"]) < 70_000
    assert flood["stdout"].endswith("cut here)")


def test_a_test_that_waits_by_itself_ends_at_the_host_s_deadline_and_costs_the_others_of_its_host_only(
    estate: Path, tmp_path: Path
) -> None:
    body = (
        "import time\ndef test_a(host):\n    host.run('true')\n"
        "    if host.backend.get_hostname() == 'client01':\n        time.sleep(600)\n"
        "def test_b(host):\n    host.run('true')\n"
    )
    limits = {"connect_s": 3, "login_s": 3, "probe_s": 3, "host_s": 4}
    estate = given(estate, body, hosts=("client01", "client02"), limits=limits)
    begun = time.monotonic()
    job = run(estate, tmp_path / "run", *AREA)
    assert time.monotonic() - begun < 20
    assert job.wrong() == {"own/test_x.py::test_a client01": "UNKNOWN"}
    assert job.blockers() == {"own/test_x.py::test_a client01"}
    assert "host timed out" in job.message("own/test_x.py::test_b client01")


def test_the_run_s_deadline_ends_it(estate: Path, tmp_path: Path) -> None:
    body = "def test_a(host):\n    host.run('sleep 20')\ndef test_b(host):\n    host.run('true')\n"
    begun = time.monotonic()
    job = run(given(estate, body), tmp_path / "run", *AREA, "--deadline", "4")
    assert time.monotonic() - begun < 12
    assert {outcome for outcome, _ in said(job).values()} == {"UNKNOWN"}


def interrupted(estate: Path, folder: Path, begun: Callable[[], bool]) -> tuple[int, str, str]:
    """Exit code and outputs of a run that gets SIGINT as soon as this has begun; its test itself would sleep for 90."""
    process = subprocess.Popen(
        command("run", estate, "--out", folder, *AREA, "--custom-checks"),
        env=environment(folder.parent),
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        until = time.monotonic() + 60
        while not begun():
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=45)
    return process.returncode, stdout, stderr


def test_an_interrupt_ends_it_and_is_judged(estate: Path, tmp_path: Path) -> None:
    body = "import time\ndef test_a(host):\n    host.run('true')\n    time.sleep(90)\ndef test_b(host):\n    ...\n"
    folder = tmp_path / "run"
    transcript = folder / "transcript.jsonl"
    ended = interrupted(
        given(estate, body), folder, lambda: transcript.exists() and '#live1"' in transcript.read_text()
    )
    job = Job(*ended, folder)
    assert job.code == 2, job.stdout + job.stderr
    assert "interrupted" in job.verdict["judgement"]["partial"]
    assert {outcome for outcome, _ in said(job).values()} == {"UNKNOWN"}


def test_an_interrupt_while_tests_are_collected_ends_it_as_incomplete(estate: Path, tmp_path: Path) -> None:
    loading = tmp_path / "loading"
    body = f"import pathlib, time\npathlib.Path({str(loading)!r}).touch()\ntime.sleep(90)\n"
    code, stdout, stderr = interrupted(given(estate, body), tmp_path / "run", loading.exists)
    judgement = json.loads((tmp_path / "run" / "verdict.json").read_text())["judgement"]
    assert (code, judgement["verdict"], judgement["exit_code"]) == (2, "INCOMPLETE", 2), stderr
    assert stdout.splitlines()[-1].startswith("INCOMPLETE  interrupted")


UNREACHED: dict[str, tuple[Callable[[Lab], Any], str]] = {
    "a wrong host key": (lambda lab: faults.wrong_host_key(lab, "client01"), "CON-002 client01"),
    "sshd stopped": (lambda lab: faults.sshd_stopped(lab, "client01"), "CON-001 client01"),
    "the login refused": (lambda lab: faults.login_refused(lab, "client01"), "CON-003 client01"),
}


@pytest.mark.parametrize("name", UNREACHED)
def test_a_host_that_was_not_logged_in_to_is_sent_no_test(lab: Lab, estate: Path, tmp_path: Path, name: str) -> None:
    plant, blocker = UNREACHED[name]
    ran = tmp_path / "ran"
    body = f"def test_x(host):\n    open('{ran}', 'a').write(host.backend.get_hostname())\n    host.run('true')\n"
    with plant(lab):
        job = run(given(estate, body, hosts=("client01", "client02")), tmp_path / "run")
    by_host = {one["host"]: one for one in custom(job)}
    assert (by_host["client01"]["outcome"], by_host["client01"]["blocked_by"]) == ("UNKNOWN", [blocker])
    assert by_host["client02"]["outcome"] == "PASS"
    assert ran.read_text() == "client02"
    assert job.wrong().keys() == {blocker}
    assert {one["host"] for one in lines(job)} == {"client02"}


@contextmanager
def _sudo(lab: Lab, host: str) -> Iterator[None]:
    rule = lab.root(host) / "etc/sudoers.d/everything"
    rule.write_text("readiness ALL=(ALL) NOPASSWD: ALL\n")
    rule.chmod(0o440)
    try:
        yield
    finally:
        rule.unlink()


def test_sudo_goes_without_a_password_and_keeps_the_deadline(lab: Lab, estate: Path, tmp_path: Path) -> None:
    body = (
        "def test_root(host):\n    with host.sudo():\n        assert host.check_output('id -un') == 'root'\n"
        "    assert host.check_output('id -un') == 'readiness'\n"
        "def test_other(host):\n    with host.sudo('nobody'):\n        assert host.check_output('id -un') == 'nobody'\n"
        "def test_hangs(host):\n    with host.sudo():\n        host.run('sleep 613')\n"
    )
    with _sudo(lab, "client01"):
        job = run(given(estate, body, **QUICK), tmp_path / "run", *AREA)
    assert {name: one[0] for name, one in said(job).items()} == {
        "test_root": "PASS",
        "test_other": "PASS",
        "test_hangs": "UNKNOWN",
    }
    assert lab.exec("client01", "pgrep", "-f", "sleep 613", check=False).stdout == ""
    assert any(one["command"].startswith("sudo -n ") for one in lines(job))


MISTAKES = {
    "import nothing_of_that_name\ndef test_x(host): ...\n": "No module named 'nothing_of_that_name'",
    "def test_x(host) ...\n": "own/test_x.py:1:18: does not load: expected ':' (mend or remove it)",
    "import pytest\npytest.skip('later', allow_module_level=True)\n": "own/test_x.py: does not load",
    "import pytest\npytest.exit('enough')\n": "does not load",
    "raise SystemExit(0)\n": "does not load",
    "def tset_x(host): ...\n": "own/test_x.py: no test of it is collected",
    "testinfra_hosts = ['db01']\ndef test_x(host): ...\n": "own/test_x.py: testinfra_hosts: db01 is no host",
    "testinfra_hosts = ['docker://client01']\ndef test_x(host): ...\n": "testinfra_hosts: docker://client01 is no host",
    "testinfra_hosts = ['sd01']\ndef test_x(host): ...\n": "is no host of the estate that this folder is for",
    "import testinfra\ntestinfra.get_host('readiness://client01').run('true')\ndef test_x(host): ...\n": "asks a host",
    "import testinfra\ntestinfra.get_host('ssh://client01')\ndef test_x(host): ...\n": "over our connection",
}


@pytest.mark.parametrize("body", MISTAKES)
def test_tests_that_do_not_load_end_it_before_any_host_is_contacted(estate: Path, tmp_path: Path, body: str) -> None:
    job = run(given(estate, body), tmp_path / "run")
    assert (job.code, job.verdict["judgement"]["verdict"]) == (4, "ERROR"), job.stdout + job.stderr
    assert MISTAKES[body] in job.stderr
    assert not (job.folder / "transcript.jsonl").read_bytes()


@pytest.mark.parametrize("conftest", ["raise ValueError('broken')\n", "import nothing_of_that_name\n"])
def test_a_conftest_that_does_not_load_ends_it(estate: Path, tmp_path: Path, conftest: str) -> None:
    given(estate, "def test_x(host): ...\n")
    (estate / "own" / "conftest.py").write_text(conftest)
    job = run(estate, tmp_path / "run")
    assert job.code == 4, job.stdout + job.stderr
    assert "own: does not load" in job.stderr
    assert not (job.folder / "transcript.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        (None, "'own' is not a folder (put pytest-testinfra tests there"),
        ({}, "'own' holds no test (put pytest-testinfra tests there"),
        ({"README.md": "x"}, "'own' holds no test"),
        ({"helper.py": "x = 1\n"}, "no test is collected"),
    ],
)
def test_a_folder_without_tests_is_wrong_input(
    estate: Path, tmp_path: Path, files: Mapping[str, str] | None, hint: str
) -> None:
    if files is not None:
        (estate / "own").mkdir()
        for name, text in files.items():
            (estate / "own" / name).write_text(text)
    job = run(own(estate, {"folder": "own"}), tmp_path / "run")
    assert (job.code, job.verdict["judgement"]["verdict"]) == (4, "ERROR")
    assert hint in job.stderr


DROPS = {
    "without a word": "def pytest_collection_modifyitems(items):\n    items[:] = items[:1]\n",
    "with a word": (
        "def pytest_collection_modifyitems(config, items):\n"
        "    config.hook.pytest_deselected(items=items[1:])\n    items[:] = items[:1]\n"
    ),
    "by ending it": (
        "import pytest\n@pytest.hookimpl(trylast=True)\ndef pytest_runtest_teardown(item):\n    pytest.exit('enough')\n"
    ),
    "by running it in its own way": "def pytest_runtest_protocol(item):\n    return 'test_b' in item.name or None\n",
    "by turning reports round": (
        "import pytest\n@pytest.hookimpl(wrapper=True, tryfirst=True)\ndef pytest_runtest_makereport(item, call):\n"
        "    report = yield\n    report.outcome = 'passed'\n    return report\n"
    ),
}


@pytest.mark.parametrize("how", DROPS)
def test_a_test_that_its_suite_drops_is_not_judged(estate: Path, tmp_path: Path, how: str) -> None:
    body = "def test_a(host):\n    host.run('true')\ndef test_b(host):\n    raise OSError\n"
    given(estate, body)
    (estate / "own" / "conftest.py").write_text(DROPS[how])
    job = run(estate, tmp_path / "run")
    assert {name: one[0] for name, one in said(job).items()} == {"test_a": "PASS", "test_b": "UNKNOWN"}
    assert (job.code, job.verdict["judgement"]["verdict"]) == (2, "INCOMPLETE")


def test_plan_lists_the_tests_and_contacts_nothing(estate: Path, tmp_path: Path) -> None:
    shutil.copytree(SUITES / "infra", estate / "tests" / "infra")
    ended = subprocess.run(
        ["unshare", "--net", *command("plan", own(estate, {"folder": "tests/infra"}), *AREA, "--custom-checks")],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "tests/infra/test_base.py::test_command[three] major   client01: command" in ended.stdout
    assert "16 custom checks" in ended.stdout
    assert ended.stdout.count(": file daemon\n") == 3


def test_hosts_narrow_it(estate: Path, tmp_path: Path) -> None:
    shutil.copytree(SUITES / "infra", estate / "tests" / "infra")
    job = run(own(estate, {"folder": "tests/infra"}), tmp_path / "run", "--hosts", "client02", *AREA)
    assert {(one["host"], one["outcome"]) for one in job.results} == {("client02", "PASS")}
    assert len(job.results) == BASE_TESTS + CLIENT_TESTS
    assert (job.code, job.verdict["judgement"]["verdict"]) == (2, "INCOMPLETE")
    assert {one["host"] for one in lines(job)} == {"client02"}


def test_folders_do_not_mistake_each_other_s_files(estate: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (estate / name).mkdir()
        (estate / name / "helper.py").write_text(f"NAME = '{name}'\n")
        (estate / name / "conftest.py").write_text(
            f"import pytest\n@pytest.fixture\ndef mine():\n    return '{name}'\n"
        )
        (estate / name / "test_x.py").write_text(
            f"from helper import NAME\ndef test_x(host, mine):\n    assert host.run('true').rc == 0\n"
            f"    assert NAME == mine == '{name}'\n"
        )
    folders = [{"folder": name, "hosts": ["client01"]} for name in ("one", "two")]
    job = run(own(estate, *folders), tmp_path / "run", *AREA)
    assert {one["check"]: one["outcome"] for one in custom(job)} == {
        "one/test_x.py::test_x": "PASS",
        "two/test_x.py::test_x": "PASS",
    }


def test_a_test_without_a_host_is_the_estate_s(estate: Path, tmp_path: Path) -> None:
    body = "def test_x():\n    assert 1\ndef test_y(host):\n    host.run('true')\n"
    job = run(given(estate, body), tmp_path / "run")
    assert [(one["target"], one["host"], one["outcome"]) for one in custom(job)] == [
        ("estate", None, "PASS"),
        ("client01", "client01", "PASS"),
    ]
    assert job.code == 0


def test_judging_against_an_estate_with_other_tests_is_partial(estate: Path, tmp_path: Path) -> None:
    job = run(given(estate, "def test_x(host):\n    host.run('true')\n"), tmp_path / "run")
    assert job.code == 0, job.stdout

    def against() -> Job:
        out = tmp_path / "out"
        words = command("judge", job.folder, "--estate", estate, "--out", out)
        ended = subprocess.run(
            words, env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
        )
        return Job(ended.returncode, ended.stdout, ended.stderr, out)

    assert against().code == 0
    (estate / "own" / "test_x.py").write_text("def test_x(host):\n    host.run('false')\n")
    changed = against()
    assert changed.code == 2
    assert changed.verdict["judgement"]["partial"] == {"custom checks that were not run": ["own"]}


def test_what_the_environment_says_steers_nothing(estate: Path, tmp_path: Path) -> None:
    given(estate, "def test_x(host):\n    assert host.check_output('hostname') == 'client01'\n")
    words = {"PYTEST_ADDOPTS": "-k nothing --hosts=local://", "TESTINFRA_HOSTS": "local://", "PYTEST_PLUGINS": "evil"}
    ended = subprocess.run(
        command("run", estate, "--out", tmp_path / "run", *AREA, "--custom-checks"),
        env={**environment(tmp_path), **words},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    job = Job(ended.returncode, ended.stdout, ended.stderr, tmp_path / "run")
    assert {name: one[0] for name, one in said(job).items()} == {"test_x": "PASS"}, ended.stderr


def test_without_custom_checks_testinfra_is_not_imported(tmp_path: Path) -> None:
    python, *words = command("plan", ROOT / "inventories" / "example")
    ended = subprocess.run(
        [python, "-X", "importtime", *words],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "readiness.custom.suites" in ended.stderr
    assert "testinfra" not in ended.stderr
