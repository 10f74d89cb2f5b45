"""Filling a sandbox without going through its API: assets, albums, tags, people, stacks, libraries, partners."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from immich_tools.sandbox import create, moments, originals, sidecars
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import (
    Album,
    AlbumRole,
    Asset,
    AssetType,
    Exif,
    Face,
    Library,
    Partner,
    Stack,
    User,
    Visibility,
)
from immich_tools.sandbox.ingest import upload_path
from immich_tools.sandbox.media import asset_type_of, mime_type_of
from immich_tools.sandbox.places import set_place, zone_of
from immich_tools.sandbox.state import State

DEFAULT_EXCLUSIONS: Final = ("**/@eaDir/**", "**/._*", "**/#recycle/**", "**/#snapshot/**")
_DEFAULT_MOMENT: Final = datetime(2024, 5, 1, 6, 0, tzinfo=UTC)


class Filling:
    """The `add_…` methods of a sandbox. They return ids, and every id can be given instead of being drawn."""

    server: Server
    admin: User

    @property
    def _state(self) -> State:
        return self.server.state

    def add_asset(
        self,
        *,
        id: str | None = None,
        owner_id: str | None = None,
        original_file_name: str = "",
        original_path: str | None = None,
        file_created_at: datetime | None = None,
        file_modified_at: datetime | None = None,
        local_date_time: datetime | None = None,
        type: AssetType | str | None = None,
        visibility: Visibility | str = Visibility.TIMELINE,
        is_favorite: bool = False,
        is_trashed: bool = False,
        is_offline: bool = False,
        description: str = "",
        rating: int | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
        exif: Exif | None = None,
        make: str | None = None,
        model: str | None = None,
        width: int | None = None,
        height: int | None = None,
        file_size: int | None = None,
        time_zone: str | None = None,
        date_time_original: datetime | None = None,
        duration_milliseconds: int | None = None,
        duplicate_id: str | None = None,
        live_photo_video_id: str | None = None,
        library_id: str | None = None,
        checksum: bytes | None = None,
        tags: Iterable[str] = (),
        content: bytes | None = None,
        file: Path | None = None,
        sidecar: bytes | None = None,
        edited: bytes | None = None,
        device_asset_id: str | None = None,
        device_id: str = "sandbox",
        thumbhash: str | None = "",
    ) -> str:
        """Add an asset. Returns its id.

        The owner defaults to the administrator, the date taken to `file_created_at`, the name to one made from the number
        of assets. `content` (or `file`) is what downloads and thumbnails are made from; without it they answer 404. `edited` is
        what the editor of Immich 3 made of it.
        A place gives the time zone when none is given. `tags` are full values; an empty `thumbhash` is made up. A hidden
        `live_photo_video_id` is not checked.
        """
        state = self._state
        asset_id = id or state.new_id()
        owner = owner_id or self.admin.id
        name = original_file_name or (PurePosixPath(original_path).name if original_path else "")
        name = name or f"IMG_{len(state.assets):04d}.jpg"
        kind = AssetType(type) if type is not None else asset_type_of(name)
        taken = file_created_at or date_time_original or _DEFAULT_MOMENT
        now = state.now()
        if time_zone is None and latitude is not None and longitude is not None:
            time_zone = zone_of(latitude, longitude)
        details = exif or Exif(
            make=make,
            model=model,
            width=width if width is not None else 320,
            height=height if height is not None else 240,
            file_size=file_size if file_size is not None else len(content) if content is not None else 10_000,
            date_time_original=date_time_original or taken,
            modify_date=file_modified_at or taken,
            time_zone=time_zone,
            description=description,
            rating=rating,
        )
        if exif is None and latitude is not None:
            set_place(details, latitude, longitude)
        path = original_path or upload_path(self.server, owner, name)
        checksum = checksum or self._checksum(asset_id, path, content, library_id)
        if content is not None and file is None:
            content, file = originals.store(self.server, path, content)
            originals.store(self.server, f"{path}.xmp", sidecar)
        elif file is not None and sidecar is not None:
            file.with_name(f"{file.name}.xmp").write_bytes(sidecar)
        asset = Asset(
            id=asset_id,
            owner_id=owner,
            type=kind,
            original_path=path,
            original_file_name=name,
            mime_type=mime_type_of(name),
            checksum=checksum,
            file_created_at=taken,
            file_modified_at=file_modified_at or taken,
            local_date_time=local_date_time or moments.local_time(taken, time_zone),
            created_at=now,
            updated_at=now,
            exif=details,
            device_asset_id=device_asset_id or f"{name}-{details.file_size}",
            device_id="Library Import" if library_id else device_id,
            library_id=library_id,
            is_favorite=is_favorite,
            is_offline=is_offline,
            is_trashed_by_user=is_trashed,
            visibility=Visibility(visibility),
            duration_milliseconds=duration_milliseconds if kind is AssetType.VIDEO else None,
            live_photo_video_id=live_photo_video_id,
            duplicate_id=duplicate_id,
            deleted_at=now if is_trashed or is_offline else None,
            content=content,
            file=file,
            sidecar=sidecar if file is None else None,
            sidecar_path=None if sidecar is None else f"{path}.xmp",
            edited=edited,
            thumbhash=create.thumbhash_of(checksum) if thumbhash == "" else thumbhash,
        )
        state.insert_asset(asset)
        for value in tags:
            state.tag_asset(create.new_tag(state, owner, value), asset_id)
        return asset_id

    @staticmethod
    def _checksum(asset_id: str, path: str, content: bytes | None, library_id: str | None) -> bytes:
        if library_id is not None:
            return create.path_checksum(path)
        return create.sha1(content if content is not None else asset_id.encode())

    def declare(self, asset_id: str) -> None:
        """After a test changed an asset's fields or tags behind the API: let its file and its sidecar say the same, so that no
        job brings back what was there before."""
        sidecars.declare(self.server, self._state.assets[asset_id])

    def add_album(
        self,
        name: str,
        *,
        id: str | None = None,
        owner_id: str | None = None,
        asset_ids: Iterable[str] = (),
        description: str = "",
        users: Mapping[str, AlbumRole | str] | None = None,
        has_shared_link: bool = False,
        order: str = "desc",
        thumbnail_id: str | None = None,
    ) -> str:
        """Add an album; `users` are user ids with their roles (editor or viewer). Returns its id."""
        state = self._state
        now = state.now()
        album = Album(
            id=id or state.new_id(),
            owner_id=owner_id or self.admin.id,
            name=name,
            description=description,
            created_at=now,
            updated_at=now,
            sequence=state.next_album_sequence(),
            user_roles={user_id: AlbumRole(role) for user_id, role in (users or {}).items()},
            has_shared_link=has_shared_link,
            order=order,
        )
        state.albums[album.id] = album
        for asset_id in asset_ids:
            state.add_to_album(album, asset_id)
        if thumbnail_id is not None:
            album.thumbnail_id = thumbnail_id
        return album.id

    def add_tag(
        self, value: str, *, owner_id: str | None = None, asset_ids: Iterable[str] = (), color: str | None = None
    ) -> str:
        """Add a tag by its full value, with the tags above it, or find it. Returns its id."""
        tag = create.new_tag(self._state, owner_id or self.admin.id, value, color=color)
        for asset_id in asset_ids:
            self._state.tag_asset(tag, asset_id)
        return tag.id

    def add_person(
        self,
        name: str,
        *,
        owner_id: str | None = None,
        birth_date: str | None = None,
        is_hidden: bool = False,
        is_favorite: bool = False,
    ) -> str:
        """Add a person; `birth_date` is `YYYY-MM-DD`. Returns its id."""
        person = create.new_person(self._state, owner_id or self.admin.id, name)
        person.birth_date, person.is_hidden, person.is_favorite = birth_date, is_hidden, is_favorite
        if self.server.is_v3:
            person.thumbnail_path = f"{self.server.media_root}/thumbs/{person.owner_id}/{person.id}.jpeg"
        return person.id

    def add_face(
        self,
        asset_id: str,
        person_id: str | None = None,
        *,
        box: tuple[int, int, int, int] = (30, 20, 90, 90),
        source_type: str = "manual",
    ) -> str:
        """Add a face; `box` is left, top, right, bottom in pixels. Returns its id."""
        exif = self._state.assets[asset_id].exif
        size = (exif.width or 320, exif.height or 240)
        face = Face(self._state.new_id(), asset_id, person_id, size[0], size[1], box, source_type)
        self._state.insert_face(face)
        return face.id

    def add_stack(self, asset_ids: Iterable[str]) -> str:
        """Stack assets; the first one is the primary. Returns the stack's id."""
        members = list(asset_ids)
        stack = Stack(self._state.new_id(), self._state.assets[members[0]].owner_id, members[0], members)
        self._state.stacks[stack.id] = stack
        for asset_id in members:
            self._state.assets[asset_id].stack_id = stack.id
        return stack.id

    def add_library(
        self,
        name: str,
        import_paths: Iterable[str] = (),
        *,
        owner_id: str | None = None,
        exclusion_patterns: Iterable[str] = DEFAULT_EXCLUSIONS,
    ) -> str:
        """Add an external library; its assets come from `add_asset(library_id=…)` or a scan. Returns its id."""
        now = self._state.now()
        library = Library(
            self._state.new_id(),
            owner_id or self.admin.id,
            name,
            list(import_paths),
            list(exclusion_patterns),
            now,
            now,
        )
        self._state.libraries[library.id] = library
        return library.id

    def add_partner(self, shared_by: str, shared_with: str, in_timeline: bool = True) -> None:
        """Let one user show its library to another."""
        self._state.partners.append(Partner(shared_by, shared_with, in_timeline))
