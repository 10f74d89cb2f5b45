"""Where the roots are: from the paths alone, from the map, and from external libraries."""

from __future__ import annotations

import pytest

from immich_tools.missing_originals.places import Place, Places, media_locations
from immich_tools.paths import PathMap
from tests.unit.missing_originals.build import ME, OTHER, record


@pytest.mark.parametrize(
    ("paths", "locations"),
    [
        ([f"/data/upload/{ME}/ab/x.jpg"], ["/data"]),
        ([f"/usr/src/app/upload/upload/{ME}/ab/x.jpg"], ["/usr/src/app/upload"]),
        ([f"/usr/src/app/upload/library/{ME}/2024/x.jpg"], ["/usr/src/app/upload"]),
        ([f"/usr/src/app/upload/encoded-video/{ME}/x-MP.mp4"], ["/usr/src/app/upload"]),
        (["/usr/src/app/upload/library/admin/2024/x.jpg"], ["/usr/src/app/upload"]),
        (["/data/library/admin/2024/x.jpg"], ["/data"]),
        (["/srv/photos/library/admin/library/x.jpg"], ["/srv/photos"]),
        ([f"/library/upload/{ME}/x.jpg", "/library/library/admin/x.jpg"], ["/library"]),
        ([f"/usr/src/app/upload/upload/{ME}/x.jpg", f"/data/upload/{ME}/y.jpg"], ["/usr/src/app/upload", "/data"]),
        (["/somewhere/x.jpg"], []),
        (["x.jpg"], []),
        ([], []),
    ],
)
def test_media_locations(paths: list[str], locations: list[str]) -> None:
    records = [record(number, path) for number, path in enumerate(paths)]
    assert media_locations(records) == tuple(locations)
    assert media_locations(reversed(records)) == tuple(locations)


def test_external_libraries_show_no_media_location() -> None:
    assert media_locations([record(1, f"/ext/upload/{ME}/x.jpg", library_id="lib")]) == ()


def test_the_folder_of_another_user_is_no_sure_sign() -> None:
    assert media_locations([record(1, f"/ext/upload/{OTHER}/x.jpg")]) == ()


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/data/upload/x/y.jpg", Place("/data/upload", has_marker=True)),
        ("/data/library/x/y.jpg", Place("/data/library", has_marker=True)),
        ("/data/encoded-video/x/y.mp4", Place("/data/encoded-video", has_marker=True)),
        ("/data/else/y.jpg", Place("/data")),
        ("/data/uploads/y.jpg", Place("/data")),
        ("/data/library/anna/2024/y.jpg", Place("/data/library/anna")),
        ("/photos/a/y.jpg", Place("/photos/a")),
        ("/photos/b/y.jpg", Place("/photos")),
        ("/other/b/y.jpg", Place("/other")),
        ("/y.jpg", Place("/")),
        ("y.jpg", Place("/")),
    ],
)
def test_the_innermost_folder_that_may_be_a_disk(path: str, place: Place) -> None:
    path_map = PathMap.parse(["/data/library/anna=/mnt/anna", "/photos/a/=/mnt/a"])
    places = Places(("/data",), (*path_map.folders, "/photos/"))
    assert places.place(path) == place
    assert places.place(path) == place
