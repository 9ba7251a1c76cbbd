"""Is there room for catalogue, spool and volumes, and are they where they should be."""

from readiness.checking import (
    Baseline,
    Facts,
    Filesystem,
    Missing,
    Space,
    SpaceDemand,
    TargetOf,
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


def _demand(target: TargetOf[SpaceDemand | None], baseline: Baseline) -> SpaceDemand:
    if target.host is None and target.detail:
        unknown(f"no host of the estate has {target.detail}, by its roles, its groups and its system")
    agreed(baseline, "space", target)
    return target.subject or unknown(f"no space was demanded on {target.id}")


def _filesystem(target: TargetOf[SpaceDemand | None], facts: Facts, baseline: Baseline) -> Filesystem:
    """The demanded path's filesystem; SPC-001 reports one that was not read or is not the right one."""
    demand = _demand(target, baseline)
    filesystem = facts.need(Space).filesystems.get(demand.path)
    if filesystem is None or isinstance(filesystem, Missing) or (demand.mounted and not _is_mount(filesystem, demand)):
        unknown(f"{demand.path} was not found as agreed", blocked_by=f"SPC-001 {target.id}")
    return filesystem


def _is_mount(filesystem: Filesystem, demand: SpaceDemand) -> bool:
    return comparable(filesystem.mount) == comparable(demand.path)


@check(
    "SPC-001",
    severity="blocker",
    targets=each_space,
    needs=(Space,),
    remedy="Mount what belongs there, writable; look into the kernel's log for why it became read-only.",
    source="baseline.yaml, space; proc_pid_mountinfo(5)",
)
def test_place_is_there_and_can_be_written_to(
    target: TargetOf[SpaceDemand | None], facts: Facts, baseline: Baseline
) -> None:
    """The place is there, mounted where that was agreed, and not read-only.

    Without its mount a daemon fills the filesystem below, and the next mount hides what it wrote.
    """
    demand = _demand(target, baseline)
    space = facts.need(Space)
    expected = f"{demand.path} mounted" if demand.mounted else f"{demand.path} there"
    if demand.path not in space.filesystems:
        unknown(f"{demand.path} was not read")
    filesystem = facts.part(Space, space.filesystems[demand.path])
    if filesystem is None:
        failed(expected=expected, found=f"no {demand.path}")
    mount = f"{filesystem.kind} mounted on {filesystem.mount}"
    expect_that(not demand.mounted or _is_mount(filesystem, demand), expected=expected, found=mount)
    expect_that(
        not filesystem.read_only,
        expected=f"{demand.path} writable",
        found=f"{mount}, read-only" if filesystem.read_only else f"{demand.path} writable",
    )


@check(
    "SPC-002",
    severity="blocker",
    targets=each_space,
    needs=(Space,),
    remedy="Free space, or enlarge the filesystem: a full one fails every job that writes there.",
    source="baseline.yaml, space; statvfs(3), f_bavail",
)
def test_space_is_left(target: TargetOf[SpaceDemand | None], facts: Facts, baseline: Baseline) -> None:
    """Enough space is left, for others than root."""
    demand = _demand(target, baseline)
    filesystem = _filesystem(target, facts, baseline)
    if not filesystem.size_bytes:
        unknown(f"the filesystem {filesystem.kind} on {filesystem.mount} has no size")
    percent = 100 * filesystem.free_bytes / filesystem.size_bytes
    expect_that(
        percent >= demand.min_free_percent and filesystem.free_bytes >= demand.min_free_bytes,
        expected=f"at least {demand.min_free_percent:g} % and {_gib(demand.min_free_bytes)} free at {demand.path}",
        found=f"{percent:.1f} % and {_gib(filesystem.free_bytes)} free of {_gib(filesystem.size_bytes)}"
        f" on {filesystem.mount}",
    )


@check(
    "SPC-003",
    severity="major",
    targets=each_space_with_inodes,
    needs=(Space,),
    remedy="Remove small files that nobody needs, or make the filesystem anew with more inodes.",
    source="baseline.yaml, space; statvfs(3), f_ffree",
)
def test_inodes_are_left(target: TargetOf[SpaceDemand | None], facts: Facts, baseline: Baseline) -> None:
    """Enough inodes are left: without one, no file can be made however much space is free."""
    demand = _demand(target, baseline)
    filesystem = _filesystem(target, facts, baseline)
    if filesystem.inodes is None or filesystem.free_inodes is None:
        not_applicable(f"the filesystem {filesystem.kind} on {filesystem.mount} has no fixed number of inodes")
    percent = 100 * filesystem.free_inodes / filesystem.inodes
    expect_that(
        percent >= demand.min_free_inodes_percent,
        expected=f"at least {demand.min_free_inodes_percent:g} % of the inodes free at {demand.path}",
        found=f"{percent:.1f} % free of {filesystem.inodes} on {filesystem.mount}",
    )


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.2f} GiB"
