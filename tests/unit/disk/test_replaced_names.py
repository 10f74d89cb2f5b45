"""Names that a mount cannot show as they are: whatever is listed in their place, such files are never missing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.disk.findings import FileState
from immich_tools.disk.look import Sight, look
from immich_tools.disk.replaced_names import Listing, odd_kinds
from immich_tools.disk.roots import Root
from immich_tools.disk.scan import by_folder, scan
from tests.unit.disk.mounts import MOUNTS, shown_by

NAMES = [
    "Прага.jpg",
    "Größe 1.jpg",
    "naïve café.jpg",
    "写真_001.jpg",
    "表示.jpg",
    "🎉 party.jpg",
    "a:b.jpg",
    "12:30 🎉.jpg",
    "Zoë: why?.jpg",
    "what?.jpg",
    "dots...",
    "blank ",
]


@pytest.mark.parametrize("mount", MOUNTS)
def test_a_name_that_a_mount_replaces_is_unknown_and_not_missing(tmp_path: Path, mount: str) -> None:
    """By the listing alone, also where other names of that kind are shown as they are: a folder may be a mount of its own."""
    shown = {name: each for name in NAMES if (each := shown_by(mount, name)) not in (None, name)}
    assert shown, "the mount replaces something"
    for name, each in shown.items():
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / each).write_bytes(b"")
        found = scan({str(folder): [name]}, top=str(folder))
        assert found[f"{folder}/{name}"].state is FileState.UNKNOWN, (mount, name, each)
        assert found[f"{folder}/{name}"].reason.encode()
        (folder / each).rename(tmp_path / "file")
        folder.rename(tmp_path / each)
        found = scan({f"{tmp_path}/{name}/2024": ["1.jpg"]}, top=str(tmp_path))
        assert [finding.state for finding in found.values()] == [FileState.UNKNOWN], (mount, name, each)
        (tmp_path / each).rmdir()


@pytest.mark.parametrize(
    ("wanted", "listed"),
    [
        ("Прага.jpg", "Брно.jpg"),
        ("Прага.jpg", "?????.png"),
        ("Прага 1.jpg", "????? 2.jpg"),
        ("写真_001.jpg", "写真_002.jpg"),
        ("Größe.jpg", "Grösse 2.jpg"),
        ("a:b.jpg", "ab.jpg"),
        ("IMG_1.jpg", "IMG_2.jpg"),
        ("IMG_1.jpg", "IMG-1.jpg"),
        ("IMG_20240101_120000.jpg", "IMG_20240101_120000~2.jpg"),
        ("1.jpg", "?.jpg"),
    ],
)
def test_other_files_stand_for_nothing(wanted: str, listed: str) -> None:
    assert Listing([listed]).stand_in(wanted) is None


@pytest.mark.parametrize(
    ("wanted", "listed"),
    [
        ("a?b.jpg", "a:b.jpg"),
        ("a_b.jpg", "aéb.jpg"),
        ("a\uf022b.jpg", "a:b.jpg"),
        ("a\ufffdb.jpg", "a\udce9b.jpg"),
        ("CafÃ©.jpg", "Café.jpg"),
    ],
)
def test_what_the_mount_of_the_server_replaces_is_recognised_too(wanted: str, listed: str) -> None:
    assert Listing([listed]).stand_in(wanted) == listed


def test_kinds_of_characters_that_come_and_go_together() -> None:
    assert odd_kinds("2024/IMG_1 (2).jpg") == {}
    assert odd_kinds("Été/à.jpg").keys() == {"Latin-1"} == odd_kinds(unicodedata.normalize("NFD", "Été")).keys()
    assert odd_kinds("Прага–ж/写真🎉.jpg").keys() == {"CYRILLIC", "CJK", "symbol", "beyond U+FFFF"}
    assert odd_kinds("300 \u212a.jpg").keys() == {"KELVIN"} and odd_kinds("why\u037e.jpg").keys() == {"symbol"}
    assert odd_kinds("a:b./c \udce9").keys() == {"reserved", "at the end", "no character"}


def put(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def seen(folder: Path, *names: str) -> tuple[Sight, dict[str, FileState]]:
    sight = look(Root(str(folder)), by_folder(f"{folder}/{name}" for name in names))
    start = len(str(folder)) + 1
    return sight, {path[start:]: finding.state for path, finding in sight.findings.items()}


def test_where_no_such_name_is_found_none_is_missing(tmp_path: Path) -> None:
    """Drivers such as ntfs-3g leave out what their character set lacks."""
    put(tmp_path, [f"{number}.jpg" for number in range(9)])
    sight, states = seen(tmp_path, "1.jpg", "2.jpg", "gone.jpg", "Прага/1.jpg", "Ж.jpg", "é.jpg", "a:b.jpg", "🎉.jpg")
    assert states == {
        "gone.jpg": FileState.MISSING,
        **dict.fromkeys(("Прага/1.jpg", "Ж.jpg", "é.jpg", "a:b.jpg", "🎉.jpg"), FileState.UNKNOWN),
    }
    assert sight.not_shown == ("'Ж'", "'é'", "'🎉'", "':'")
    assert "such as 'Ж' in its name" in sight.findings[f"{tmp_path}/Прага/1.jpg"].reason


def test_a_file_that_is_there_proves_names_of_its_kind_only(tmp_path: Path) -> None:
    put(tmp_path, ["Прага/1.jpg", "é.jpg"])
    sight, states = seen(tmp_path, "Прага/1.jpg", "é.jpg", "Ж.jpg", "ö.jpg", "写.jpg")
    assert states == {"Ж.jpg": FileState.MISSING, "ö.jpg": FileState.MISSING, "写.jpg": FileState.UNKNOWN}
    assert sight.not_shown == ("'写'",)


def test_signs_that_other_character_sets_have_too_prove_no_letters(tmp_path: Path) -> None:
    """With cp1251 a mount shows the degree sign, and leaves out é."""
    put(tmp_path, ["12° © «µ».jpg", "1.jpg"])
    _sight, states = seen(tmp_path, "12° © «µ».jpg", "1.jpg", "é.jpg", "9°.jpg")
    assert states == {"é.jpg": FileState.UNKNOWN, "9°.jpg": FileState.MISSING}


def test_a_renamed_file_proves_names_of_its_kind(tmp_path: Path) -> None:
    put(tmp_path, [unicodedata.normalize("NFD", "é.jpg"), "1.jpg"])
    assert seen(tmp_path, "é.jpg", "ö.jpg", "1.jpg")[1] == {"é.jpg": FileState.RENAMED, "ö.jpg": FileState.MISSING}


def test_the_name_of_the_root_proves_nothing(tmp_path: Path) -> None:
    put(tmp_path, ["Fotos für mich/1.jpg"])
    assert seen(tmp_path / "Fotos für mich", "1.jpg", "ö.jpg")[1] == {"ö.jpg": FileState.UNKNOWN}


letters = st.sampled_from('ab1_-é\u0301ßЖжü写真🎉:*?"<>|. \ufffd\uf03a')
words = st.text(letters, min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))
paths = st.lists(words, min_size=1, max_size=2).map("/".join)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    there=st.frozensets(paths, min_size=1, max_size=5),
    mount=st.sampled_from([*MOUNTS, None]),
    plain=st.frozensets(st.sampled_from(["x.jpg", "y.jpg", "z/1.jpg"]), min_size=1),
)
def test_no_file_whose_name_the_listing_cannot_represent_is_missing(
    tmp_path_factory: pytest.TempPathFactory, there: frozenset[str], mount: str | None, plain: frozenset[str]
) -> None:
    """All files are there, and the mount replaces their names or leaves them out."""
    folder = tmp_path_factory.mktemp("disk")
    put(folder, plain)
    for path in there:
        try:
            shown = [MOUNTS[mount](name) for name in path.split("/")] if mount else []
            if shown:
                put(folder, ["/".join(shown)])
        except (UnicodeError, OSError):
            continue  # a name that this mount could not hold at all
    _sight, states = seen(folder, *there, *plain)
    for path in there - plain:
        if odd_kinds(path):
            assert states.get(path) is not FileState.MISSING, (path, sorted(map(str, folder.rglob("*"))))
