"""Which pictures are edits of others, by the names that phones and programs give them. Pure.

A number in brackets marks a copy and no edit: ``IMG_1234(1).jpg``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import combinations
from typing import Final

from immich_tools.immich.models import Asset, AssetType

_WORDS: Final = (
    # Google Takeout, as reported to github.com/TheLastGimbus/GooglePhotosTakeoutHelper (lib/extras.dart): English, Polish, German,
    # Dutch, Japanese, Italian, French, Spanish, Catalan, and what Google Photos makes by itself.
    *("edited", "edytowane", "bearbeitet", "bewerkt", "編集済み", "modificato", "modifié", "ha editado", "editat"),
    *("effects", "smile", "mix", "collage", "animation", "cinematic", "pop_out", "color_pop"),
    # Further languages of Google Photos, which nobody has confirmed; a wrong one only matters beside its original.
    *("editado", "editada", "redigerad", "redigeret", "redigert", "muokattu", "upraveno", "upravené", "szerkesztett"),
    *(
        "отредактировано",
        "изменено",
        "відредаговано",
        "редактирано",
        "uređeno",
        "urejeno",
        "düzenlendi",
        "επεξεργασμένο",
    ),
    *(
        "编辑",
        "已编辑",
        "已修改",
        "編輯",
        "已編輯",
        "편집됨",
        "수정됨",
        "diedit",
        "đã chỉnh sửa",
        "แก้ไขแล้ว",
        "נערך",
        "تم التعديل",
    ),
    # Adobe Lightroom Classic "Edit in Photoshop", in its languages; MIUI, ColorOS and others write "_edit".
    *("edit", "modifier", "modifica", "editar", "redigera", "bewerken", "編集", "편집"),
)
_WORD: Final = "|".join(re.escape(unicodedata.normalize("NFC", word)) for word in sorted(_WORDS, key=len, reverse=True))
_EDIT: Final = (
    re.compile(rf"(?P<base>.+?)(?P<mark>(?:[-_ ](?:{_WORD}))+)", re.IGNORECASE),
    re.compile(r"(?P<base>.+)(?P<mark>~\d{1,3})"),  # Google Photos and Camera on Android: IMG_1234~2.jpg
    re.compile(r"(?P<base>.+)(?P<mark>_edit_\d+)", re.IGNORECASE),  # Samsung: 20210704_120000_edit_272839472.jpg
    re.compile(r"(?P<base>.+)(?P<mark>_mh\d{10,})"),  # Huawei: IMG_20210704_120000_mh1625392800000.jpg
    re.compile(r"(?P<base>.+)(?P<mark>_LI)"),  # Windows Live Photo Gallery
)
_APPLE: Final = re.compile(r"(?P<start>IMG_)(?P<mark>E)(?P<number>\d+)", re.IGNORECASE)  # iOS, of IMG_1234
_SNAPSEED: Final = re.compile(r"(?P<base>.+)(?P<mark>-\d\d)")
"""Only where the extension is ``jpeg``, as Snapseed writes it."""
_COPY: Final = re.compile(r"(?: ?\(\d{1,3}\)| - copy(?: \(\d{1,3}\))?| copy(?: \d{1,3})?)\Z", re.IGNORECASE)


def without_copy_mark(stem: str) -> str:
    """A name without its extension and without what marks a copy: ``IMG_1234(1)``, ``IMG_1234 - Copy``."""
    return _COPY.sub("", stem) or stem


def base_and_mark(name: str) -> tuple[str, str]:
    """What a picture and its edits have in common in their names, and what marks this one as an edit; empty for an original."""
    stem, dot, extension = unicodedata.normalize("NFC", name).rpartition(".")
    plain = without_copy_mark(stem if dot and stem else name)
    patterns = (*_EDIT, _SNAPSEED) if extension.lower() == "jpeg" else _EDIT
    for pattern in patterns:
        if found := pattern.fullmatch(plain):
            return without_copy_mark(found["base"]).casefold(), found["mark"].casefold()
    if found := _APPLE.fullmatch(plain):
        return (found["start"] + found["number"]).casefold(), found["mark"].casefold()
    return plain.casefold(), ""


def has_edits(assets: Sequence[Asset]) -> bool:
    """Whether one of some pictures is an edit of another, or both are different edits of one."""
    names = [base_and_mark(asset.original_file_name) for asset in assets if asset.type is AssetType.IMAGE]
    return any(one[0] == other[0] and one[1] != other[1] for one, other in combinations(names, 2))


def are_versions(assets: Sequence[Asset]) -> bool:
    """Whether some pictures are versions of one and nothing else: no two of them may be copies of one version."""
    names = [base_and_mark(asset.original_file_name) for asset in assets if asset.type is AssetType.IMAGE]
    return len(names) == len(assets) == len(set(names)) and len({base for base, _mark in names}) == 1
