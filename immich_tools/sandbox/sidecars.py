"""The sidecar of an asset: on the disk beside an original that is there, else in memory."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from attrs import evolve

from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Asset
from immich_tools.sandbox.metadata import FileMetadata, apply_sidecar, read_picture
from immich_tools.sandbox.xmp import SidecarChange, changed


def remember(server: Server, asset: Asset) -> None:
    """Before the first write to an asset whose metadata was declared: take what it has for what its file and its sidecar say."""
    if not asset.is_declared or asset.embedded is not None:
        return
    asset.embedded = evolve(asset.exif, description="", rating=None)
    asset.exif_tags = tags_of(server, asset)
    change = SidecarChange(asset.exif.description or None, asset.exif.rating, tags=tuple(asset.exif_tags) or None)
    if not change.is_empty:
        asset.sidecar = changed(read(server, asset), change) or asset.sidecar
        asset.sidecar_path = asset.sidecar_path or default_path(asset)


def declare(server: Server, asset: Asset) -> None:
    """Take what an asset has for what its file and its sidecar say, whatever these said before."""
    if read(server, asset) is not None:
        tags = tuple(tags_of(server, asset))
        rating = 0 if asset.exif.rating is None and server.is_v3 else asset.exif.rating
        change = SidecarChange(asset.exif.description, rating, tags=tags)
        write(server, asset, asset.sidecar_path or default_path(asset), change)
    asset.is_declared, asset.embedded, asset.locked = True, None, set()
    remember(server, asset)


def tags_of(server: Server, asset: Asset) -> list[str]:
    """The values of the tags that an asset has in the database."""
    return [server.state.tags[tag_id].value for tag_id in server.state.tags_of_asset.get(asset.id, {})]


def default_path(asset: Asset) -> str:
    """Where the server makes a sidecar."""
    return f"{asset.original_path}.xmp"


def _file(server: Server, asset: Asset, path: str) -> Path | None:
    """Where a sidecar really is; None for an asset that is only in memory."""
    if asset.file is None:
        return None
    return asset.file.with_name(PurePosixPath(path).name)


def candidates(asset: Asset) -> list[str]:
    """Where the server looks for a sidecar (both versions)."""
    known = [] if asset.sidecar_path is None else [asset.sidecar_path]
    return [*known, default_path(asset), str(PurePosixPath(asset.original_path).with_suffix(".xmp"))]


def find(server: Server, asset: Asset) -> str | None:
    """The path of the sidecar that is there, or None."""
    if asset.sidecar is not None:
        return asset.sidecar_path or default_path(asset)
    for path in candidates(asset):
        file = _file(server, asset, path)
        if file is not None and file.is_file():
            return path
    return None


def read(server: Server, asset: Asset) -> bytes | None:
    """The sidecar that the database knows of, or None."""
    if asset.sidecar is not None:
        return asset.sidecar
    file = None if asset.sidecar_path is None else _file(server, asset, asset.sidecar_path)
    try:
        return None if file is None else file.read_bytes()
    except OSError:
        return None


def replace(server: Server, asset: Asset, content: bytes) -> None:
    """Exchange the sidecar of an asset."""
    asset.sidecar_path = asset.sidecar_path or default_path(asset)
    file = _file(server, asset, asset.sidecar_path)
    if file is None:
        asset.sidecar = content
    elif not server.is_read_only(asset.sidecar_path):
        file.write_bytes(content)
        asset.sidecar = None


def write(server: Server, asset: Asset, path: str, change: SidecarChange) -> None:
    """Write a sidecar. What fails is only a warning in the server's log: a folder that can only be read, or a sidecar that is
    no XMP (both versions)."""
    file = _file(server, asset, path)
    if file is None:
        asset.sidecar = changed(asset.sidecar, change) or asset.sidecar
        return
    existing = asset.sidecar
    if existing is None and file.is_file():
        existing = file.read_bytes()
    content = changed(existing, change)
    if content is None or server.is_read_only(path):
        return
    try:
        file.write_bytes(content)
    except OSError:
        return
    asset.sidecar = None


def what_the_file_says(server: Server, asset: Asset) -> tuple[FileMetadata, bytes] | None:
    """The metadata of an original and its sidecar, and the original's bytes; None when the original is not there."""
    if asset.file is not None and not asset.file.is_file():
        return None
    content = asset.file.read_bytes() if asset.file is not None else asset.content or b""
    if asset.embedded is not None:
        found = FileMetadata(evolve(asset.embedded))
    elif asset.type.value == "IMAGE":
        found = read_picture(content)
    else:
        found = FileMetadata()
    sidecar = read(server, asset)
    if sidecar is not None:
        apply_sidecar(found, sidecar, is_v3=server.is_v3)
    return found, content


def move_original(server: Server, asset: Asset, path: str) -> None:
    """Move an original, and the sidecar that the database knows of."""
    sidecar = None if asset.sidecar_path is None else _file(server, asset, asset.sidecar_path)
    if asset.file is not None:
        target = server.real_path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        asset.file = asset.file.rename(target)
        if sidecar is not None and sidecar.is_file():
            sidecar.rename(target.with_name(f"{target.name}.xmp"))
    asset.original_path = path
    if asset.sidecar_path is not None:
        asset.sidecar_path = default_path(asset)
