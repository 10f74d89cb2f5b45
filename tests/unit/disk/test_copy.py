"""A copy has its name and is proven, or is not there; nothing is ever replaced."""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from immich_tools.disk.checksum import BLOCK, content_of
from immich_tools.disk.content import Content
from immich_tools.disk.copy import Deed, clean_up, copy_file, is_proven, write_stream
from immich_tools.disk.place import Permissions, Place
from immich_tools.disk.problems import failure
from immich_tools.disk.rename import (
    Rename,
    rename_by_link,
    rename_in_one_step,
    rename_no_replace,
    rename_over_reservation,
)
from immich_tools.disk.temporary import temporary_file
from immich_tools.disk.watch import Watch
from immich_tools.errors import Cancelled, DiskFull, FileFailed, FileInTheWay

TAKEN = datetime(2024, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
LARGE = 2 * BLOCK + 12345
"""Three blocks, the last one not full."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source.jpg"
    file.write_bytes(os.urandom(LARGE))
    return file


def content(data: bytes) -> Content:
    return Content(len(data), hashlib.sha1(data).hexdigest())


def identity(path: Path) -> tuple[int, int, int]:
    """What is the same only for a file that nobody touched."""
    facts = os.lstat(path)
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def files(root: Path) -> list[str]:
    """Everything below a folder that is not a folder, temporary files included."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("size", [0, 1, BLOCK, LARGE])
def test_a_copy_holds_the_bytes_and_the_time_of_its_source(root: Path, source: Path, size: int, *, known: bool) -> None:
    os.truncate(source, size)
    os.utime(source, ns=(0, 1_700_000_000_123_456_789))
    place, seen = Place(root, "2024/Summer/IMG_1.jpg"), list[int]()
    proven = copy_file(source, place, expected=content_of(source) if known else None, watch=Watch(progress=seen.append))
    assert proven.deed is Deed.COPIED
    assert proven.content == content(source.read_bytes())
    assert place.path.read_bytes() == source.read_bytes()
    assert place.path.stat().st_mtime_ns == 1_700_000_000_123_456_789
    assert sum(seen) == size
    assert files(root) == ["2024/Summer/IMG_1.jpg"]


def test_a_second_copy_finds_the_first(root: Path, source: Path) -> None:
    place, seen = Place(root, "a/b.jpg"), list[int]()
    copy_file(source, place)
    inode = place.path.stat().st_ino
    proven = copy_file(source, place, watch=Watch(progress=seen.append))
    assert proven.deed is Deed.ALREADY_THERE
    assert place.path.stat().st_ino == inode
    assert sum(seen) == LARGE


@pytest.mark.parametrize("kind", ["same size", "other size", "link to the same", "dangling link", "folder", "pipe"])
def test_what_is_in_the_way_stays_as_it_is(root: Path, source: Path, kind: str) -> None:
    place = Place(root, "b.jpg")
    match kind:
        case "same size":
            place.path.write_bytes(b"x" * LARGE)
        case "other size":
            place.path.write_bytes(b"precious")
        case "link to the same":
            place.path.symlink_to(source)
        case "dangling link":
            place.path.symlink_to("nowhere")
        case "folder":
            place.path.mkdir()
        case "pipe":
            os.mkfifo(place.path)
    before = identity(place.path)
    with pytest.raises(FileInTheWay, match=r"b\.jpg is there already"):
        copy_file(source, place)
    with pytest.raises(FileInTheWay):
        write_stream([b"abc"], place, size=3)
    assert identity(place.path) == before
    assert [path.name for path in root.iterdir()] == ["b.jpg"]


@pytest.mark.parametrize(
    "relative", ["", "..", "../b.jpg", "a/../../b.jpg", "/etc/b.jpg", "a//b.jpg", "./b.jpg", "a/", "a\0b"]
)
def test_no_path_leads_out_of_the_root(root: Path, relative: str) -> None:
    with pytest.raises(FileFailed, match="no path below"):
        Place(root, relative)


@pytest.mark.parametrize("names", ["link/b.jpg", "a/link/b.jpg"])
@pytest.mark.parametrize("inside", [True, False])
def test_links_below_the_root_are_not_followed(root: Path, source: Path, names: str, *, inside: bool) -> None:
    target = root / "elsewhere" if inside else root.parent / "elsewhere"
    target.mkdir()
    link = (root / names).parent
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    with pytest.raises(FileFailed, match="symbolic link"):
        copy_file(source, Place(root, names))
    assert not files(target)


def test_the_root_itself_may_be_a_link_but_must_be_there(root: Path, source: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    copy_file(source, Place(link, "b.jpg"))
    assert files(root) == ["b.jpg"]
    with pytest.raises(FileFailed, match="mounted"):
        copy_file(source, Place(root / "missing", "b.jpg"))
    assert not (root / "missing").exists()


def test_a_source_that_is_not_what_immich_knows_is_not_copied(root: Path, source: Path) -> None:
    known = content_of(source)
    for other in (Content(known.size + 1, known.sha1), Content(known.size, "0" * 40)):
        with pytest.raises(FileFailed, match=r"source\.jpg.* Immich knows"):
            copy_file(source, Place(root, "b.jpg"), expected=other)
    assert not files(root)


@pytest.mark.parametrize("change", ["longer", "rewritten", "shorter"])
def test_a_source_that_changes_while_it_is_copied_is_not_trusted(root: Path, source: Path, change: str) -> None:
    def meddle(_count: int) -> None:
        if change == "rewritten":
            source.write_bytes(b"y" * LARGE)
        else:
            os.truncate(source, LARGE + (1 if change == "longer" else -BLOCK))

    with pytest.raises(FileFailed, match="changed while"):
        copy_file(source, Place(root, "b.jpg"), expected=content_of(source), watch=Watch(progress=meddle))
    assert not files(root)


def temporary(root: Path) -> Path:
    """The file that is being written."""
    (path,) = root.glob(".immich-toolkit-*.part")
    return path


def test_a_copy_that_went_bad_on_the_disk_does_not_get_its_name(root: Path, source: Path) -> None:
    def damage(_count: int) -> None:
        with temporary(root).open("r+b") as file:
            file.write(bytes([source.read_bytes()[0] ^ 1]))

    place, watch = Place(root, "b.jpg"), Watch(progress=damage)
    with pytest.raises(FileFailed, match=r"b\.jpg: what was read back from the disk"):
        copy_file(source, place, expected=content_of(source), watch=watch)
    with pytest.raises(FileFailed, match=r"b\.jpg: what was read back from the disk"):
        write_stream([source.read_bytes()], place, size=LARGE, watch=watch)
    assert not files(root)


def test_a_copy_whose_temporary_file_is_taken_away_fails(root: Path, source: Path) -> None:
    def take_away(_count: int) -> None:
        for path in root.glob(".immich-toolkit-*.part"):
            path.unlink()

    with pytest.raises(FileFailed, match="it is not there"):
        copy_file(source, Place(root, "b.jpg"), expected=content_of(source), watch=Watch(progress=take_away))
    assert not files(root)


@pytest.mark.parametrize("source_kind", ["missing", "folder", "device", "broken"])
def test_a_source_that_cannot_be_read_is_named(root: Path, tmp_path: Path, source_kind: str) -> None:
    path, says = {
        "missing": (tmp_path / "missing.jpg", "mounted"),
        "folder": (tmp_path, "not a file"),
        "device": (Path("/dev/zero"), "not a file"),
        "broken": (
            Path("/proc/self/mem"),
            "disk reports an error",
        ),  # its first page is never mapped: reading it is a real EIO
    }[source_kind]
    with pytest.raises(FileFailed, match=says) as raised:
        copy_file(path, Place(root, "b.jpg"))
    assert str(path) in str(raised.value)
    assert not files(root)


@pytest.mark.parametrize("calls", range(1, 7))
def test_a_copy_can_be_stopped_at_every_block(root: Path, source: Path, calls: int) -> None:
    asked = iter(range(1, 1000))
    with pytest.raises(Cancelled):
        copy_file(
            source,
            Place(root, "b.jpg"),
            expected=content_of(source),
            watch=Watch(cancelled=lambda: next(asked) >= calls),
        )
    assert not files(root)


def test_mode_and_owner_are_given_to_files_and_to_folders_that_are_made(root: Path, source: Path) -> None:
    (root / "old").mkdir(mode=0o755)
    permissions = Permissions(mode=0o640, user=os.getuid(), group=os.getgid())
    copy_file(source, Place(root, "old/new/b.jpg"), permissions=permissions)
    modes = {name: (root / name).stat().st_mode & 0o777 for name in ("old", "old/new", "old/new/b.jpg")}
    assert modes == {"old": 0o755, "old/new": 0o750, "old/new/b.jpg": 0o640}


def test_files_that_only_may_be_read_lie_in_a_folder_that_takes_more_of_them(root: Path, source: Path) -> None:
    copy_file(source, Place(root, "new/b.jpg"), permissions=Permissions(mode=0o440))
    assert (root / "new/b.jpg").stat().st_mode & 0o777 == 0o440
    assert (root / "new").stat().st_mode & 0o777 == 0o750


def test_without_wishes_the_system_decides_on_the_mode(root: Path, source: Path) -> None:
    copy_file(source, Place(root, "b.jpg"))
    (root / "other").touch()
    assert (root / "b.jpg").stat().st_mode == (root / "other").stat().st_mode


@pytest.mark.parametrize("known", [True, False])
def test_a_stream_is_written_and_proven(root: Path, *, known: bool) -> None:
    data, seen = os.urandom(100_000), list[int]()
    place = Place(root, "a/b.mov")
    proven = write_stream(
        (data[start : start + 7777] for start in range(0, len(data), 7777)),
        place,
        size=len(data),
        sha1=content(data).sha1 if known else None,
        modified=TAKEN,
        watch=Watch(progress=seen.append),
    )
    assert (proven.deed, proven.content) == (Deed.COPIED, content(data))
    assert place.path.read_bytes() == data
    assert place.path.stat().st_mtime_ns == 1_719_837_015_123_456_000
    assert sum(seen) == len(data)


def test_a_stream_is_not_asked_for_what_is_there(root: Path) -> None:
    data = b"motion"
    (root / "b.mov").write_bytes(data)
    unread = iter([data])
    proven = write_stream(unread, Place(root, "b.mov"), size=6, sha1=content(data).sha1)
    assert proven.deed is Deed.ALREADY_THERE
    assert next(unread) == data


def test_a_stream_of_unknown_bytes_is_recognised_afterwards(root: Path) -> None:
    (root / "b.mov").write_bytes(b"motion")
    assert write_stream([b"motion"], Place(root, "b.mov"), size=6).deed is Deed.ALREADY_THERE
    assert files(root) == ["b.mov"]


@pytest.mark.parametrize("chunks", [[], [b"abc"], [b"abcd", b"efg"]])
def test_a_stream_of_another_length_is_refused(root: Path, chunks: list[bytes]) -> None:
    with pytest.raises(FileFailed, match="5 bytes were announced"):
        write_stream(chunks, Place(root, "b.mov"), size=5)
    assert not files(root)


def test_a_stream_of_other_bytes_is_refused(root: Path) -> None:
    with pytest.raises(FileFailed, match="Immich knows"):
        write_stream([b"abc"], Place(root, "b.mov"), size=3, sha1=content(b"abd").sha1)
    assert not files(root)


def test_an_error_of_the_stream_passes_through(root: Path) -> None:
    def broken() -> object:
        yield b"abc"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_stream(broken(), Place(root, "b.mov"), size=5)  # type: ignore[arg-type]
    assert not files(root)


def test_another_program_may_take_the_name_while_a_file_is_copied(root: Path, source: Path) -> None:
    place = Place(root, "b.jpg")

    def take(_count: int) -> None:
        place.path.write_text("theirs")

    with pytest.raises(FileInTheWay):
        copy_file(source, place, expected=content_of(source), watch=Watch(progress=take))
    assert place.path.read_text() == "theirs"
    assert files(root) == ["b.jpg"]


@pytest.mark.parametrize(
    "rename",
    [rename_in_one_step, rename_by_link, rename_over_reservation, rename_no_replace],
    ids=lambda way: way.__name__,
)
def test_no_way_of_renaming_replaces(root: Path, rename: Rename) -> None:
    folder = os.open(root, os.O_RDONLY)
    try:
        (root / "old").write_text("ours")
        rename(folder, "old", "new")
        assert {path.name: path.read_text() for path in root.iterdir()} == {"new": "ours"}
        (root / "old").write_text("second")
        with pytest.raises(FileExistsError):
            rename(folder, "old", "new")
        assert {path.name: path.read_text() for path in root.iterdir()} == {"new": "ours", "old": "second"}
        with pytest.raises(FileNotFoundError):
            rename(folder, "missing", "free")
        assert not (root / "free").exists()
    finally:
        os.close(folder)


def test_left_overs_go_but_not_the_file_of_a_living_run_nor_anything_else(root: Path, source: Path) -> None:
    place = Place(root, "a/b.jpg")
    assert clean_up(place) == []
    (root / "a").mkdir()
    dead = root / "a" / ".immich-toolkit-0123456789abcdef.part"
    dead.write_text("half")
    others = [".immich-toolkit-notes.part", "x.part", "immich-toolkit-0123456789abcdef.part"]
    for name in others:
        (root / "a" / name).write_text("not ours")
    folder = os.open(root / "a", os.O_RDONLY)
    try:
        with temporary_file(folder) as (_file, living):
            assert clean_up(place) == [dead]
            assert files(root) == sorted(f"a/{name}" for name in (*others, living))
    finally:
        os.close(folder)


def test_a_proof_is_read_from_the_disk(root: Path) -> None:
    place = Place(root, "a/b.jpg")
    assert not is_proven(place, content(b"abc"))
    write_stream([b"abc"], place, size=3)
    assert is_proven(place, content(b"abc"))
    assert not is_proven(place, content(b"abd"))
    assert not is_proven(place, content(b"abcd"))
    assert not is_proven(Place(root, "a/c.jpg"), content(b"abc"))


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (errno.ENOSPC, DiskFull, "no space"),
        (errno.EDQUOT, DiskFull, "no space"),
        (errno.EACCES, FileFailed, "owner and mode"),
        (errno.EROFS, FileFailed, "read-only"),
        (errno.EBUSY, FileFailed, "busy"),
    ],
)
def test_what_the_system_reports_becomes_a_line_to_act_on(code: int, kind: type[FileFailed], says: str) -> None:
    error = failure(Path("/x"), OSError(code, "?"))
    assert type(error) is kind
    assert str(error).startswith("/x: ")
    assert says in str(error)


@pytest.mark.parametrize(
    ("size", "checksum", "known"),
    [
        (3, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", Content(3, "a9993e364706816aba3e25717850c26c9cd0d89d")),
        (None, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", None),
        (3, "", None),
        (3, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0", None),
        (3, "c2hvcnQ=", None),
    ],
)
def test_what_immich_tells_of_an_upload(size: int | None, checksum: str, known: Content | None) -> None:
    assert Content.of_upload(size, checksum) == known
