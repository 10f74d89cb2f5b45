"""Which assets are looked at, and what is refused before anything is."""

from __future__ import annotations

from typing import Any

import pytest

from immich_tools.errors import UsageError
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.records import AssetRecord
from immich_tools.missing_originals.selection import select
from tests.unit.missing_originals.build import ME, asset_id, record

LIBRARY = [
    record(1, f"/data/upload/{ME}/1.heic", video=2),
    record(2, f"/data/encoded-video/{ME}/1-MP.mp4"),
    record(3, "/data/library/anna/3.jpg", stack=50),
    record(4, "/data/library/anna/4.jpg", stack=50, is_trashed=True),
    record(5, "/ext/5.jpg", library_id="lib"),
    record(6, "/elsewhere/6.jpg"),
]


def numbers(records: tuple[AssetRecord, ...]) -> list[int]:
    return sorted(number for number in range(10) for each in records if each.id == asset_id(number))


@pytest.mark.parametrize(
    ("options", "chosen", "siblings"),
    [
        ({}, [1, 2, 3], [4]),
        ({"include_external": True}, [1, 2, 3, 5], [4]),
        ({"paths": ("/data/upload",)}, [1], [2]),
        ({"paths": ("/data/encoded-video/%",)}, [2], [1]),
        ({"paths": ("/data/**/*.jpg",)}, [3], [4]),
        ({"paths": ("%",)}, [1, 2, 3, 6], [4]),
        ({"paths": ("%",), "include_external": True}, [1, 2, 3, 5, 6], [4]),
        ({"paths": ("/data/upload", "/elsewhere")}, [1, 6], [2]),
        ({"paths": ("/data/upload", "/data")}, [1, 2, 3], [4]),
        ({"map": ("/data=/mnt/photos",)}, [1, 2, 3], [4]),
    ],
)
def test_what_is_looked_at(options: dict[str, Any], chosen: list[int], siblings: list[int]) -> None:
    selection = select(LIBRARY, MissingOriginalsOptions(**options))
    assert numbers(selection.records) == chosen
    assert numbers(selection.siblings) == siblings
    assert selection.media == ("/data",)
    assert selection.elsewhere == ({} if "paths" in options else {"/elsewhere/": 1})


@pytest.mark.parametrize(
    ("everything", "options", "words"),
    [
        ([], {}, "There is no original to look for in any folder of uploads"),
        (LIBRARY[3:4], {}, "There is no original to look for in /data"),
        (LIBRARY, {"paths": ("/data/Library/%",)}, "'/data/Library/%' matches no asset"),
        (LIBRARY, {"paths": ("/data/%", "/usr/src/app/upload/library/%")}, "'/usr/src/app/upload/library/%' matches no asset"),
        (LIBRARY, {"paths": ("/ext/%",)}, "need --include-external"),
        (LIBRARY, {"map": ("/usr/src/app/upload=/mnt/photos",)}, "no asset is in /usr/src/app/upload"),
        (LIBRARY, {"map": ("/data=/mnt/a", "/dat=/mnt/b")}, "no asset is in /dat"),
    ],
)  # fmt: skip
def test_nothing_to_look_for_is_an_error(everything: list[AssetRecord], options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$") as refusal:
        select(everything, MissingOriginalsOptions(**options))
    assert words in str(refusal.value)
