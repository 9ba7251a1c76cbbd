"""Suites that were written for Molecule load and run: its groups are the estate's, and Ansible itself is never run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.custom.suite import ran

WHOLE = "import os\nimport testinfra.utils.ansible_runner\nrunner = testinfra.utils.ansible_runner.AnsibleRunner"
NAMED = "import os\nfrom testinfra.utils.ansible_runner import AnsibleRunner\nrunner = AnsibleRunner"
ASKED = "\ndef test_a(host):\n    assert host.run('true').rc == 0\n"
HOSTS = ("dir01", "sd01", "web01")


@pytest.mark.parametrize("imported", [WHOLE, NAMED])
def test_its_hosts_are_the_folder_s(tmp_path: Path, imported: str) -> None:
    body = f"{imported}(os.environ['MOLECULE_INVENTORY_FILE'])\ntestinfra_hosts = runner.get_hosts('all')\n{ASKED}"
    done = ran(tmp_path, {"test_x.py": body}, hosts=("dir01", "sd01"))
    assert not done.mistakes
    assert done.results == {"test_a dir01": "PASS", "test_a sd01": "PASS"}


def test_its_groups_are_the_estate_s_and_its_variables_say_so(tmp_path: Path) -> None:
    body = (
        f"{NAMED}('any/inventory.yml')\n"
        "assert runner.get_hosts('clients') == ['web01']\n"
        "assert runner.get_hosts('c*') == runner.get_hosts('web*') == ['web01']\n"
        "assert runner.get_hosts('nothing') == []\n"
        "assert runner.get_hosts() == ['dir01', 'sd01', 'web01']\n"
        "assert runner.get_hosts('ungrouped') == ['dir01', 'sd01']\n"
        "assert runner.get_variables('web01')['group_names'] == ['all', 'clients']\n"
        "assert runner.get_variables('dir01')['ansible_host'] == 'dir01.example.com'\n"
        "testinfra_hosts = runner.get_hosts('dir*')\n"
        "def test_variables(host):\n    host.run('true')\n"
        "    assert host.ansible.get_variables()['inventory_hostname'] == 'dir01'\n"
        "def test_another_way(host):\n    assert runner.get_host('dir01').run('true').rc == 0\n"
        "def test_file(host):\n    host.run('true')\n"
        "    assert 'web01' in open(os.environ['MOLECULE_INVENTORY_FILE']).read()\n"
    )
    done = ran(tmp_path, {"test_x.py": body}, hosts=HOSTS)
    assert not done.mistakes
    assert done.results == dict.fromkeys(("test_variables dir01", "test_another_way dir01", "test_file dir01"), "PASS")


def test_groups_without_a_host_of_the_folder_are_a_mistake(tmp_path: Path) -> None:
    body = f"{NAMED}('x')\ntestinfra_hosts = runner.get_hosts('instance')\n{ASKED}"
    done = ran(tmp_path, {"test_x.py": body})
    assert len(done.mistakes) == 1
    assert "testinfra_hosts: [] is no host of the estate that this folder is for (name hosts" in done.mistakes[0]


REFUSED = {
    "host.ansible('setup')": "run no Ansible",
    "host.ansible('command', 'touch {canary}', check=False)": "run no Ansible",
    "runner.run_module('dir01', 'command', 'touch {canary}')": "over our connection",
    "testinfra.utils.ansible_runner.local.run('touch {canary}')": "over our connection",
    "testinfra.get_host('local://').check_output('touch {canary}')": "over our connection",
    "host.backend.run_local('touch {canary}')": "on this machine",
    "testinfra.get_host('ansible://dir01').run('touch {canary}')": "over our connection",
    "testinfra.get_hosts(['ssh://dir01'])": "over our connection",
}


def test_what_would_run_on_this_machine_is_refused_whatever_a_test_makes_of_it(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    body = f"{WHOLE}('x')\n"
    for number, call in enumerate(REFUSED):
        words = call.replace("{canary}", str(canary))
        body += f"def test_{number}(host):\n    {words}\n"
        body += f"def test_{number}_over(host):\n    host.run('true')\n    try:\n        {words}\n"
        body += "    except Exception:\n        pass\n"
    done = ran(tmp_path, {"test_x.py": body})
    assert not done.mistakes
    for number, reason in enumerate(REFUSED.values()):
        for name in (f"test_{number} dir01", f"test_{number}_over dir01"):
            assert done.said[name][0] == "UNKNOWN", name
            assert reason in done.said[name][1], name
    assert not canary.exists()


def test_what_would_run_on_this_machine_when_it_is_imported_does_not_load(tmp_path: Path) -> None:
    body = f"{WHOLE}('x')\ntestinfra.utils.ansible_runner.local.run('true')\n{ASKED}"
    done = ran(tmp_path, {"test_x.py": body})
    assert len(done.mistakes) == 1
    assert "does not load" in done.mistakes[0]
    assert "over our connection" in done.mistakes[0]
