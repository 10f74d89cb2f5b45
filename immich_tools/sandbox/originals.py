"""Where original files are kept: in the sandbox's folder when it has one, else in memory."""

import io
from pathlib import Path
from typing import Final

from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Asset
from immich_tools.sandbox.metadata import open_image

THUMBNAIL_PIXELS: Final = 250
PREVIEW_PIXELS: Final = 1440


def store(server: Server, path: str, content: bytes | None) -> tuple[bytes | None, Path | None]:
    """Keep the content of an original. Returns it when it stays in memory, or the file it was written to."""
    file = server.real_path(path)
    homes = (*server.mounts.values(), *([] if server.folder is None else [server.folder]))
    if content is None or not any(file.is_relative_to(home) for home in homes):
        return content, None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return None, file


def read(asset: Asset) -> bytes | None:
    """The original's bytes, or None when there are none or the file is gone."""
    if asset.content is not None:
        return asset.content
    if asset.file is None or not asset.file.is_file():
        return None
    return asset.file.read_bytes()


def thumbnail(asset: Asset, *, is_preview: bool) -> tuple[bytes, str] | None:
    """A small WebP or a larger JPEG of the picture with its MIME type, or None when none can be made."""
    content = read(asset)
    image = open_image(content) if content is not None else None
    if image is None:
        return None
    pixels, form = (PREVIEW_PIXELS, "JPEG") if is_preview else (THUMBNAIL_PIXELS, "WEBP")
    image = image.convert("RGB")
    image.thumbnail((pixels, pixels))
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue(), f"image/{form.lower()}"
