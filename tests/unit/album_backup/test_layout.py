"""Where the files of an album go."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.album_backup.layout import Layout, Part, Role, Unit, arrange
from immich_tools.album_backup.names import split_extension
from immich_tools.disk.content import Content
from immich_tools.errors import UsageError

PLAIN = Layout.of_album(with_year=False)
UNIT = Unit(
    "id",
    "IMG_0001.JPG",
    "Summer",
    album_start=date(2023, 12, 30),
    taken=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    owner="Ann",
    camera="Nikon D5",
)
MOTION = Part(Role.MOTION, ".MOV")
SIDECAR = Part(Role.SIDECAR)


def originals(*units: Unit, present: dict[str, Content | None] | None = None) -> dict[str, str]:
    """The path of each unit's original."""
    return {name: paths[Role.ORIGINAL] for name, paths in arrange(units, PLAIN, present).items()}


def photo(name: str, id: str = "", *, content: Content | None = None, others: tuple[Part, ...] = ()) -> Unit:
    return evolve(UNIT, id=id or name, name=name, content=content, others=others)


@pytest.mark.parametrize(
    ("layout", "folder"),
    [
        (PLAIN, "Summer"),
        (Layout.of_album(with_year=True), "2023/Summer"),
        (Layout("{year}/{month}-{day}"), "2024/01-02"),
        (Layout("{owner}/{camera}/{album}"), "Ann/Nikon D5/Summer"),
        (Layout("photos of {owner}"), "photos of Ann"),
        (Layout("{{{album}}}"), "{Summer}"),
        (Layout(".{album}."), "_Summer"),
    ],
)
def test_folder(layout: Layout, folder: str) -> None:
    assert layout.folder(UNIT) == folder


@pytest.mark.parametrize(
    ("album", "folder"),
    [
        ("../..", "_._"),
        ("a/b", "a_b"),
        ("", "Unknown"),
        ("  ", "Unknown"),
        ("..", "_"),
        ("/etc", "_etc"),
        ("con", "con_"),
    ],
)
def test_an_album_s_name_is_one_folder(album: str, folder: str) -> None:
    assert PLAIN.folder(evolve(UNIT, album=album)) == folder


def test_what_is_not_known_has_a_folder_of_its_own() -> None:
    unit = Unit("id", "a.jpg", "Summer")
    assert Layout("{year}/{month}/{owner}/{camera}").folder(unit) == "Unknown/Unknown/Unknown/Unknown"
    assert Layout.of_album(with_year=True).folder(unit) == "Unknown/Summer"


def test_early_years_have_four_digits() -> None:
    assert Layout("{year}").folder(evolve(UNIT, taken=datetime(812, 1, 1, tzinfo=UTC))) == "0812"


@pytest.mark.parametrize(
    "template",
    [
        *("", "/", "/{album}", "{album}/", "a//b", "..", "../{album}", "{album}/../x", ".", " ", "{", "}", "{}", "{0}"),
        *("{year!r}", "{year:>9}", "{album.name}", "{album[0]}", "{file}", "{Album}"),
    ],
)
def test_a_template_that_is_none_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match="--layout"):
        Layout(template)


def test_the_parts_of_a_unit_share_a_stem() -> None:
    others = (MOTION, SIDECAR, Part(Role.EDITED, ".jpg"))
    assert arrange([evolve(UNIT, name="IMG_1.HEIC", others=others)], PLAIN) == {
        "id": {
            Role.ORIGINAL: "Summer/IMG_1.HEIC",
            Role.MOTION: "Summer/IMG_1.MOV",
            Role.SIDECAR: "Summer/IMG_1.HEIC.xmp",
            Role.EDITED: "Summer/IMG_1-edited.jpg",
        }
    }


def test_a_motion_video_with_the_extension_of_its_original() -> None:
    (paths,) = arrange([photo("a.mp4", others=(Part(Role.MOTION, ".MP4"),))], PLAIN).values()
    assert paths[Role.MOTION] == "Summer/a-motion.MP4"


@pytest.mark.parametrize(
    ("units", "paths"),
    [
        ([photo("a.jpg", "1"), photo("a.jpg", "2")], {"1": "a.jpg", "2": "a+1.jpg"}),
        ([photo("a.jpg", "1"), photo("A.JPG", "2")], {"1": "a+1.jpg", "2": "A.JPG"}),
        ([photo("é.jpg", "1"), photo("e\u0301.jpg", "2")], {"1": "é+1.jpg", "2": "é.jpg"}),
        ([photo("a.jpg", "1"), photo("a.dng", "2")], {"1": "a.jpg", "2": "a.dng"}),
        (
            [photo("a.jpg", "1"), photo("a.jpg", "2"), photo("a+1.jpg", "3")],
            {"1": "a.jpg", "2": "a+2.jpg", "3": "a+1.jpg"},
        ),
        ([photo("a.heic", "1", others=(MOTION,)), photo("a.mov", "2")], {"1": "a.heic", "2": "a+1.mov"}),
        ([photo("b.mov", "2"), photo("c.heic", "1", others=(MOTION,))], {"1": "c.heic", "2": "b.mov"}),
        ([photo("a.jpg", "1", others=(SIDECAR,)), photo("a.jpg.xmp", "2")], {"1": "a.jpg", "2": "a.jpg+1.xmp"}),
        ([photo("a?.jpg", "1"), photo("a*.jpg", "2")], {"1": "a_+1.jpg", "2": "a_.jpg"}),
    ],
)
def test_collisions_are_numbered(units: list[Unit], paths: dict[str, str]) -> None:
    assert originals(*units) == {name: f"Summer/{path}" for name, path in paths.items()}


def test_the_earlier_photo_keeps_the_plain_name() -> None:
    early, late = photo("a.jpg", "9"), evolve(photo("a.jpg", "1"), taken=datetime(2024, 5, 5, tzinfo=UTC))
    assert originals(late, early) == {"9": "Summer/a.jpg", "1": "Summer/a+1.jpg"}
    assert originals(evolve(early, taken=None), late) == {"1": "Summer/a.jpg", "9": "Summer/a+1.jpg"}


A, B = Content(3, "a" * 40), Content(3, "b" * 40)


@pytest.mark.parametrize(
    ("present", "paths"),
    [
        ({}, {"1": "a.jpg", "2": "a+1.jpg"}),
        ({"a.jpg": B}, {"1": "a+1.jpg", "2": "a.jpg"}),
        ({"a.jpg": A}, {"1": "a.jpg", "2": "a+1.jpg"}),
        ({"a.jpg": None}, {"1": "a+1.jpg", "2": "a+2.jpg"}),
        ({"A.JPG": None, "a+1.jpg": Content(3, "c" * 40)}, {"1": "a+2.jpg", "2": "a+3.jpg"}),
        ({"a+7.jpg": B}, {"1": "a.jpg", "2": "a+7.jpg"}),
        ({"a+7.jpg": B, "a+3.jpg": B}, {"1": "a.jpg", "2": "a+3.jpg"}),
        ({"a+.jpg": B, "a+x.jpg": B, "a+01.jpg": B, "b.jpg": B}, {"1": "a.jpg", "2": "a+1.jpg"}),
    ],
)
def test_what_is_there_keeps_its_place(present: dict[str, Content | None], paths: dict[str, str]) -> None:
    units = photo("a.jpg", "1", content=A), photo("a.jpg", "2", content=B)
    assert originals(*units, present={f"Summer/{path}": content for path, content in present.items()}) == {
        name: f"Summer/{path}" for name, path in paths.items()
    }


def test_two_units_of_equal_content_do_not_share_a_file() -> None:
    units = photo("a.jpg", "1", content=A), photo("a.jpg", "2", content=A)
    assert originals(*units, present={"Summer/a.jpg": A}) == {"1": "Summer/a.jpg", "2": "Summer/a+1.jpg"}
    both: dict[str, Content | None] = {"Summer/a.jpg": A, "Summer/a+1.jpg": A}
    assert originals(*units, present=both) == {"1": "Summer/a.jpg", "2": "Summer/a+1.jpg"}


def test_a_listing_in_decomposed_form_is_recognised() -> None:
    unit = photo("é.jpg", "1", content=A)
    assert originals(unit, present={unicodedata.normalize("NFD", "Summer/é.jpg"): A}) == {"1": "Summer/é.jpg"}


def test_a_unit_that_is_there_without_its_sidecar_gets_it_beside_it() -> None:
    unit = photo("a.jpg", "1", content=A, others=(SIDECAR, MOTION))
    paths = arrange([unit], PLAIN, {"Summer/a.jpg": A, "Summer/a.jpg.xmp": B})
    assert paths["1"][Role.SIDECAR] == "Summer/a.jpg.xmp"
    assert paths["1"][Role.MOTION] == "Summer/a.MOV"


NAMES = st.one_of(
    st.sampled_from(
        ["a.jpg", "A.jpg", "a.JPG", "a+1.jpg", "a.mov", "a.heic", "a.jpg.xmp", "a-edited.jpg", "a", "../a.jpg"]
    ),
    st.text(max_size=300),
)
CONTENTS = st.one_of(st.none(), st.sampled_from([A, B]))
PARTS = st.lists(
    st.builds(
        Part,
        st.sampled_from([Role.MOTION, Role.SIDECAR, Role.EDITED]),
        st.sampled_from([".mov", ".MOV", ".jpg", "", "../x"]),
    ),
    max_size=3,
    unique_by=lambda part: part.role,
).map(tuple)
UNITS = st.lists(
    st.builds(
        Unit,
        id=st.integers(0, 99).map(str),
        name=NAMES,
        album=st.sampled_from(["a", "A", "..", "x/y", "", "Summer"]),
        taken=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        content=CONTENTS,
        others=PARTS,
    ),
    max_size=12,
    unique_by=lambda unit: unit.id,
)
PRESENT = st.dictionaries(st.tuples(st.sampled_from(["a", "A", "_"]), NAMES).map("/".join), CONTENTS, max_size=5)
LAYOUTS = st.sampled_from([PLAIN, Layout("{album}/{year}"), Layout("{year}"), Layout.of_album(with_year=True)])


def same_names(path: str) -> list[str]:
    """What file systems compare that ignore case, each in its own way."""
    forms = [unicodedata.normalize(form, path) for form in ("NFC", "NFD")]
    return [fold(form) for form in forms for fold in (str.lower, str.upper, str.casefold)]


@given(UNITS, LAYOUTS, PRESENT)
def test_every_file_has_a_path_of_its_own_inside(
    units: list[Unit], layout: Layout, present: dict[str, Content | None]
) -> None:
    arranged = arrange(units, layout, present)
    assert set(arranged) == {unit.id for unit in units}
    paths: list[str] = []
    for unit in units:
        assert set(arranged[unit.id]) == {Role.ORIGINAL, *(part.role for part in unit.others)}
        paths += arranged[unit.id].values()
    for path in paths:
        assert all(name not in ("", ".", "..") and len(name.encode()) <= 255 for name in path.split("/"))
    for forms in zip(*map(same_names, paths), strict=True):
        assert len(set(forms)) == len(paths)


@given(UNITS, LAYOUTS, PRESENT, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(
    units: list[Unit], layout: Layout, present: dict[str, Content | None], random: object
) -> None:
    arranged = arrange(units, layout, present)
    shuffled, listed = list(units), list(present.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(listed)  # type: ignore[attr-defined]
    assert arrange(shuffled, layout, dict(listed)) == arranged


@given(UNITS, LAYOUTS)
def test_once_copied_everything_is_found_again(units: list[Unit], layout: Layout) -> None:
    units = [evolve(unit, content=unit.content or Content(int(unit.id), "c" * 40)) for unit in units]
    first = arrange(units, layout)
    present: dict[str, Content | None] = {}
    for unit in units:
        present |= dict.fromkeys(first[unit.id].values())
        present[first[unit.id][Role.ORIGINAL]] = unit.content
    again = arrange(units, layout, present)
    assert {path for paths in again.values() for path in paths.values()} <= set(present)
    assert {(unit.content, again[unit.id][Role.ORIGINAL]) for unit in units} == {
        (unit.content, first[unit.id][Role.ORIGINAL]) for unit in units
    }


@given(UNITS, LAYOUTS, PRESENT)
def test_the_parts_of_a_unit_begin_alike(units: list[Unit], layout: Layout, present: dict[str, Content | None]) -> None:
    for paths in arrange(units, layout, present).values():
        stem, _extension = split_extension(paths[Role.ORIGINAL])
        assert all(path.startswith(stem) for path in paths.values())
