"""/libraries: external libraries."""

from os import R_OK, access
from pathlib import PurePosixPath

from immich_tools.sandbox.context import Call, Server
from immich_tools.sandbox.entities import AssetType, Library, Visibility
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.fill import DEFAULT_EXCLUSIONS
from immich_tools.sandbox.present import library_json
from immich_tools.sandbox.refusals import Refused, bad_request
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.scan import members, queue_scan
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
    for asset in members(call.server, library):
        call.state.remove_asset(asset, delete_files=False)
    del call.state.libraries[library.id]
    return NO_CONTENT


@ROUTES.add("GET", "/libraries/{id}/statistics")
def library_statistics(call: Call) -> Response:
    """Archived, trashed and offline assets count, the videos of live photos only by their size (both versions)."""
    everything = members(call.server, _library(call))
    shown = [asset for asset in everything if asset.visibility is not Visibility.HIDDEN]
    photos = sum(asset.type is AssetType.IMAGE for asset in shown)
    videos = sum(asset.type is AssetType.VIDEO for asset in shown)
    usage = sum(asset.exif.file_size or 0 for asset in everything)
    return json_response({"photos": photos, "videos": videos, "usage": usage, "total": photos + videos})


@ROUTES.add("POST", "/libraries/{id}/validate")
def validate_library(call: Call) -> Response:
    body = call.body(_PATHS)
    _library(call)
    checked = []
    for path in body.get("importPaths", []):
        problem = _path_problem(call.server, path)
        entry: dict[str, object] = {"importPath": path, "isValid": problem is None}
        if problem is not None:
            entry["message"] = problem
        checked.append(entry)
    return json_response({"importPaths": checked})


def _path_problem(server: Server, text: str) -> str | None:
    if not PurePosixPath(text).is_absolute():
        return f"Import path must be absolute, try {PurePosixPath('/') / text}"
    path = server.real_path(text)
    if not path.exists():
        return "Path does not exist (ENOENT)"
    if not path.is_dir():
        return "Not a directory"
    return None if access(path, R_OK) else "Lacking read permission for folder"


@ROUTES.add("POST", "/libraries/{id}/scan")
def scan(call: Call) -> Response:
    """The body is ignored. The answer comes before the work, see `jobs`."""
    queue_scan(call.server, _library(call))
    return NO_CONTENT
