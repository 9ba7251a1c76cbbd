"""What `make bench` times is the whole work, on both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.benchmarks import outcomes
from tests.benchmarks.delay import delayed
from tests.benchmarks.forty import CLAIMS, Fleet
from tests.benchmarks.measure import alone, in_turn
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
