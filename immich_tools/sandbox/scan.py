"""The scan of an external library over real folders, as Immich 2.3.1 and 3.1.0 do it: in the background, in three stages.

First known files are checked and unknown ones looked for; then each new file becomes an asset that tells nothing of its metadata;
at last its sidecar is looked for and its metadata is read."""

import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import PurePosixPath

from immich_tools.sandbox import create, moments
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Asset, AssetType, Exif, Library
from immich_tools.sandbox.extraction import queue_sidecar_check
from immich_tools.sandbox.jobs import LIBRARY, Steps
from immich_tools.sandbox.media import asset_type_of, mime_type_of


def queue_scan(server: Server, library: Library) -> None:
    """Let a scan wait for its turn."""
    server.queues.add(LIBRARY, partial(_synchronise, server, library))


def members(server: Server, library: Library) -> list[Asset]:
    """The assets of a library, whatever their state."""
    return [asset for asset in server.state.assets.values() if asset.library_id == library.id]


def _synchronise(server: Server, library: Library) -> Steps:
    """Check what is known and look for new files. Assets that were added without a file stay as they are."""
    yield
    if library.id not in server.state.libraries:
        return
    known = members(server, library)
    for asset in known:
        if asset.file is not None:
            _check(server, library, asset)
    paths = {asset.original_path for asset in known}
    found = {path for root in library.import_paths for path in _paths_below(server, root, library)}
    for path in sorted(found - paths):
        server.queues.add(LIBRARY, partial(_import, server, library, path))
    library.refreshed_at = server.state.now()


def _check(server: Server, library: Library, asset: Asset) -> None:
    """A file that cannot be seen makes its asset offline and deleted, not trashed; it comes back with the same id. A file with
    another modification time is read again; a sidecar that changed alone is not noticed (both versions)."""
    assert asset.file is not None
    # The server compares texts here: /photos2 lies below /photos.
    is_shown = asset.original_path.startswith(tuple(library.import_paths)) and not _is_excluded(
        asset.original_path, library
    )
    is_there = is_shown and asset.file.is_file()
    if asset.is_offline == is_there:
        asset.is_offline = not is_there
        if not asset.is_trashed_by_user:
            asset.deleted_at = None if is_there else server.state.now()
        server.state.touch(asset)
    if is_there and moments.written_at(asset.file) != asset.file_modified_at:
        asset.is_declared, asset.embedded = False, None
        queue_sidecar_check(server, asset)


def _import(server: Server, library: Library, path: str) -> Steps:
    """The asset as it is before anything but the file's name and time is known."""
    yield
    state, file, checksum = server.state, server.real_path(path), create.path_checksum(path)
    # Two scans may have waited at the same time.
    is_known = (library.owner_id, library.id, checksum) in state.assets_by_checksum
    if library.id not in state.libraries or is_known or not file.is_file():
        return
    name, written, now = PurePosixPath(path).name, moments.written_at(file), state.now()
    asset = Asset(
        id=state.new_id(),
        owner_id=library.owner_id,
        type=asset_type_of(name),
        original_path=path,
        original_file_name=name,
        mime_type=mime_type_of(name),
        checksum=checksum,
        file_created_at=written,
        file_modified_at=written,
        local_date_time=written,
        created_at=now,
        updated_at=now,
        exif=Exif(),
        device_asset_id=re.sub(r"\s+", "", name),
        device_id="Library Import",
        library_id=library.id,
        file=file,
        is_extracted=False,
        has_thumbnail=False,
        is_declared=False,
    )
    state.insert_asset(asset)
    queue_sidecar_check(server, asset)


def _paths_below(server: Server, root: str, library: Library) -> Iterator[str]:
    """Media files below an import path, as the server names them. Hidden files and folders are left out (both versions)."""
    folder = server.real_path(root)
    if not folder.is_dir():
        return
    for file in folder.rglob("*"):
        below = file.relative_to(folder)
        path = str(PurePosixPath(root) / below)
        is_hidden = any(part.startswith(".") for part in below.parts)
        is_media = asset_type_of(file.name) is not AssetType.OTHER and file.is_file()
        if is_media and not is_hidden and not _is_excluded(path, library):
            yield path


def _is_excluded(path: str, library: Library) -> bool:
    return any(_pattern(glob).match(path) for glob in library.exclusion_patterns)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """`**` crosses folders, `*` and `?` do not."""
    parts = re.split(r"(\*\*/?|\*|\?)", glob)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts) + r"\Z", re.DOTALL)
