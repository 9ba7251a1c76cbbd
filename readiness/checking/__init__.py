"""The page to read before writing a check: all that a check file imports, and nothing else.

A check is one function in `checks/test_<area>.py`, and the file's name is its area:

    @check("CLK-002", severity="major", targets=each_host, needs=(ClockSync,), remedy="...", source="chronyc(1)")
    def test_clock_is_synchronised(facts: Facts) -> None:
        '''The clock is synchronised.'''
        expect(facts.need(ClockSync).synchronised, equals=True, what="synchronised")

It is UNKNOWN unless it states an expectation, on PASS, too: `expect` compares a value with a demand, `expect_that`
takes what was expected and found in words, `expect_each` several findings, `expect_found` what only had to be there,
and `failed` says what else was there. `unknown` and `not_applicable` end it with a reason; a missing fact ends it, too.

`needs` names every fact it asks for, of helpers, too (`NEEDS` of `checking.configured`), or the outcome is UNKNOWN.
What it read and relied on is recorded: the lines of the transcript as evidence, and values of the catalogue or of a
policy that nobody has verified in the message.

Fixtures: `target` (what is looked at), `facts` (of its host; `.of(host)`, `.every(fact)`), `estate`, `baseline` (what
was agreed), `inputs` (both and the catalogue), and for a file's own fixtures `all_facts`. A demand of the baseline is
asked for by `agreed`, which says what the facts show where nobody agreed on anything (`agreed_if_stated` where a check
can do without), a role on another host by `counterpart`.

What `target.subject` is says the selector: `each_role` gives `TargetOf[RoleOnHost]`. Facts are those of
`readiness.probes`, knowledge to judge by is the modules of `readiness.rules`: each is importable from here by its name.
"""

import importlib
import pkgutil
from typing import Any

from readiness import probes, rules
from readiness.checking.agreed import agreed, agreed_if_stated, counterpart, excused, exempt
from readiness.configs.model import ConfigurationFile, Resource, same_value
from readiness.core.checks import check
from readiness.core.evaluate import (
    Unjudged,
    expect,
    expect_each,
    expect_found,
    expect_that,
    failed,
    not_applicable,
    unknown,
)
from readiness.core.facts import FactMissing, Facts, HostKey, Login, Missing, Reached, Why, WinrmListener
from readiness.core.outcomes import Target, TargetOf
from readiness.core.paths import comparable, file_name, lies_in
from readiness.core.text import first_few
from readiness.estate import (
    Backup,
    BackupWindow,
    Baseline,
    Bounds,
    Estate,
    FailoverCluster,
    Host,
    windows_of,
)
from readiness.estate.backups import MARGIN_S, WINDOWS
from readiness.estate.space import SpaceDemand
from readiness.observing import in_words
from readiness.planning.inputs import Inputs, RoleOnHost
from readiness.planning.targets import *  # noqa: F403
from readiness.probes.access_list import ListEntry
from readiness.probes.certificates import CertificateFile, Certificates
from readiness.probes.clock import Clock, ClockSync
from readiness.probes.configuration import Configuration
from readiness.probes.host import Boot, Machine
from readiness.probes.listening import Holder, Listening, Socket
from readiness.probes.names import Addresses, Names
from readiness.probes.packages import Package, Packages
from readiness.probes.processes import Processes, Program
from readiness.probes.reader import FILE as READER_FILE
from readiness.probes.reader import RULE_FILE, Reader
from readiness.probes.rights import Ownership, Rights
from readiness.probes.services import Service, Services
from readiness.probes.space import Filesystem, Space
from readiness.probes.sshd import Sshd
from readiness.probes.system import Identity, OsRelease
from readiness.probes.units import FailedUnits, OpenFiles
from readiness.probes.windows.access import NAMES, READ, WRITE, AccessList, AccessLists
from readiness.probes.windows.cluster import Cluster, ClusterMembership, VirtualMachine
from readiness.probes.windows.events import APPLICATION, OPERATIONAL, SYSTEM, SnapshotEvents
from readiness.probes.windows.network import FirewallProfiles
from readiness.probes.windows.settings import DefenderExclusions
from readiness.probes.windows.software import PendingReboot
from readiness.probes.windows.storage import VssWriters
from readiness.probes.windows.system import Elevation, windows_zone
from readiness.probes.windows.tls import (
    PROTOCOLS,
    SIDES,
    CipherSuites,
    MachineCertificate,
    MachineCertificates,
    SChannel,
)
from readiness.products.directives import Peer
from readiness.products.models import PackageChoice, Place, WindowsPlace
from readiness.products.signs import Signs
from readiness.rules import certificates, clocks, schannel, snapshots, versions


def __getattr__(name: str) -> Any:
    """A fact type of `readiness.probes` or a module of `readiness.rules` that is not in the lines above."""
    if name.startswith("_"):
        raise AttributeError(name)
    for module in pkgutil.walk_packages(probes.__path__, f"{probes.__name__}."):
        value = getattr(importlib.import_module(module.name), name, None)
        if isinstance(value, type) and value.__module__ == module.name:
            return value
    if name in {module.name for module in pkgutil.iter_modules(rules.__path__)}:
        return importlib.import_module(f"{rules.__name__}.{name}")
    raise AttributeError(f"a check cannot import {name}: readiness.checking has none")
