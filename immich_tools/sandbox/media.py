"""File types: suffixes, MIME types, and whether a file is an image or a video."""

from pathlib import PurePosixPath
from typing import Final

from immich_tools.sandbox.entities import AssetType

_IMAGES: Final = {
    ".3fr": "image/3fr",
    ".arw": "image/arw",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".cr2": "image/cr2",
    ".cr3": "image/cr3",
    ".dng": "image/dng",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".insp": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".jxl": "image/jxl",
    ".nef": "image/nef",
    ".orf": "image/orf",
    ".png": "image/png",
    ".raf": "image/raf",
    ".raw": "image/raw",
    ".rw2": "image/rw2",
    ".svg": "image/svg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
_VIDEOS: Final = {
    ".3gp": "video/3gpp",
    ".avi": "video/x-msvideo",
    ".m4v": "video/x-m4v",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".mpg": "video/mpeg",
    ".mts": "video/mp2t",
    ".webm": "video/webm",
    ".wmv": "video/x-ms-wmv",
}
IMAGE_SUFFIXES: Final = tuple(_IMAGES)
VIDEO_SUFFIXES: Final = tuple(_VIDEOS)
SIDECAR_SUFFIXES: Final = (".xmp",)


def suffix_of(name: str) -> str:
    """The last suffix in lower case."""
    return PurePosixPath(name).suffix.lower()


def mime_type_of(name: str) -> str:
    """The MIME type that Immich derives from a file name."""
    suffix = suffix_of(name)
    return _IMAGES.get(suffix) or _VIDEOS.get(suffix) or "application/octet-stream"


def asset_type_of(name: str) -> AssetType:
    """Image or video by suffix; anything else is OTHER."""
    suffix = suffix_of(name)
    if suffix in _IMAGES:
        return AssetType.IMAGE
    return AssetType.VIDEO if suffix in _VIDEOS else AssetType.OTHER
