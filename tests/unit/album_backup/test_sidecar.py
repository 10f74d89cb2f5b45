"""Sidecars hold what Immich knows, keep what others wrote, and are read back: by us, and by exiftool wherever it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.album_backup.regions import Region, Regions
from immich_tools.album_backup.sidecar import Known, compose, read
from immich_tools.errors import FileFailed
from immich_tools.immich.models import Asset, AssetType, Exif, Face, Person, Place, Tag

PARIS = timezone(timedelta(hours=2))
FULL = Known(
    description="Tour Eiffel & <friends>\nsecond line \"quoted\" 'too' 🎉",
    rating=4,
    tags=("places/france/Paris", "2024", "family"),
    taken=datetime(2024, 7, 1, 12, 30, 15, 250_000, tzinfo=PARIS),
    place=Place(48.8566, -2.3522),
    people=("Ann", "Zoë O'Neill"),
)


def by_exiftool(sidecar: bytes, folder: Path) -> Known:
    """What Immich makes of exiftool's answer (Immich 2.3.1, `metadata.service.ts`)."""
    file = folder / "IMG.jpg.xmp"
    file.write_bytes(sidecar)
    done = subprocess.run(["exiftool", "-json", "-n", file], capture_output=True, check=True)
    (tags,) = json.loads(done.stdout)

    def many(name: str) -> list[str]:
        value = tags.get(name, [])
        return [str(each) for each in (value if isinstance(value, list) else [value])]

    taken = tags.get("DateTimeOriginal")
    hierarchical = ["/".join(part.replace("/", "|") for part in tag.split("|")) for tag in many("HierarchicalSubject")]
    return Known(
        description=str(tags.get("ImageDescription") or tags.get("Description") or "").strip(),
        rating=tags.get("Rating"),
        tags=tuple(many("TagsList") or hierarchical),
        taken=None if taken is None else datetime.fromisoformat(taken.replace(":", "-", 2)),
        place=Place(tags["GPSLatitude"], tags["GPSLongitude"]) if "GPSLatitude" in tags else None,
        people=tuple(many("PersonInImage")),
    )


def by_us(sidecar: bytes, _folder: Path) -> Known:
    return read(sidecar)


READERS: list[Callable[[bytes, Path], Known]] = [by_us, *([by_exiftool] if shutil.which("exiftool") else [])]
reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)


def agree(one: Known, other: Known) -> bool:
    """Whether two are equal, with places equal to a tenth of a millimetre."""
    if one.place is not None and other.place is not None:
        latitude, longitude = one.place.latitude - other.place.latitude, one.place.longitude - other.place.longitude
        return max(abs(latitude), abs(longitude)) < 1e-9 and evolve(one, place=None) == evolve(other, place=None)
    return one == other


@reader
@pytest.mark.parametrize(
    "known",
    [
        FULL,
        Known(),
        Known(description="only this"),
        Known(rating=-1),
        Known(tags=("one",)),
        Known(tags=("a|b/c", "x/y|z")),
        Known(people=("Ann",)),
        Known(taken=datetime(2024, 1, 1, tzinfo=UTC)),
        Known(taken=datetime(2024, 1, 1, 12, 30)),  # noqa: DTZ001 - no zone is known
        Known(taken=datetime(840, 1, 1, tzinfo=UTC)),
        Known(taken=datetime(1931, 5, 4, 3, 2, 1, tzinfo=timezone(-timedelta(hours=9, minutes=30)))),
        Known(place=Place(-33.000000001, 179.999999999)),
        Known(place=Place(0.1, -0.1)),
        Known(place=Place(-90.0, -180.0)),
    ],
)
def test_what_immich_knows_survives(known: Known, reader: Callable[[bytes, Path], Known], tmp_path: Path) -> None:
    assert agree(reader(compose(known), tmp_path), known)


def test_what_an_asset_s_answer_says() -> None:
    taken = datetime(2024, 7, 1, 10, 30, 15, tzinfo=UTC)
    asset = Asset(
        "id",
        "owner",
        AssetType.IMAGE,
        "/upload/a.jpg",
        "a.jpg",
        file_created_at=taken,
        local_date_time=taken + timedelta(hours=2),
        exif=Exif(
            date_time_original=taken, place=Place(1.5, 2.5), rating=3, description="text", time_zone="Europe/Paris"
        ),
        tags=(Tag("b/c", "1"), Tag("a", "2")),
        people=(Person("", "1"), Person("Zoë", "2"), Person("Ann", "3")),
    )
    known = Known.of(asset)
    assert known == Known("text", 3, ("a", "b/c"), taken, Place(1.5, 2.5), ("Ann", "Zoë"))
    assert b"2024-07-01T12:30:15+02:00" in compose(known)
    assert Known.of(evolve(asset, exif=None, tags=None, people=None)) == Known()


@reader
def test_the_zone_stays(reader: Callable[[bytes, Path], Known], tmp_path: Path) -> None:
    taken = reader(compose(FULL), tmp_path).taken
    assert taken is not None
    assert taken.utcoffset() == timedelta(hours=2)


def test_utc_is_written_in_figures() -> None:
    # Immich takes a date that ends in Z for one without a zone.
    assert b"2024-01-01T00:00:00+00:00" in compose(Known(taken=datetime(2024, 1, 1, tzinfo=UTC)))


def test_a_date_without_a_zone_is_written_without_one() -> None:
    wall_clock = datetime(2021, 7, 10, 12, 30, tzinfo=UTC)
    asset = Asset(
        "id",
        "owner",
        AssetType.IMAGE,
        "/a.jpg",
        "a.jpg",
        wall_clock,
        wall_clock,
        exif=Exif(date_time_original=wall_clock),
    )
    for zone, written in ((None, b">2021-07-10T12:30:00<"), ("UTC", b">2021-07-10T12:30:00+00:00<")):
        assert asset.exif is not None
        known = Known.of(evolve(asset, exif=evolve(asset.exif, time_zone=zone)))
        assert written in compose(known)


def tags_immich_reads(sidecar: bytes, folder: Path) -> list[str]:
    """What becomes a tag, of flat and hierarchical keywords (Immich 2.3.1, `metadata.service.ts`)."""
    file = folder / "IMG.jpg.xmp"
    file.write_bytes(sidecar)
    done = subprocess.run(["exiftool", "-json", "-n", file], capture_output=True, check=True)
    (tags,) = json.loads(done.stdout)
    value = tags.get("TagsList") or tags.get("HierarchicalSubject") or tags.get("Subject") or []
    return [str(each) for each in (value if isinstance(value, list) else [value])]


@pytest.mark.skipif(not shutil.which("exiftool"), reason="no exiftool here")
@pytest.mark.parametrize("tags", [(), ("places/france",)])
def test_names_of_people_do_not_become_tags(tags: tuple[str, ...], tmp_path: Path) -> None:
    assert tuple(tags_immich_reads(compose(Known(people=("Ann",), tags=tags)), tmp_path)) == tags


def face(name: str, box: tuple[int, int, int, int], size: tuple[int, int]) -> Face:
    return Face(name, Person(name, name), *size, *box)


def test_faces_are_written_as_regions(tmp_path: Path) -> None:
    faces = [
        face("Zoë", (10, 20, 30, 60), (100, 200)),
        face("Ann", (0, 0, 50, 50), (100, 200)),
        Face("nobody's", None, 100, 200, 0, 0, 10, 10),
        face("", (0, 0, 5, 5), (100, 200)),
    ]
    regions = Regions.of(faces, None)
    assert regions == Regions(100, 200, (Region("Ann", 0.25, 0.125, 0.5, 0.25), Region("Zoë", 0.2, 0.2, 0.2, 0.2)))
    sidecar = compose(Known(people=("Ann", "Zoë"), regions=regions))
    assert compose(Known(people=("Ann", "Zoë"), regions=regions), sidecar) == sidecar
    if shutil.which("exiftool"):
        file = tmp_path / "IMG.jpg.xmp"
        file.write_bytes(sidecar)
        done = subprocess.run(["exiftool", "-json", "-n", "-struct", file], capture_output=True, check=True)
        (told,) = json.loads(done.stdout)
        info = told["RegionInfo"]
        assert info["AppliedToDimensions"] == {"W": 100, "H": 200, "Unit": "pixel"}
        assert [(region["Name"], region["Type"], region["Area"]) for region in info["RegionList"]] == [
            ("Ann", "Face", {"X": 0.25, "Y": 0.125, "W": 0.5, "H": 0.25, "Unit": "normalized"}),
            ("Zoë", "Face", {"X": 0.2, "Y": 0.2, "W": 0.2, "H": 0.2, "Unit": "normalized"}),
        ]


# Where a point of the stored picture shows, for each orientation (Immich 2.3.1 and 3.1.0, `orientRegionInfo`).
SHOWN: dict[int, Callable[[float, float], tuple[float, float]]] = {
    1: lambda x, y: (x, y),
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}


def test_a_face_of_a_turned_picture_comes_back_to_its_place() -> None:
    for turn, shown in SHOWN.items():
        regions = Regions.of([face("Ann", (10, 20, 30, 60), (100, 200))], turn)
        (region,) = regions.faces
        x, y = shown(region.x, region.y)
        assert (round(x, 9), round(y, 9)) == (0.2, 0.2), turn
        is_sideways = turn > 4
        assert (regions.width, regions.height) == ((200, 100) if is_sideways else (100, 200)), turn
        width, height = (region.height, region.width) if is_sideways else (region.width, region.height)
        assert (width, height) == (0.2, 0.2), turn


def test_regions_of_an_existing_sidecar_stay() -> None:
    theirs = compose(Known(regions=Regions.of([face("Bo", (0, 0, 10, 10), (100, 200))], None)))
    ours = Known(description="new", regions=Regions.of([face("Ann", (0, 0, 10, 10), (100, 200))], None))
    merged = compose(ours, theirs)
    assert b"Bo" in merged and b"Ann" not in merged


def test_the_offset_of_old_local_times_has_no_seconds() -> None:
    amsterdam = timezone(timedelta(minutes=19, seconds=32))
    moment = datetime(1930, 1, 1, tzinfo=amsterdam)
    assert b"1929-12-31T23:40:28+00:00" in compose(Known(taken=moment))


EXISTING = """<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<!-- outside -->
<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Lightroom'>
 <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
  <rdf:Description rdf:about='uuid:1'
    xmlns:crs='http://ns.adobe.com/camera-raw-settings/1.0/' xmlns:xap='http://ns.adobe.com/xap/1.0/'
    crs:Exposure2012='+0.50' crs:Note='two&#10;lines' xap:Rating='2' xap:Label='Red'>
   <!-- a remark -->
   <crs:ToneCurve><rdf:Seq><rdf:li>0, 0</rdf:li><rdf:li>255, 255</rdf:li></rdf:Seq></crs:ToneCurve>
  </rdf:Description>
  <rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:exif='http://ns.adobe.com/exif/1.0/'
    xmlns:exifEX='http://cipa.jp/exif/1.0/' xmlns:digiKam='http://www.digikam.org/ns/1.0/'>
   <dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>
   <dc:description><rdf:Alt><rdf:li xml:lang='x-default'>old</rdf:li><rdf:li xml:lang='de'>alt</rdf:li></rdf:Alt></dc:description>
   <dc:subject><rdf:Bag><rdf:li>sun</rdf:li></rdf:Bag></dc:subject>
   <digiKam:TagsList><rdf:Seq><rdf:li>gone</rdf:li></rdf:Seq></digiKam:TagsList>
   <exif:DateTimeOriginal>2020-01-01T00:00:00</exif:DateTimeOriginal>
   <exif:FNumber>28/10</exif:FNumber>
   <exifEX:OffsetTimeOriginal>-05:00</exifEX:OffsetTimeOriginal>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end='w'?>""".encode()


def properties(sidecar: bytes) -> dict[str, list[str]]:
    """Every property with its values, by a reading of its own."""
    found: dict[str, list[str]] = {}
    rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    for description in ElementTree.fromstring(sidecar).iter(f"{rdf}Description"):
        for name, value in description.attrib.items():
            found.setdefault(name.partition("}")[2], []).append(value)
        for element in description:
            values = [item.text or "" for item in element.iter(f"{rdf}li")] or [element.text or ""]
            found.setdefault(element.tag.partition("}")[2], []).extend(values)
    return found


def test_an_existing_sidecar_is_merged() -> None:
    merged = compose(FULL, EXISTING)
    before, after = properties(EXISTING), properties(merged)
    for kept in ("about", "Exposure2012", "Note", "Label", "ToneCurve", "creator", "FNumber"):
        assert after[kept] == before[kept]
    assert after["Rating"] == ["4"]
    assert after["description"] == [FULL.description, "alt"]
    assert after["TagsList"] == list(FULL.tags)
    assert after["hierarchicalSubject"] == ["places|france|Paris", "2024", "family"]
    assert after["subject"] == ["sun", "Paris", "2024", "family"]
    assert after["PersonInImage"] == ["Ann", "Zoë O'Neill"]
    assert after["DateTimeOriginal"] == after["DateCreated"] == ["2024-07-01T12:30:15.250+02:00"]
    assert "OffsetTimeOriginal" not in after
    text = merged.decode()
    assert "<!-- a remark -->" in text
    assert 'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"' in text
    assert 'x:xmptk="Lightroom"' in text
    assert 'crs:Note="two&#10;lines"' in text


@reader
def test_a_merged_sidecar_is_read_back(reader: Callable[[bytes, Path], Known], tmp_path: Path) -> None:
    assert agree(reader(compose(FULL, EXISTING), tmp_path), FULL)


def test_what_immich_does_not_know_stays_in_an_existing_sidecar() -> None:
    assert properties(compose(Known(), EXISTING)) == properties(EXISTING)


@reader
def test_a_sidecar_of_others_is_understood(reader: Callable[[bytes, Path], Known], tmp_path: Path) -> None:
    known = reader(EXISTING, tmp_path)
    assert (known.description, known.rating, known.tags) == ("old", 2, ("gone",))


def test_the_shortest_existing_sidecars() -> None:
    rdf = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    for existing in (f"<rdf:RDF {rdf}/>", f"<a xmlns='adobe:ns:meta/'><b:RDF {rdf.replace(':rdf', ':b')}/></a>"):
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            assert agree(read(compose(FULL, existing.encode(encoding))), FULL)


def test_a_prefix_that_means_something_else_is_left_to_it() -> None:
    existing = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="urn:mine" dc:subject="theirs"/></rdf:RDF>'
    )
    merged = compose(FULL, existing.encode())
    assert 'xmlns:dc="urn:mine"' in merged.decode()
    assert properties(merged)["subject"] == ["theirs", "Paris", "2024", "family"]
    assert agree(read(merged), FULL)


LAUGHS = """<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&b;</rdf:RDF>"""


@pytest.mark.parametrize(
    ("existing", "says"),
    [
        (b"", "cannot be read"),
        (b"\xff\xd8\xff\xe0 a picture", "cannot be read"),
        (b"<html/>", "no XMP"),
        (EXISTING[:-60], "cannot be read"),
        (LAUGHS.encode(), "document type"),
        (LAUGHS.replace("[", "SYSTEM 'file:///etc/passwd' [").encode(), "document type"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "cannot be read"),
        (b"<a>" * 100_000, "nested too deeply"),
        (b"<a>" + b" " * (16 << 20) + b"</a>", "too large"),
    ],
)
def test_what_is_not_safe_to_merge_is_refused(existing: bytes, says: str) -> None:
    for attempt in (lambda: compose(FULL, existing), lambda: read(existing)):
        with pytest.raises(FileFailed, match=says):
            attempt()


@pytest.mark.parametrize("odd", ["a\0b", "a\x1bb", "a\ud83db", "a\uffffb"])
def test_what_xml_cannot_hold_is_left_out(odd: str) -> None:
    known = read(compose(Known(description=odd, tags=(odd,), people=(odd, "\x07"))))
    assert (known.description, known.tags, known.people) == ("ab", ("ab",), ("ab",))


@pytest.mark.parametrize("blank", ["", "  ", "\n", "\x07"])
def test_nothing_is_not_written(blank: str) -> None:
    assert compose(Known(description=blank, tags=(blank,), people=(blank,))) == compose(Known())


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1).filter(
    lambda text: text == text.strip()
)
KNOWN: st.SearchStrategy[Any] = st.builds(
    Known,
    description=st.one_of(st.just(""), TEXTS, st.tuples(TEXTS, TEXTS).map("\r\n".join)),
    rating=st.sampled_from([None, -1, 1, 5]),
    tags=st.lists(TEXTS, max_size=3, unique=True).map(tuple),
    taken=st.one_of(
        st.none(),
        st.datetimes(datetime(1826, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, PARIS, None])).map(  # noqa: DTZ001
            lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        ),
    ),
    place=st.one_of(st.none(), st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))),
    people=st.lists(TEXTS, max_size=3, unique=True).map(tuple),
)


@given(KNOWN)
def test_everything_is_read_back(known: Known) -> None:
    assert agree(read(compose(known)), known)


@given(KNOWN, KNOWN, st.sampled_from([None, EXISTING]))
def test_composing_again_changes_nothing(known: Known, earlier: Known, existing: bytes | None) -> None:
    once = compose(known, compose(earlier, existing))
    assert compose(known, once) == once
