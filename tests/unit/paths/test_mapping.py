"""Where the server's folders are found on this computer."""

from __future__ import annotations

import pytest

from immich_tools.errors import UsageError
from immich_tools.paths import PathMap

MAP = PathMap.parse(
    [
        "/ext/lib=/mnt/photos",
        "/ext/lib/B/=/mnt/b/",
        "/usr/src/app/upload=/",
        "C:\\photos=/mnt/c",
        "/caf\u00e9=/mnt/cafe",
    ]
)


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/ext/lib/A", "/mnt/photos/A"),
        ("/ext/lib", "/mnt/photos"),
        ("/ext/lib/", "/mnt/photos"),
        ("/ext/lib/A//x.jpg", "/mnt/photos/A/x.jpg"),
        ("/ext/library2/A", "/ext/library2/A"),
        ("/ext/lib/B/x", "/mnt/b/x"),
        ("/ext/lib/a\\b/x", "/mnt/photos/a\\b/x"),
        ("/usr/src/app/upload/library/x.jpg", "/library/x.jpg"),
        ("/usr/src/app/upload", "/"),
        ("C:\\photos\\A\\x.jpg", "/mnt/c/A/x.jpg"),
        ("/cafe\u0301/e\u0301.jpg", "/mnt/cafe/e\u0301.jpg"),
        ("relative/x.jpg", "relative/x.jpg"),
        ("", "/"),
    ],
)
def test_where_a_file_is_found(path: str, local: str) -> None:
    assert MAP.local(path) == local


def test_a_map_of_the_top_folder_takes_every_path() -> None:
    assert PathMap.parse(["/=/mnt"]).local("/data/x.jpg") == "/mnt/data/x.jpg"


@pytest.mark.parametrize("text", ["", "=", "/a", "/a=", "=/b", " = ", "/a/../b=/c"])
def test_an_entry_without_both_folders_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--map"):
        PathMap.parse([text])


def test_a_folder_cannot_be_in_two_places() -> None:
    assert PathMap.parse(["/a=/b", "/a/=/b"]) == PathMap({"/a": "/b"})
    with pytest.raises(UsageError, match="--map names the folder /a twice"):
        PathMap.parse(["/a=/b", "/a/=/c"])


def test_folders_in_which_nothing_lies_are_told() -> None:
    path_map = PathMap.parse(["/data=/mnt/a", "/data/library=/mnt/b", "/photo=/mnt/c", "/photos=/mnt/d"])
    assert path_map.unused(["/data/library/x.jpg", "/photos/"]) == ("/photo",)
    assert path_map.unused([]) == ("/data", "/data/library", "/photo", "/photos")
    assert PathMap().unused(["/x"]) == ()
