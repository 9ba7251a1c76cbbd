"""Is there room for catalogue, spool and volumes, and are they where they should be."""

from readiness.checking import (
    Baseline,
    Facts,
    Filesystem,
    Missing,
    Space,
    SpaceDemand,
    Target,
    agreed,
    check,
    comparable,
    each_space,
    each_space_with_inodes,
    expect_that,
    failed,
    not_applicable,
    unknown,
)


def _demand(target: Target, baseline: Baseline) -> SpaceDemand:
    if target.host is None and target.detail:
        unknown(f"no host of the estate has {target.detail}, by its roles, its groups and its system")
    agreed(baseline, "space", target)
    demand: SpaceDemand = target.subject
    return demand


def _filesystem(target: Target, facts: Facts, baseline: Baseline) -> Filesystem:
    """The demanded path's filesystem; one that was not read, or is the wrong one, is SPC-001's to report."""
    demand = _demand(target, baseline)
    found = facts.need(Space).filesystems.get(demand.path)
    if found is None or isinstance(found, Missing) or (demand.mounted and not _is_mount(found, demand)):
        unknown(f"{demand.path} was not found as agreed", blocked_by=f"SPC-001 {target.id}")
    return found


def _is_mount(found: Filesystem, demand: SpaceDemand) -> bool:
    return comparable(found.mount) == comparable(demand.path)


@check(
    "SPC-001",
    severity="blocker",
    targets=each_space,
    needs=(Space,),
    remedy="Mount what belongs there, writable; look into the kernel's log for why it became read-only.",
    source="proc_pid_mountinfo(5); products.md section 0: free space on catalogue, spool and volumes",
)
def test_place_is_there_and_can_be_written_to(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The place is there, mounted where that was agreed, and not read-only.

    Without its mount a daemon fills the filesystem below, and the next mount hides what it wrote.
    """
    demand = _demand(target, baseline)
    space = facts.need(Space)
    place = f"{demand.path} mounted" if demand.mounted else demand.path
    if demand.path not in space.filesystems:
        unknown(f"{demand.path} was not read")
    found = facts.part(Space, space.filesystems[demand.path])
    if found is None:
        failed(expected=place, found=f"no {demand.path}")
    told = f"{found.kind} mounted on {found.mount}"
    expect_that(not demand.mounted or _is_mount(found, demand), expected=place, found=told)
    expect_that(
        not found.read_only,
        expected=f"{demand.path} writable",
        found=f"{told}, {'read-only' if found.read_only else 'writable'}",
    )


@check(
    "SPC-002",
    severity="blocker",
    targets=each_space,
    needs=(Space,),
    remedy="Free space, or enlarge the filesystem: a full one fails every job that writes there.",
    source="baseline.yaml, space; statvfs(3), f_bavail",
)
def test_space_is_left(target: Target, facts: Facts, baseline: Baseline) -> None:
    """Enough space is left, for others than root."""
    demand = _demand(target, baseline)
    found = _filesystem(target, facts, baseline)
    if not found.size_bytes:
        unknown(f"the filesystem {found.kind} on {found.mount} has no size")
    percent = 100 * found.free_bytes / found.size_bytes
    expect_that(
        percent >= demand.min_free_percent and found.free_bytes >= demand.min_free_bytes,
        expected=f"at least {demand.min_free_percent:g} % and {_gib(demand.min_free_bytes)} free at {demand.path}",
        found=f"{percent:.1f} % and {_gib(found.free_bytes)} free of {_gib(found.size_bytes)} on {found.mount}",
    )


@check(
    "SPC-003",
    severity="major",
    targets=each_space_with_inodes,
    needs=(Space,),
    remedy="Remove small files that nobody needs, or make the filesystem anew with more inodes.",
    source="baseline.yaml, space; statvfs(3), f_ffree",
)
def test_inodes_are_left(target: Target, facts: Facts, baseline: Baseline) -> None:
    """Enough inodes are left: without one, no file can be made however much space is free."""
    demand = _demand(target, baseline)
    found = _filesystem(target, facts, baseline)
    if found.inodes is None or found.free_inodes is None:
        not_applicable(f"the filesystem {found.kind} on {found.mount} has no fixed number of inodes")
    percent = 100 * found.free_inodes / found.inodes
    expect_that(
        percent >= demand.min_free_inodes_percent,
        expected=f"at least {demand.min_free_inodes_percent:g} % of the inodes free at {demand.path}",
        found=f"{percent:.1f} % free of {found.inodes} on {found.mount}",
    )


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.2f} GiB"
