from __future__ import annotations

import pytest

from readiness.core.paths import comparable, file_name, is_windows, lies_in


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("C:\\", "c:/", True),
        (r"C:\Program Files\Bacula", "c:/program files/BACULA\\", True),
        (r"C:\a", r"D:\a", False),
        ("/etc/Bacula", "/etc/bacula", False),
        ("/a\\b", "/a/b", False),
        ("/a", "/a/", False),
    ],
)
def test_paths_are_compared_as_their_host_does(one: str, other: str, same: bool) -> None:
    assert (comparable(one) == comparable(other)) is same


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [
        (r"C:\a\b", "c:/A", True),
        (r"C:\a", "c:\\a\\", True),
        (r"C:\ab", r"C:\a", False),
        (r"D:\x", "D:\\", True),
        ("/a/b", "/a", True),
        ("/ab", "/a", False),
        ("/A/b", "/a", False),
    ],
)
def test_a_folder_holds_what_begins_with_it(path: str, folder: str, inside: bool) -> None:
    assert lies_in(path, folder) is inside


def test_a_drive_makes_it_windows() -> None:
    names = {path: file_name(path) for path in (r"C:\Windows\X.exe", "/usr/sbin/X", "System", r"c:x\Y")}
    assert names == {r"C:\Windows\X.exe": "x.exe", "/usr/sbin/X": "X", "System": "System", r"c:x\Y": r"c:x\Y"}
    assert [is_windows(path) for path in names] == [True, False, False, False]
