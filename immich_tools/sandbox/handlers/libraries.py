"""/libraries: external libraries, and their scan over real folders."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from os import R_OK, access
from pathlib import Path

from immich_tools.sandbox.context import Call, Server
from immich_tools.sandbox.entities import Asset, AssetType, Library
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.fill import DEFAULT_EXCLUSIONS
from immich_tools.sandbox.ingest import Arrival, ingest
from immich_tools.sandbox.media import asset_type_of
from immich_tools.sandbox.present import library_json
from immich_tools.sandbox.refusals import Refused, bad_request
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import list_of, string, uuid

ROUTES = RouteTable()
_V3_EXCLUSIONS = ("**/.stversions/**", "**/.stfolder/**")
_PATHS = {"importPaths": list_of(string()), "exclusionPatterns": list_of(string())}


def _library(call: Call) -> Library:
    library = call.state.libraries.get(call.path["id"])
    if library is None:
        raise bad_request("Library not found")
    return library


def _check_unique(call: Call, paths: list[str]) -> None:
    if len(set(paths)) != len(paths):
        if call.is_v3:
            issue = {"code": "custom", "path": ["importPaths"], "message": "Array must have unique items"}
            raise Refused(400, "Validation failed", issues=[issue])
        raise Refused(400, ["All importPaths's elements must be unique"])


@ROUTES.add("GET", "/libraries")
def list_libraries(call: Call) -> Response:
    return json_response([library_json(library) for library in call.state.libraries.values()])


@ROUTES.add("POST", "/libraries")
def create_library(call: Call) -> Response:
    body = call.body({"ownerId": uuid(required=True), "name": string(), **_PATHS})
    _check_unique(call, body.get("importPaths", []))
    now = call.now
    patterns = [*DEFAULT_EXCLUSIONS, *(_V3_EXCLUSIONS if call.is_v3 else ())]
    library = Library(
        id=call.state.new_id(),
        owner_id=body["ownerId"],
        name=body.get("name", "New External Library"),
        import_paths=body.get("importPaths", []),
        exclusion_patterns=body.get("exclusionPatterns", patterns),
        created_at=now,
        updated_at=now,
    )
    call.state.libraries[library.id] = library
    return json_response(library_json(library), 201)


@ROUTES.add("GET", "/libraries/{id}")
def get_library(call: Call) -> Response:
    return json_response(library_json(_library(call)))


@ROUTES.add("PUT", "/libraries/{id}", has_patch_twin=True)
def update_library(call: Call) -> Response:
    body = call.body({"name": string(), **_PATHS})
    library = _library(call)
    _check_unique(call, body.get("importPaths", []))
    library.name = body.get("name", library.name)
    library.import_paths = body.get("importPaths", library.import_paths)
    library.exclusion_patterns = body.get("exclusionPatterns", library.exclusion_patterns)
    library.updated_at = call.now
    return json_response(library_json(library))


@ROUTES.add("DELETE", "/libraries/{id}")
def delete_library(call: Call) -> Response:
    """The assets go, their files stay."""
    library = _library(call)
    for asset in _members(call.server, library):
        call.state.remove_asset(asset, delete_files=False)
    del call.state.libraries[library.id]
    return NO_CONTENT


def _members(server: Server, library: Library) -> list[Asset]:
    return [asset for asset in server.state.assets.values() if asset.library_id == library.id]


@ROUTES.add("GET", "/libraries/{id}/statistics")
def library_statistics(call: Call) -> Response:
    """Archived assets count, trashed and offline ones do not."""
    members = [asset for asset in _members(call.server, _library(call)) if asset.deleted_at is None]
    photos = sum(asset.type is AssetType.IMAGE for asset in members)
    videos = sum(asset.type is AssetType.VIDEO for asset in members)
    usage = sum(asset.exif.file_size or 0 for asset in members)
    return json_response({"photos": photos, "videos": videos, "usage": usage, "total": photos + videos})


@ROUTES.add("POST", "/libraries/{id}/validate")
def validate_library(call: Call) -> Response:
    body = call.body(_PATHS)
    _library(call)
    checked = []
    for path in body.get("importPaths", []):
        problem = _path_problem(path)
        entry: dict[str, object] = {"importPath": path, "isValid": problem is None}
        if problem is not None:
            entry["message"] = problem
        checked.append(entry)
    return json_response({"importPaths": checked})


def _path_problem(text: str) -> str | None:
    path = Path(text)
    if not path.is_absolute():
        return f"Import path must be absolute, try {path.absolute()}"
    if not path.exists():
        return "Path does not exist (ENOENT)"
    if not path.is_dir():
        return "Not a directory"
    return None if access(path, R_OK) else "Lacking read permission for folder"


@ROUTES.add("POST", "/libraries/{id}/scan")
def scan(call: Call) -> Response:
    """The body is ignored. A real server scans in the background; the sandbox is done when it answers."""
    scan_library(call.server, _library(call))
    return NO_CONTENT


def scan_library(server: Server, library: Library) -> None:
    """Assets whose file cannot be read become offline and deleted (not trashed), and come back with the same id; new files
    become assets. Assets that were added without a file are left alone."""
    now = server.state.now()
    wanted = {file for root in library.import_paths for file in _files_below(Path(root), library)}
    known = set()
    for asset in _members(server, library):
        if asset.file is None:
            continue
        known.add(asset.file)
        is_there = asset.file in wanted
        if asset.is_offline == is_there:
            asset.is_offline = not is_there
            asset.deleted_at = None if is_there else now
            asset.updated_at = now
    for file in sorted(wanted - known):
        _import(server, library, file)
    library.refreshed_at = now


def _import(server: Server, library: Library, file: Path) -> None:
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    sidecars = [path for path in (file.with_name(file.name + ".xmp"), file.with_suffix(".xmp")) if path.is_file()]
    arrival = Arrival(
        owner_id=library.owner_id,
        file_name=file.name,
        content=file.read_bytes(),
        file_created_at=written,
        file_modified_at=written,
        sidecar=sidecars[0].read_bytes() if sidecars else None,
        library_id=library.id,
        file=file,
    )
    ingest(server, arrival)


def _files_below(root: Path, library: Library) -> Iterator[Path]:
    if not root.is_dir():
        return
    excluded = [_pattern(pattern) for pattern in library.exclusion_patterns]
    for path in root.rglob("*"):
        is_media = asset_type_of(path.name) is not AssetType.OTHER and path.is_file()
        if is_media and not any(pattern.match(str(path)) for pattern in excluded):
            yield path


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """`**` crosses folders, `*` and `?` do not."""
    parts = re.split(r"(\*\*/?|\*|\?)", glob)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts) + r"\Z", re.DOTALL)
