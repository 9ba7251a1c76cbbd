"""What `make bench` times is the whole work, on both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.benchmarks import outcomes
from tests.benchmarks.dead import dead
from tests.benchmarks.delay import delayed
from tests.benchmarks.forty import CLAIMS, Fleet
from tests.benchmarks.measure import alone, in_turn
from tests.benchmarks.windows import EXPECTED, WindowsFleet, windows_hosts
from tests.main_job.job import Job
from tests.transports.sshd import sshd


def test_all_outcomes_are_judged(tmp_path: Path) -> None:
    outcomes.check_once(outcomes.ours(tmp_path, hosts=5), 5 * outcomes.CHECKS)


def test_every_side_reads_forty_facts_of_every_host(tmp_path: Path) -> None:
    with sshd(tmp_path / "sshd", "ListenAddress 127.0.1.1", "ListenAddress 127.0.1.2") as server:
        fleet = Fleet(tmp_path / "fleet", server.target(), 2)
        rows = in_turn("two hosts", fleet.ours(), fleet.openssh(), 1)
        assert all(row.runs == 1 and row.ratio for row in rows)
        assert server.log.count("Accepted publickey") == 1 + 2 * 3  # once to know, the warm-up, and one run of each
        alone("two hosts", fleet.testinfra(), 1)
    assert len(Job(0, "", "", tmp_path / "fleet" / "run").results) == 2 * len(CLAIMS) == 2 * 40


def test_a_host_behind_a_delay_is_read(tmp_path: Path) -> None:
    with sshd(tmp_path / "sshd") as server:
        saved = Fleet(tmp_path / "saved", server.target(), 1).folder / "answers.json"
    with delayed(server.folder / "host", saved, "127.0.1.1") as port:
        one = Fleet(tmp_path / "one", replace(server.target(), address="127.0.1.1", port=port), 1)
        alone("one host", one.ours(), 1)
    assert len(Job(0, "", "", one.folder / "run").results) == 40


def test_dead_hosts_are_the_only_unknown_ones(tmp_path: Path) -> None:
    with sshd(tmp_path / "sshd", "ListenAddress 127.0.1.1", "ListenAddress 127.0.1.2") as server, dead(3) as places:
        fleet = Fleet(tmp_path / "fleet", server.target(), 2, places, connect_s=3)
        alone("two hosts and three dead ones", fleet.ours(), 1, codes=frozenset({2}))
    fleet.only_dead_are_unknown()
    told = {one["host"]: one["message"] for one in Job(0, "", "", fleet.folder / "run").results}
    assert list(told) == ["dead0", "h000", "dead1", "h001", "dead2"]
    assert "no answer (filtered)" in told["dead0"]
    assert all("no SSH banner within 3 s" in told[name] for name in ("dead1", "dead2"))


def test_both_sides_read_every_fact_of_a_windows_host(tmp_path: Path) -> None:
    with windows_hosts("127.0.1.1") as port:
        fleet = WindowsFleet(tmp_path / "fleet", port, 1)
        rows = in_turn("one host", fleet.ours(), fleet.plain(), 1)
    assert all(row.ratio for row in rows)
    results = Job(0, "", "", tmp_path / "fleet" / "run").results
    assert [one["outcome"] for one in results] == ["PASS"] * len(EXPECTED)
