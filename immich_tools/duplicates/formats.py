"""File formats by the extension of an asset's name."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from immich_tools.immich.models import Asset

RAW: Final = "raw"
# fmt: off
RAW_EXTENSIONS: Final = frozenset({
    "3fr", "ari", "arw", "cap", "cin", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "k25",
    "kdc", "mrw", "nef", "nrw", "orf", "ori", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
})
# fmt: on
"""Extensions of RAW files that Immich accepts (2.3.1 and 3.1.0)."""
_SAME: Final = {"heif": "heic", "hif": "heic", "jpg": "jpeg", "jpe": "jpeg", "jfif": "jpeg", "tif": "tiff"}


@lru_cache(maxsize=1024)
def format_of_extension(extension: str) -> str:
    """The format an extension stands for, in lower case: ``.HEIF`` is ``heic``, ``JPG`` is ``jpeg``, ``cr2`` is ``raw``."""
    plain = extension.strip().lstrip(".").lower()
    return RAW if plain in RAW_EXTENSIONS else _SAME.get(plain, plain)


def format_of(asset: Asset) -> str:
    """The format of an asset's file, by its original name; empty when the name has no extension."""
    return _format_of_name(asset.original_file_name or asset.original_path)


@lru_cache(maxsize=64)
def _format_of_name(name: str) -> str:
    # Every rule asks for the formats of the same few copies.
    _stem, dot, extension = name.rpartition(".")
    return format_of_extension(extension) if dot else ""


def is_raw(asset: Asset) -> bool:
    """Whether the file is a camera's RAW file."""
    return format_of(asset) == RAW
