"""Looking for files: what counts as there, as missing, as renamed, and as not known; and how few calls that takes."""

from __future__ import annotations

import errno
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.disk.findings import MISSING, FileState, Finding
from immich_tools.disk.scan import by_folder, scan
from tests.unit.disk.faulty import FaultyFileSystem

COMPOSED = unicodedata.normalize("NFC", "Été")
DECOMPOSED = unicodedata.normalize("NFD", "Été")


def put(folder: Path, *names: str) -> Path:
    """Write files, and the folders they lie in."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")
    return folder


def find(
    folder: Path, *names: str, file_system: FaultyFileSystem | None = None, patience: float = 60
) -> dict[str, Finding]:
    """The findings of files below a folder, by their paths below it; what is present is not in it."""
    start = len(str(folder)) + 1
    paths = [f"{folder}/{name}" for name in names]
    found = scan(by_folder(paths), top=str(folder), file_system=file_system, threads=3, patience=patience)
    return {path[start:]: finding for path, finding in found.items()}


def states(found: dict[str, Finding]) -> dict[str, FileState]:
    return {name: finding.state for name, finding in found.items()}


def test_what_is_there_and_what_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "a/2.jpg", "b/c/3.jpg", "top.jpg", "file/4.jpg")
    found = find(
        tmp_path,
        "a/1.jpg",
        "a/2.jpg",
        "a/gone.jpg",
        "b/c/3.jpg",
        "b/gone.jpg",
        "top.jpg",
        "nowhere/x/5.jpg",
        "top.jpg/6.jpg",
    )
    assert found == dict.fromkeys(("a/gone.jpg", "b/gone.jpg", "nowhere/x/5.jpg", "top.jpg/6.jpg"), MISSING)


@pytest.mark.parametrize(
    ("on_disk", "wanted"),
    [
        ("IMG.JPG", "img.jpg"),
        ("img.jpg", "IMG.jpg"),
        (f"{DECOMPOSED}.jpg", f"{COMPOSED}.jpg"),
        (f"{COMPOSED}.jpg", f"{DECOMPOSED}.jpg"),
        (f"{DECOMPOSED.upper()}.jpg", f"{COMPOSED}.jpg"),
        ("2024/Paris/IMG.jpg", "2024/paris/IMG.jpg"),
        (f"{DECOMPOSED}/a/IMG.jpg", f"{COMPOSED}/a/IMG.jpg"),
        (f"{DECOMPOSED}/A/img.jpg", f"{COMPOSED}/a/IMG.jpg"),
        ("Straße.jpg", "STRASSE.jpg"),
    ],
)
def test_another_case_or_unicode_form_is_not_missing(tmp_path: Path, on_disk: str, wanted: str) -> None:
    put(tmp_path, on_disk)
    assert find(tmp_path, wanted) == {wanted: Finding(FileState.RENAMED, found=f"{tmp_path}/{on_disk}")}


def test_a_folder_may_be_there_in_both_forms(tmp_path: Path) -> None:
    put(tmp_path, f"{COMPOSED}/a/1.jpg", f"{DECOMPOSED}/A/2.jpg")
    assert states(find(tmp_path, f"{COMPOSED}/a/1.jpg", f"{COMPOSED}/a/2.jpg", f"{COMPOSED}/a/3.jpg")) == {
        f"{COMPOSED}/a/2.jpg": FileState.RENAMED,
        f"{COMPOSED}/a/3.jpg": FileState.MISSING,
    }


def test_the_top_folder_itself_is_taken_as_it_is(tmp_path: Path) -> None:
    put(tmp_path, "TOP/a.jpg", "top/b.jpg")
    assert find(tmp_path / "top", "a.jpg", "b.jpg") == {"a.jpg": MISSING}


def test_folders_may_be_given_with_a_slash_at_their_end(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "a/X.jpg")
    found = scan({f"{tmp_path}/a/": ["1.jpg", "2.jpg", "x.jpg"]})
    assert {path: finding.state for path, finding in found.items()} == {
        f"{tmp_path}/a/2.jpg": FileState.MISSING,
        f"{tmp_path}/a/x.jpg": FileState.RENAMED,
    }


def test_both_forms_may_be_there(tmp_path: Path) -> None:
    put(tmp_path, f"{DECOMPOSED}.jpg", f"{COMPOSED}.jpg", "a.jpg", "A.jpg")
    assert find(tmp_path, f"{DECOMPOSED}.jpg", f"{COMPOSED}.jpg", "a.jpg", "A.jpg") == {}


def test_in_a_renamed_folder_what_is_not_there_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "PARIS/a.jpg")
    assert states(find(tmp_path, "paris/a.jpg", "paris/b.jpg")) == {
        "paris/a.jpg": FileState.RENAMED,
        "paris/b.jpg": FileState.MISSING,
    }


def test_links(tmp_path: Path) -> None:
    put(tmp_path, "real/a.jpg")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real/a.jpg")
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "unplugged/a.jpg")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "dead").symlink_to(tmp_path / "unplugged")
    found = find(tmp_path, "link.jpg", "dead.jpg", "folder/a.jpg", "folder/gone.jpg", "dead/a.jpg", "dead/b/c.jpg")
    assert states(found) == {
        "dead.jpg": FileState.UNKNOWN,
        "folder/gone.jpg": FileState.MISSING,
        "dead/a.jpg": FileState.UNKNOWN,
        "dead/b/c.jpg": FileState.UNKNOWN,
    }
    assert "leads nowhere" in found["dead.jpg"].reason


def test_a_folder_of_that_name_is_no_file(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg/b.jpg")
    found = find(tmp_path, "a.jpg")
    assert found["a.jpg"].state is FileState.UNKNOWN and "no file" in found["a.jpg"].reason


@pytest.mark.parametrize(
    "path",
    ["upload/a.jpg", "a.jpg", "", "/tmp/../etc/a.jpg", "/tmp/..", "/tmp/a\0b.jpg", "/tmp\0/a.jpg", "/tmp/\ud800.jpg"],
)
def test_what_is_no_path_of_this_computer_is_not_known(path: str) -> None:
    assert states(scan(by_folder([path]))) == {path: FileState.UNKNOWN}


def test_a_name_that_is_too_long_is_not_known(tmp_path: Path) -> None:
    assert states(find(tmp_path, "x" * 300)) == {"x" * 300: FileState.UNKNOWN}


@pytest.mark.parametrize("fault", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT])
def test_any_other_error_of_a_file_is_not_known(tmp_path: Path, fault: int) -> None:
    put(tmp_path, "a/there.jpg")
    disk = FaultyFileSystem(calls={f"{tmp_path}/a/gone.jpg": fault})
    found = find(tmp_path, "a/there.jpg", "a/gone.jpg", file_system=disk)
    assert states(found) == {"a/gone.jpg": FileState.UNKNOWN}
    assert errno.errorcode[fault] in found["a/gone.jpg"].reason


@pytest.mark.parametrize("fault", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_in_a_folder_that_cannot_be_listed_only_what_is_there_is_known(tmp_path: Path, fault: int) -> None:
    put(tmp_path, "a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg")
    disk = FaultyFileSystem(listing={f"{tmp_path}/a": fault})
    found = find(tmp_path, "a/1.jpg", "a/3.jpg", "a/gone.jpg", "b/1.jpg", "b/gone.jpg", file_system=disk)
    assert states(found) == {"a/gone.jpg": FileState.UNKNOWN, "b/gone.jpg": FileState.MISSING}
    assert "cannot be read" in found["a/gone.jpg"].reason


def test_below_a_folder_that_cannot_be_listed_nothing_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg")
    disk = FaultyFileSystem(listing={f"{tmp_path}/a": errno.EIO})
    assert states(find(tmp_path, "a/b/c/1.jpg", file_system=disk)) == {"a/b/c/1.jpg": FileState.UNKNOWN}


def test_a_disk_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", "b/1.jpg", "c/1.jpg")
    disk = FaultyFileSystem(hanging=frozenset({f"{tmp_path}/b", f"{tmp_path}/c/gone.jpg"}))
    try:
        found = find(tmp_path, "b/1.jpg", "b/gone.jpg", "c/gone.jpg", file_system=disk, patience=0.2)
    finally:
        disk.release.set()
    assert states(found) == dict.fromkeys(("b/1.jpg", "b/gone.jpg", "c/gone.jpg"), FileState.UNKNOWN)
    assert "does not answer" in found["b/gone.jpg"].reason


def test_a_fault_of_the_program_is_not_taken_for_one_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        scan({str(tmp_path): [None]})  # type: ignore[list-item]


def test_one_listing_for_a_folder_and_a_call_only_for_what_it_lacks(tmp_path: Path) -> None:
    names = [f"{number % 5}/{number}.jpg" for number in range(100)]
    put(tmp_path, *names)
    disk = FaultyFileSystem()
    find(tmp_path, *names, "0/gone.jpg", file_system=disk)
    assert sorted(disk.asked) == sorted(
        [
            *(("entries", f"{tmp_path}/{folder}") for folder in range(5)),
            # The folder itself may be there in another form, too.
            ("entries", str(tmp_path)),
            ("status", f"{tmp_path}/0/gone.jpg"),
        ]
    )


def test_many_missing_folders_beside_each_other_take_one_listing_of_what_is_above(tmp_path: Path) -> None:
    disk = FaultyFileSystem()
    found = find(tmp_path, *(f"{number}/a.jpg" for number in range(50)), file_system=disk)
    assert len(found) == 50
    # Threads may begin the same listing at the same time.
    assert disk.asked.count(("entries", str(tmp_path))) <= 3


NAMES = ["a.jpg", "A.jpg", "b.jpg", f"{COMPOSED}.jpg", f"{DECOMPOSED}.jpg"]
FOLDERS = ["", "x/", "X/", "x/y/", f"{COMPOSED}/"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.frozensets(st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES)).map("".join)),
    wanted=st.lists(st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES)).map("".join), unique=True),
)
def test_scan_says_of_each_file_what_a_single_call_says(
    tmp_path_factory: pytest.TempPathFactory, there: frozenset[str], wanted: list[str]
) -> None:
    folder = put(tmp_path_factory.mktemp("disk"), *there)
    found = states(find(folder, *wanted))
    for name in wanted:
        is_there = (folder / name).exists()
        assert (name not in found) == is_there
        alike = {_plain(each) for each in there}
        if not is_there:
            assert found[name] is (FileState.RENAMED if _plain(name) in alike else FileState.MISSING)
    assert found == states(find(folder, *reversed(wanted)))


_plain: Callable[[str], str] = lambda name: unicodedata.normalize("NFC", name).lower()  # noqa: E731
