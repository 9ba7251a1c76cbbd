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
    Unjudged,
    Version,
    agreed,
    check,
    counterpart,
    each_group_of_one_version,
    each_role,
    each_version_rule,
    evaluate_rule,
    expect_that,
    matches_agreed,
    roles,
    unknown,
)

NEEDS = (Packages, OsRelease)


def _packages(held: RoleOnHost, facts: Facts) -> tuple[PackageChoice, ...]:
    """The packages of the role on this host's family."""
    family = facts.of(held.host.name).need(OsRelease).family
    return held.role.packages_for(family) or unknown(
        f"the catalogue names no package of {held.role.name} for the {family} family"
    )


def _installed(choice: PackageChoice, held: RoleOnHost, facts: Facts) -> tuple[str, Version]:
    """Name and version of a package; what is absent or there twice is VER-001's to report."""
    here = facts.of(held.host.name)
    there = [entry for name in choice.names for entry in here.need(Packages).called(name)]
    if len(there) != 1:
        told = f"{len(there)} versions of {' or '.join(choice.names)} on {held.host.name}"
        unknown(told, blocked_by=f"VER-001 {held.id}")
    return there[0].name, Version.parse(there[0].version, here.need(OsRelease).family)


def _version(held: RoleOnHost, facts: Facts) -> Version:
    """The version of the role's first package, which is the daemon's own."""
    return _installed(_packages(held, facts)[0], held, facts)[1]


@check(
    "VER-001",
    severity="blocker",
    targets=each_role,
    needs=NEEDS,
    remedy="Install the product's package for this role.",
    source="the product's catalogue entry",
)
def test_package_of_the_role_is_installed(target: Target, facts: Facts) -> None:
    """The role's packages are installed, each once and whole."""
    held: RoleOnHost = target.subject
    family = facts.need(OsRelease).family
    wanted = held.role.packages_for(family)
    if not wanted:
        unknown(f"the catalogue names no package of {held.role.name} for the {family} family")
    packages = facts.need(Packages)
    for one in wanted:
        versions = [f"{entry.name} {entry.version}" for name in one.names for entry in packages.called(name)]
        broken = [flaw for name in one.names for flaw in packages.broken_called(name)]
        expect_that(
            len(versions) == 1 and not broken,
            expected=f"one of {', '.join(one.names)} installed once" if len(one.names) > 1 else f"{one.name} installed",
            found=", ".join(versions + broken) or f"no {' or '.join(one.names)}",
        )


@check(
    "VER-002",
    severity="blocker",
    targets=each_role,
    needs=NEEDS,
    remedy="Bring the package to the agreed version, or agree on the new one in baseline.yaml.",
    source="baseline.yaml, versions",
)
def test_version_is_as_agreed(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The version is the agreed one.

    That of each of its packages: one that was left behind is half an upgrade. An agreed value with a distribution
    revision is compared whole, one without by the parts it states.
    """
    held: RoleOnHost = target.subject
    product, role = held.product.product, held.role.name
    key = f"versions.{product}.{role}"
    wanted = agreed(baseline, key, (baseline.versions or {}).get(product, {}).get(role))
    versions = dict(_installed(choice, held, facts) for choice in _packages(held, facts))
    first, *_ = versions.values()
    others = [f"{name} {version}" for name, version in versions.items() if version != first]
    expect_that(
        all(matches_agreed(version, wanted) for version in versions.values()),
        expected=f"{product} {role} {wanted}",
        found=f"{product} {role} {first}" + (f", and {', '.join(others)}" if others else ""),
    )


def _keep_rule(target: Target, facts: Facts, baseline: Baseline) -> None:
    subject: RuleOnHost = target.subject
    rule, others = subject.rule, subject.others
    if rule.other:
        others = counterpart(baseline, subject.holder.product.product, rule.other, others)
    own = _version(subject.holder, facts)
    for other in others or (None,):
        judged = evaluate_rule(rule, own, _version(other, facts) if other else None)
        place = f" ({rule.other} {other.host.name})" if other else ""
        expect_that(judged.ok, expected=judged.expected + place, found=judged.found, severity=rule.severity)


@check(
    "VER-003",
    severity="blocker",
    targets=each_version_rule("eq"),
    needs=NEEDS,
    remedy="Bring both daemons to one version: upgrade them together.",
    source="the product's catalogue entry, rule eq",
)
def test_version_equals_where_the_product_demands_it(target: Target, facts: Facts, baseline: Baseline) -> None:
    """Daemons that the product wants on one version are."""
    _keep_rule(target, facts, baseline)


@check(
    "VER-004",
    severity="blocker",
    targets=each_version_rule("ge"),
    needs=NEEDS,
    remedy="Upgrade the server first, or bring the client back to the server's version.",
    source="the product's catalogue entry, rule ge",
)
def test_client_is_not_newer_than_its_server(target: Target, facts: Facts, baseline: Baseline) -> None:
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
    source="the product's catalogue entry, rule max_lag",
)
def test_client_does_not_lag_too_far_behind(target: Target, facts: Facts, baseline: Baseline) -> None:
    """A client does not lag too far behind its server."""
    _keep_rule(target, facts, baseline)


@check(
    "VER-006",
    severity="major",
    targets=each_version_rule("min", "same_series"),
    needs=NEEDS,
    remedy="Upgrade to a release of the series that the product demands.",
    source="the product's catalogue entry, rules min and same_series",
)
def test_version_is_of_a_supported_series(target: Target, facts: Facts, baseline: Baseline) -> None:
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
    agreed(inputs.baseline, "same_version_groups", inputs.baseline.same_version_groups)
    held_by: dict[str, dict[str, Version]] = {}
    unread: list[FactMissing | Unjudged] = []
    for held in roles(inputs):
        if held.host.name in target.peers:
            name = f"{held.product.product} {held.role.name}"
            try:
                held_by.setdefault(name, {})[held.host.name] = _version(held, facts)
            except (FactMissing, Unjudged) as error:  # members that differ are told before one that was not read
                unread.append(error)
    for name, versions in held_by.items():
        one_family = len({version.family for version in versions.values()}) == 1
        hosts_of: dict[str, list[str]] = {}
        for host, version in versions.items():
            # Families number their packages differently: across them the product's own version counts.
            hosts_of.setdefault(version.text if one_family else version.upstream, []).append(host)
        told = "; ".join(f"{version} on {', '.join(hosts)}" for version, hosts in hosts_of.items())
        expect_that(len(hosts_of) == 1, expected=f"one version of {name} in {target.id}", found=told)
    if unread:
        raise unread[0]
