"""Keeping the state in a folder, as one JSON file beside the originals."""

import base64
import json
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final

import attrs

from immich_tools.sandbox import entities
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.state import State

STATE_FILE: Final = "sandbox.json"
_SCHEMA: Final = 1
_TABLES: Final = ("users", "keys", "assets", "albums", "tags", "people", "faces", "stacks", "libraries")
_CLASSES: Final[dict[str, type]] = {
    name: kind for name, kind in vars(entities).items() if isinstance(kind, type) and attrs.has(kind)
}
_ENUMS: Final[dict[str, type[Enum]]] = {
    kind.__name__: kind for kind in (entities.AssetType, entities.Visibility, entities.AlbumRole)
}


def is_saved(folder: Path) -> bool:
    """Whether a folder holds a saved sandbox."""
    return (folder / STATE_FILE).is_file()


def write(folder: Path, server: Server, admin_id: str, admin_key: str) -> None:
    """Write the state; the file is replaced as a whole."""
    state = server.state
    document = {
        "schema": _SCHEMA,
        "dialect": server.dialect.value,
        "trash": server.trash,
        "trash_days": server.trash_days,
        "admin_id": admin_id,
        "admin_key": admin_key,
        "random": _encode(state.random.getstate()),
        "partners": _encode(state.partners),
        "paused_queues": sorted(state.paused_queues),
        **{name: _encode(list(getattr(state, name).values())) for name in _TABLES},
    }
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{STATE_FILE}.new"
    temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    temporary.replace(folder / STATE_FILE)


def read(folder: Path) -> dict[str, Any]:
    """Read a saved state as plain values; `fill_state` turns them into tables.

    Raises:
        FileNotFoundError: nothing was saved there.
        ValueError: the file is of another schema.
    """
    document: dict[str, Any] = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
    if document.get("schema") != _SCHEMA:
        raise ValueError(f"{folder / STATE_FILE}: unknown schema {document.get('schema')!r}")
    return document


def fill_state(state: State, document: dict[str, Any]) -> None:
    """Put a saved state into empty tables and build the indexes."""
    state.random.setstate(_decode(document["random"]))
    state.partners = _decode(document["partners"])
    state.paused_queues = set(document["paused_queues"])
    for name in ("users", "people", "stacks", "libraries"):
        getattr(state, name).update({row.id: row for row in _decode(document[name])})
    state.keys.update({key.secret: key for key in _decode(document["keys"])})
    for asset in _decode(document["assets"]):
        state.insert_asset(asset)
    for album in _decode(document["albums"]):
        state.albums[album.id] = album
        state.next_album_sequence()
        for asset_id in album.asset_ids:
            state.albums_of_asset.setdefault(asset_id, set()).add(album.id)
    for tag in _decode(document["tags"]):
        state.tags[tag.id] = tag
        for asset_id in sorted(tag.asset_ids):
            state.tags_of_asset.setdefault(asset_id, {})[tag.id] = None
    for face in _decode(document["faces"]):
        state.insert_face(face)


def _encode(value: Any) -> Any:
    """Turn a value into JSON; what JSON does not know becomes `{"$": kind, "v": …}`."""
    if isinstance(value, Enum):
        return {"$": type(value).__name__, "v": value.value}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return {"$": "datetime", "v": value.isoformat()}
    if isinstance(value, bytes):
        return {"$": "bytes", "v": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Path):
        return {"$": "Path", "v": str(value)}
    if isinstance(value, set):
        return {"$": "set", "v": sorted(value)}
    if isinstance(value, tuple):
        return {"$": "tuple", "v": [_encode(item) for item in value]}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    if isinstance(value, dict):
        return {"$": "dict", "v": {key: _encode(item) for key, item in value.items()}}
    fields = {field.name: _encode(getattr(value, field.name)) for field in attrs.fields(type(value))}
    return {"$": type(value).__name__, "v": fields}


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind, inner = value["$"], value["v"]
    if kind in _ENUMS:
        return _ENUMS[kind](inner)
    match kind:
        case "datetime":
            return datetime.fromisoformat(inner)
        case "bytes":
            return base64.b64decode(inner)
        case "Path":
            return Path(inner)
        case "set":
            return set(inner)
        case "tuple":
            return tuple(_decode(item) for item in inner)
        case "dict":
            return {key: _decode(item) for key, item in inner.items()}
        case _:
            return _CLASSES[kind](**{name: _decode(item) for name, item in inner.items()})
