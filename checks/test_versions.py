"""Are servers and clients on versions that were agreed and that work together."""

from readiness.checking import (
    Baseline,
    FactMissing,
    Facts,
    Inputs,
    OsRelease,
    PackageChoice,
    Packages,
    RoleOnHost,
    RuleOnHost,
    Target,
    TargetOf,
    Unjudged,
    agreed,
    check,
    counterpart,
    each_group_of_one_version,
    each_role,
    each_version_rule,
    expect_that,
    roles,
    unknown,
    versions,
)

NEEDS = (Packages, OsRelease)


def _packages(own: RoleOnHost, facts: Facts) -> tuple[PackageChoice, ...]:
    """The packages of the role on this host's family."""
    family = facts.of(own.host.name).need(OsRelease).family
    return own.role.packages_for(family) or unknown(
        f"the catalogue names no package of {own.role.name} for the {family} family"
    )


def _installed(choice: PackageChoice, own: RoleOnHost, facts: Facts) -> tuple[str, versions.Version]:
    """Name and version of a package; VER-001 reports one that is absent or installed twice."""
    here = facts.of(own.host.name)
    installed = [package for name in choice.names for package in here.need(Packages).called(name)]
    if len(installed) != 1:
        reason = f"{len(installed)} versions of {' or '.join(choice.names)} on {own.host.name}"
        unknown(reason, blocked_by=f"VER-001 {own.id}")
    return installed[0].name, versions.Version.parse(installed[0].version, here.need(OsRelease).family)


def _version(own: RoleOnHost, facts: Facts) -> versions.Version:
    """The version of the role's first package, which is the daemon's own."""
    return _installed(_packages(own, facts)[0], own, facts)[1]


@check(
    "VER-001",
    severity="blocker",
    targets=each_role(),
    needs=NEEDS,
    remedy="Install the product's package for this role.",
    source="readiness/products/*.yaml, packages",
)
def test_package_of_the_role_is_installed(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """The role's packages are installed, each once and whole."""
    choices = _packages(target.subject, facts)
    packages = facts.need(Packages)
    for choice in choices:
        names = choice.names
        installed = [f"{package.name} {package.version}" for name in names for package in packages.called(name)]
        broken = [package for name in names for package in packages.broken_called(name)]
        expect_that(
            len(installed) == 1 and not broken,
            expected=f"one of {', '.join(names)} installed once" if len(names) > 1 else f"{names[0]} installed",
            found=", ".join(installed + broken) or f"no {' or '.join(names)}",
        )


@check(
    "VER-002",
    severity="blocker",
    targets=each_role(),
    needs=NEEDS,
    remedy="Bring the package to the agreed version, or agree on the new one in baseline.yaml.",
    source="baseline.yaml, versions",
)
def test_version_is_as_agreed(target: TargetOf[RoleOnHost], facts: Facts, baseline: Baseline) -> None:
    """The version is the agreed one.

    That of each of its packages: one that was left behind is half an upgrade. An agreed value with a distribution
    revision is compared whole, one without by the parts it states.
    """
    own = target.subject
    product, role = own.product.product, own.role.name
    key = f"versions.{product}.{role}"
    wanted = agreed(baseline, key, target, facts)
    installed = dict(_installed(choice, own, facts) for choice in _packages(own, facts))
    first, *_ = installed.values()
    others = [f"{name} {version}" for name, version in installed.items() if version != first]
    expect_that(
        all(versions.matches_agreed(version, wanted) for version in installed.values()),
        expected=f"{product} {role} {wanted}",
        found=f"{product} {role} {first}" + (f", and {', '.join(others)}" if others else ""),
    )


def _keep_rule(target: TargetOf[RuleOnHost], facts: Facts, baseline: Baseline) -> None:
    """Expect that the version keeps the rule, and state the rule's reason."""
    own, rule, other = target.subject.own, target.subject.rule, target.subject.other
    if rule.other:
        other = counterpart(baseline, target, own.product.product, rule.other, other)
    judged = versions.evaluate_rule(rule, _version(own, facts), _version(other, facts) if other else None)
    there = f" on {other.host.name}" if other else ""
    expected = f"{judged.expected}{there}, because {rule.why[:1].lower()}{rule.why[1:].rstrip('.')}"
    expect_that(judged.ok, expected=expected, found=judged.found, severity=rule.severity)


@check(
    "VER-003",
    severity="blocker",
    targets=each_version_rule("eq"),
    needs=NEEDS,
    remedy="Bring both daemons to one version: upgrade them together.",
    source="readiness/products/*.yaml, version_rules, eq",
)
def test_version_equals_where_the_product_demands_it(
    target: TargetOf[RuleOnHost], facts: Facts, baseline: Baseline
) -> None:
    """Daemons that the product wants on one version are."""
    _keep_rule(target, facts, baseline)


@check(
    "VER-004",
    severity="blocker",
    targets=each_version_rule("ge"),
    needs=NEEDS,
    remedy="Upgrade the server first, or bring the client back to the server's version.",
    source="readiness/products/*.yaml, version_rules, ge",
)
def test_client_is_not_newer_than_its_server(target: TargetOf[RuleOnHost], facts: Facts, baseline: Baseline) -> None:
    """A client is not newer than its server.

    A newer client may write backups that the server cannot read back.
    """
    _keep_rule(target, facts, baseline)


@check(
    "VER-005",
    severity="major",
    targets=each_version_rule("max_lag"),
    needs=NEEDS,
    remedy="Upgrade the client to a release that the server still supports.",
    source="readiness/products/*.yaml, version_rules, max_lag",
)
def test_client_does_not_lag_too_far_behind(target: TargetOf[RuleOnHost], facts: Facts, baseline: Baseline) -> None:
    """A client does not lag too far behind its server."""
    _keep_rule(target, facts, baseline)


@check(
    "VER-006",
    severity="major",
    targets=each_version_rule("min", "same_series"),
    needs=NEEDS,
    remedy="Upgrade to a release of the series that the product demands.",
    source="readiness/products/*.yaml, version_rules, min and same_series",
)
def test_version_is_of_a_supported_series(target: TargetOf[RuleOnHost], facts: Facts, baseline: Baseline) -> None:
    """The version is of a series that the product supports."""
    _keep_rule(target, facts, baseline)


@check(
    "VER-007",
    severity="major",
    targets=each_group_of_one_version,
    needs=NEEDS,
    remedy="Bring the members that differ to the version of the others.",
    source="baseline.yaml, same_version_groups",
)
def test_members_of_a_group_have_one_version(target: Target, facts: Facts, inputs: Inputs) -> None:
    """All members of a group have the same versions of the product's packages."""
    agreed(inputs.baseline, "same_version_groups", target, facts, inputs)
    by_role: dict[str, dict[str, versions.Version]] = {}
    unread: list[FactMissing | Unjudged] = []
    for member in roles(inputs):
        if member.host.name in target.peers:
            name = f"{member.product.product} {member.role.name}"
            try:
                by_role.setdefault(name, {})[member.host.name] = _version(member, facts)
            except (FactMissing, Unjudged) as error:  # report members that differ before one that was not read
                unread.append(error)
    for name, installed in by_role.items():
        same_family = len({version.family for version in installed.values()}) == 1
        hosts_of: dict[str, list[str]] = {}
        for host, version in installed.items():
            # Families number their packages differently: across them the product's own version counts.
            hosts_of.setdefault(version.text if same_family else version.upstream, []).append(host)
        by_version = "; ".join(f"{version} on {', '.join(hosts)}" for version, hosts in hosts_of.items())
        expect_that(len(hosts_of) == 1, expected=f"one version of {name} in {target.id}", found=by_version)
    if unread:
        raise unread[0]
