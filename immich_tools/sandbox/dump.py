"""The whole state as users see it, in a form that can be compared: before, after, and after an undo."""

from collections.abc import Iterable
from typing import Any

from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Album, Asset, Face
from immich_tools.sandbox.moments import microseconds
from immich_tools.sandbox.present import exif_json

Json = dict[str, Any]


def dump_state(server: Server) -> Json:
    """Users, assets, albums, tags, stacks, people, libraries and partners by id or name, sorted; no time of a change. The
    cover of an album is the one that the next reader sees."""
    state = server.state
    return {
        "users": {user.id: {"name": user.name, "email": user.email} for user in _by_id(state.users)},
        "assets": {asset.id: _asset(server, asset) for asset in _by_id(state.assets)},
        "albums": {album.id: _album(server, album) for album in _by_id(state.albums)},
        "tags": {
            f"{tag.owner_id}:{tag.value}": {"color": tag.color, "assets": sorted(tag.asset_ids)}
            for tag in sorted(state.tags.values(), key=lambda tag: (tag.owner_id, tag.value))
        },
        "stacks": {
            stack.id: {"primary": stack.primary_asset_id, "assets": sorted(stack.asset_ids)}
            for stack in _by_id(state.stacks)
        },
        "people": {
            person.id: {
                "owner": person.owner_id,
                "name": person.name,
                "birthDate": person.birth_date,
                "isHidden": person.is_hidden,
                "isFavorite": person.is_favorite,
            }
            for person in _by_id(state.people)
        },
        "libraries": {
            library.id: {
                "name": library.name,
                "owner": library.owner_id,
                "importPaths": library.import_paths,
                "exclusionPatterns": library.exclusion_patterns,
            }
            for library in _by_id(state.libraries)
        },
        "partners": sorted([p.shared_by, p.shared_with, p.in_timeline] for p in state.partners),
    }


def _by_id(rows: dict[str, Any]) -> Iterable[Any]:
    return (rows[row_id] for row_id in sorted(rows))


def _asset(server: Server, asset: Asset) -> Json:
    faces = [server.state.faces[face_id] for face_id in server.state.faces_of_asset.get(asset.id, [])]
    return {
        "owner": asset.owner_id,
        "library": asset.library_id,
        "type": asset.type.value,
        "originalPath": asset.original_path,
        "originalFileName": asset.original_file_name,
        "checksum": asset.checksum.hex(),
        "fileCreatedAt": microseconds(asset.file_created_at),
        "fileModifiedAt": microseconds(asset.file_modified_at),
        "localDateTime": microseconds(asset.local_date_time),
        "isFavorite": asset.is_favorite,
        "isOffline": asset.is_offline,
        "isTrashed": asset.deleted_at is not None,
        "visibility": asset.visibility.value,
        "duration": asset.duration_milliseconds,
        "livePhotoVideoId": asset.live_photo_video_id,
        "duplicateId": asset.duplicate_id,
        "stackId": asset.stack_id,
        # Immich 2 shows a rating of 0 as unrated, and that is the only way to take a rating away there.
        "exif": {**exif_json(asset.exif), "rating": asset.exif.rating or None},
        "faces": sorted((_face(face) for face in faces), key=lambda entry: str(entry["id"])),
    }


def _face(face: Face) -> Json:
    return {"id": face.id, "person": face.person_id, "box": list(face.box), "source": face.source_type}


def _album(server: Server, album: Album) -> Json:
    return {
        "owner": album.owner_id,
        "name": album.name,
        "description": album.description,
        "assets": sorted(album.asset_ids),
        "users": {user_id: role.value for user_id, role in sorted(album.user_roles.items())},
        "hasSharedLink": album.has_shared_link,
        "isActivityEnabled": album.is_activity_enabled,
        "order": album.order,
        "thumbnail": server.state.cover_of(album),
    }
