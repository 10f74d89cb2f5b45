"""The JSON of users, assets, albums, tags, people, faces, stacks and libraries, as each version writes it."""

import base64
from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import (
    Asset,
    AssetType,
    Exif,
    Face,
    Library,
    Person,
    Stack,
    Tag,
    User,
    Visibility,
)
from immich_tools.sandbox.moments import microseconds, milliseconds
from immich_tools.sandbox.refusals import internal_error

Json = dict[str, object]


@frozen
class AssetView:
    """Which parts of an asset an answer carries, and in which form its times are written.

    `nested` is the form of assets that the database nests in another answer: times with microseconds and offset."""

    exif: bool = False
    people: bool = False
    owner: bool = False
    tags: bool = False
    stack: bool = False
    nested: bool = False


PLAIN = AssetView()
NESTED = AssetView(exif=True, nested=True)
SINGLE = AssetView(exif=True, people=True, owner=True, tags=True, stack=True)
UPDATED = AssetView(exif=True, people=True)


def asset_json(server: Server, asset: Asset, view: AssetView) -> Json:
    """One asset. Immich 3.1.0 has no deviceAssetId, deviceId and unassignedFaces; it adds width, height and isEdited, and
    its durations are milliseconds."""
    if asset.id in server.broken_assets:
        raise internal_error()
    is_v3, state = server.is_v3, server.state
    time: Callable[[datetime], str] = microseconds if view.nested else milliseconds
    result: Json = {"id": asset.id, "createdAt": time(asset.created_at)}
    if not is_v3:
        result["deviceAssetId"] = asset.device_asset_id
    result["ownerId"] = asset.owner_id
    if view.owner:
        result["owner"] = user_json(state.users[asset.owner_id], nested=True)
    if not is_v3:
        result["deviceId"] = asset.device_id
    result["libraryId"] = asset.library_id
    result["type"] = asset.type.value
    result["originalPath"] = asset.original_path
    result["originalFileName"] = asset.original_file_name
    result["originalMimeType"] = asset.mime_type
    result["thumbhash"] = asset.thumbhash
    result["fileCreatedAt"] = time(asset.file_created_at)
    result["fileModifiedAt"] = time(asset.file_modified_at)
    result["localDateTime"] = time(asset.local_date_time)
    result["updatedAt"] = time(asset.updated_at)
    result["isFavorite"] = asset.is_favorite
    result["isArchived"] = asset.visibility is Visibility.ARCHIVE
    result["isTrashed"] = asset.deleted_at is not None
    result["visibility"] = asset.visibility.value
    result["duration"] = asset.duration_milliseconds if is_v3 else _duration_text(asset)
    if view.exif and asset.is_extracted:
        result["exifInfo"] = exif_json(asset.exif)
    result["livePhotoVideoId"] = asset.live_photo_video_id
    if view.tags:
        tag_ids = state.tags_of_asset.get(asset.id, {})
        result["tags"] = [tag_json(state.tags[tag_id], nested=True) for tag_id in tag_ids]
    result["people"] = _people_of(server, asset) if view.people else []
    if view.people and not is_v3:
        faces = [state.faces[face_id] for face_id in state.faces_of_asset.get(asset.id, [])]
        result["unassignedFaces"] = [face_json(face) for face in faces if face.person_id is None]
    result["checksum"] = base64.b64encode(asset.checksum).decode("ascii")
    if view.stack:
        stack = state.stacks.get(asset.stack_id or "")
        result["stack"] = _stack_summary(server, stack) if stack else None
    result["isOffline"] = asset.is_offline
    result["hasMetadata"] = asset.has_metadata
    result["duplicateId"] = asset.duplicate_id
    result["resized"] = asset.has_thumbnail
    if is_v3:
        result["width"] = asset.exif.width
        result["height"] = asset.exif.height
        result["isEdited"] = bool(asset.edits) or asset.edited is not None
    return result


def _duration_text(asset: Asset) -> str:
    if asset.duration_milliseconds is None or asset.type is AssetType.IMAGE:
        return "0:00:00.00000"
    seconds, milliseconds_left = divmod(asset.duration_milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds_left:03d}"


def exif_json(exif: Exif) -> Json:
    """The metadata block, the same in both versions."""
    return {
        "make": exif.make,
        "model": exif.model,
        "exifImageWidth": exif.width,
        "exifImageHeight": exif.height,
        "fileSizeInByte": exif.file_size,
        "orientation": exif.orientation,
        "dateTimeOriginal": microseconds(exif.date_time_original) if exif.date_time_original else None,
        "modifyDate": microseconds(exif.modify_date) if exif.modify_date else None,
        "timeZone": exif.time_zone,
        "lensModel": exif.lens_model,
        "fNumber": exif.f_number,
        "focalLength": exif.focal_length,
        "iso": exif.iso,
        "exposureTime": exif.exposure_time,
        "latitude": exif.latitude,
        "longitude": exif.longitude,
        "city": exif.city,
        "state": exif.state,
        "country": exif.country,
        "description": exif.description,
        "projectionType": exif.projection_type,
        "rating": exif.rating,
    }


def _people_of(server: Server, asset: Asset) -> list[Json]:
    state = server.state
    faces_of_person: dict[str, list[Face]] = {}
    for face_id in state.faces_of_asset.get(asset.id, []):
        face = state.faces[face_id]
        if face.person_id is not None:
            faces_of_person.setdefault(face.person_id, []).append(face)
    result = []
    for person_id, faces in faces_of_person.items():
        person = person_json(state.people[person_id], nested=True)
        if not server.is_v3:
            person["faces"] = [face_json(face) for face in faces]
        result.append(person)
    return result


def person_json(person: Person, *, nested: bool = False) -> Json:
    """One person; `color` is absent when unset."""
    result: Json = {
        "id": person.id,
        "name": person.name,
        "birthDate": person.birth_date,
        "thumbnailPath": person.thumbnail_path,
        "isHidden": person.is_hidden,
        "isFavorite": person.is_favorite,
        "updatedAt": microseconds(person.updated_at) if nested else milliseconds(person.updated_at),
    }
    if person.color is not None:
        result["color"] = person.color
    return result


def face_json(face: Face) -> Json:
    """One face without its person."""
    left, top, right, bottom = face.box
    return {
        "id": face.id,
        "imageHeight": face.image_height,
        "imageWidth": face.image_width,
        "boundingBoxX1": left,
        "boundingBoxX2": right,
        "boundingBoxY1": top,
        "boundingBoxY2": bottom,
        "sourceType": face.source_type,
    }


def user_json(user: User, *, nested: bool = False) -> Json:
    """What other users see of a user."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "profileImagePath": "",
        "avatarColor": user.avatar_color,
        "profileChangedAt": microseconds(user.created_at) if nested else milliseconds(user.created_at),
    }


def tag_json(tag: Tag, *, nested: bool = False) -> Json:
    """One tag; `parentId` and `color` are absent when unset (both versions)."""
    time = microseconds if nested else milliseconds
    result: Json = {"id": tag.id}
    if tag.parent_id is not None:
        result["parentId"] = tag.parent_id
    result["name"] = tag.value.rsplit("/", 1)[-1]
    result["value"] = tag.value
    result["createdAt"] = time(tag.created_at)
    result["updatedAt"] = time(tag.updated_at)
    if tag.color is not None:
        result["color"] = tag.color
    return result


def _stack_summary(server: Server, stack: Stack) -> Json | None:
    """None when no member beside the primary is left outside the trash (both versions)."""
    shown = [asset.id for asset in server.state.existing(stack.asset_ids) if asset.deleted_at is None]
    if not any(asset_id != stack.primary_asset_id for asset_id in shown):
        return None
    return {"id": stack.id, "primaryAssetId": stack.primary_asset_id, "assetCount": len(shown)}


def stack_json(server: Server, stack: Stack) -> Json:
    """A stack with its assets, the primary one first."""
    others = [asset_id for asset_id in stack.asset_ids if asset_id != stack.primary_asset_id]
    assets = server.state.existing([stack.primary_asset_id, *others])
    return {
        "id": stack.id,
        "primaryAssetId": stack.primary_asset_id,
        "assets": [asset_json(server, asset, NESTED) for asset in assets if asset.deleted_at is None],
    }


def library_json(library: Library) -> Json:
    """One external library; `assetCount` is always 0 here (both versions)."""
    return {
        "id": library.id,
        "ownerId": library.owner_id,
        "name": library.name,
        "createdAt": milliseconds(library.created_at),
        "updatedAt": milliseconds(library.updated_at),
        "refreshedAt": milliseconds(library.refreshed_at) if library.refreshed_at else None,
        "assetCount": 0,
        "importPaths": list(library.import_paths),
        "exclusionPatterns": list(library.exclusion_patterns),
    }
