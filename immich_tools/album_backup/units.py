"""What belongs together and is copied together, with the path of each of its files. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha1
from typing import Final

from attrs import evolve, frozen

from immich_tools.album_backup.facts import (
    DOWNLOADED,
    LARGEST_SIDECAR,
    BackupFacts,
    ChosenAlbum,
    Source,
    Upload,
)
from immich_tools.album_backup.layout import Part, Role, arrange
from immich_tools.album_backup.layout import Unit as Wish
from immich_tools.album_backup.names import split_extension
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.shown import hiding_pattern
from immich_tools.album_backup.sidecar import Known, compose
from immich_tools.disk.content import Content
from immich_tools.errors import FileFailed
from immich_tools.i18n import _
from immich_tools.immich.models import Asset, AssetType, Visibility

NOT_OURS, UNFIT, UNREAD, UNREADABLE, IN_THE_WAY = "others", "unfit", "not-read-yet", "unreadable", "in-the-way"
HIDDEN = "hidden"
SHOWN: Final = (Role.ORIGINAL, Role.MOTION, Role.EDITED)
"""The files that become assets."""


@frozen
class File:
    """A file of a unit.

    :ivar role: which part it is.
    :ivar asset_id: whose file it is on the server.
    :ivar relative: its path below the destination.
    :ivar content: what it must hold; None where that is not known beforehand.
    :ivar size: bytes; None where that is not known beforehand.
    :ivar text: what is to be written, of a sidecar.
    :ivar is_there: whether it lies at its place already.
    """

    role: Role
    asset_id: str
    relative: str = ""
    source: Source = DOWNLOADED
    content: Content | None = None
    size: int | None = None
    text: str | None = None
    is_there: bool = False


@frozen
class BackupUnit:
    """An upload with the files that it is copied to.

    :ivar album: the one whose folder it goes to: the first of those it is in.
    :ivar refusal: why it is skipped, as a fixed word and for a person; None when it is not.
    :ivar remark: what a person should know of it all the same; empty for nothing.
    """

    upload: Upload
    album: ChosenAlbum
    files: tuple[File, ...] = ()
    refusal: tuple[str, str] | None = None
    remark: str = ""

    @property
    def id(self) -> str:
        """The upload's id."""
        return self.upload.asset.id

    @property
    def owner_id(self) -> str:
        """Whose upload it is."""
        return self.upload.asset.owner_id

    @property
    def is_complete(self) -> bool:
        """Whether all its files lie at their places."""
        return self.refusal is None and all(file.is_there for file in self.files)

    def file(self, role: Role) -> File | None:
        """The file of a role, if it has one."""
        return next((file for file in self.files if file.role is role), None)

    @property
    def shown(self) -> tuple[str, ...]:
        """The paths, below the destination, of those files that a person sees in Immich: not of the motion video, which it shows with its
        still."""
        return tuple(file.relative for file in self.files if file.role in (Role.ORIGINAL, Role.EDITED))

    @property
    def awaited(self) -> tuple[str, ...]:
        """The same with the motion video: Immich must have read both halves of a live photo before they can be kept together."""
        return tuple(file.relative for file in self.files if file.role in SHOWN)

    @property
    def relative(self) -> str:
        """The path of its original below the destination."""
        original = self.file(Role.ORIGINAL)
        return "" if original is None else original.relative


def content_of(asset: Asset) -> Content | None:
    """What an upload's file holds, as far as the server has told."""
    size = None if asset.exif is None else asset.exif.file_size
    return None if asset.library_id is not None else Content.of_upload(size, asset.checksum)


def is_embedded(motion: Asset) -> bool:
    """Whether a motion video was taken out of its still, as of Android's motion photos: copying the still copies it.

    Immich keeps those among what it makes itself (2.3.1 and 3.1.0).
    """
    return "encoded-video" in motion.original_path.split("/")


def wanted_units(facts: BackupFacts, options: AlbumBackupOptions) -> list[BackupUnit]:
    """The units of all albums with their files, which have no paths yet; one upload in several albums goes to the first of them."""
    units: dict[str, BackupUnit] = {}
    for chosen in facts.albums:
        for asset_id in chosen.member_ids:
            upload = facts.uploads.get(asset_id)
            if upload is not None and asset_id not in units:
                unit = BackupUnit(upload, chosen)
                refusal = _refusal(upload, facts)
                units[asset_id] = evolve(unit, refusal=refusal) if refusal else _with_files(unit, options)
    return list(units.values())


def _refusal(upload: Upload, facts: BackupFacts) -> tuple[str, str] | None:
    asset = upload.asset
    if asset.type is AssetType.OTHER or asset.visibility in (Visibility.LOCKED, Visibility.UNKNOWN):
        return UNFIT, _("is locked, or of a kind this version does not know")
    if asset.is_trashed:
        return UNFIT, _("is in the trash")
    if asset.owner_id not in facts.user_ids:
        return NOT_OURS, _("belongs to {name}, whose key is not known").format(
            name=facts.names.get(asset.owner_id, asset.owner_id)
        )
    if content_of(asset) is None:
        return UNREAD, _("the server has not read the file yet; try again later")
    if asset.live_photo_video_id is not None and (upload.motion is None or content_of(upload.motion) is None):
        if upload.is_crossed:
            return UNREAD, _("it points to the motion video of another copy, and its own one was not found")
        return UNREAD, _("its motion video cannot be seen")
    return None


def _with_files(unit: BackupUnit, options: AlbumBackupOptions) -> BackupUnit:
    upload = unit.upload
    known = Known.of(upload.asset, upload.faces)
    broken = ""
    try:
        text = compose(known, upload.sidecar or None).decode()
    except FileFailed as failure:
        text, broken = compose(known).decode(), str(failure)
    content = content_of(upload.asset)
    files = [
        File(Role.ORIGINAL, upload.asset.id, source=upload.source, content=content),
        File(Role.SIDECAR, upload.asset.id, text=text, content=_content_of(text.encode())),
    ]
    if upload.motion is not None and not is_embedded(upload.motion):
        files.append(
            File(Role.MOTION, upload.motion.id, source=upload.motion_source, content=content_of(upload.motion))
        )
    if broken:
        kept = _broken_sidecar(upload)
        if kept is None:
            return evolve(unit, refusal=(UNREADABLE, broken))
        files.append(kept)
    if options.edited and upload.edition is not None:
        files.append(File(Role.EDITED, upload.asset.id, size=upload.edition.size))
    return evolve(unit, files=tuple(files), remark=_sidecar_remark(upload, broken))


def _broken_sidecar(upload: Upload) -> File | None:
    """The sidecar that cannot be read, byte for byte; None where it cannot be kept. Of a very large one nobody has read all."""
    assert upload.sidecar is not None, "it was found to be broken"
    is_whole = len(upload.sidecar) <= LARGEST_SIDECAR
    content = _content_of(upload.sidecar) if is_whole else None
    if not upload.sidecar_path:
        # A plan holds texts, not bytes.
        try:
            text = upload.sidecar.decode()
        except UnicodeDecodeError:
            return None
        return File(Role.BROKEN, upload.asset.id, text=text, content=content) if is_whole else None
    return File(Role.BROKEN, upload.asset.id, source=Source(upload.sidecar_path), content=content)


def _sidecar_remark(upload: Upload, broken: str) -> str:
    path = upload.sidecar_path or f"{upload.asset.original_path}.xmp"
    if upload.sidecar == b"":
        return _("The sidecar {path} is empty; the copy gets a new one.").format(path=path)
    if broken:
        return _("{path}: {reason} The copy gets a new sidecar; this one is kept beside it as {name}.").format(
            path=path, reason=broken, name="*.xmp.broken"
        )
    return ""


def _content_of(held: bytes) -> Content:
    return Content(len(held), sha1(held, usedforsecurity=False).hexdigest())


def folders_of(units: Iterable[BackupUnit], facts: BackupFacts, options: AlbumBackupOptions) -> frozenset[str]:
    """The folders below the destination that the units' files go to."""
    layout = options.folders()
    return frozenset(layout.folder(_wish(unit, facts)) for unit in units)


def sizes_of(units: Iterable[BackupUnit]) -> frozenset[int]:
    """Sizes that files of the units have: a file of another size is none of them."""
    return frozenset(
        size
        for unit in units
        for file in unit.files
        if (size := file.size if file.content is None else file.content.size) is not None
    )


def arranged(units: Iterable[BackupUnit], facts: BackupFacts, options: AlbumBackupOptions) -> list[BackupUnit]:
    """The same units with a path for each file, and whether it is there already.

    What a killed run has left of a unit is used, and where others' files are the unit gets a number; see `layout.arrange`.
    """
    units = list(units)
    wishes = [_wish(unit, facts) for unit in units]
    occupied = _not_of_units(units, facts.present)
    by_id = {unit.id: unit for unit in units}
    while True:
        paths = arrange(wishes, options.folders(), occupied)
        found = {name: _placed(unit, paths[name], facts.present) for name, unit in by_id.items()}
        # A part that a killed run left may belong to another unit of the same name: then its path is not free after all.
        taken = {
            file.relative
            for unit in found.values()
            if not _has_original(unit)
            for file in unit.files
            if not file.is_there and file.relative in facts.present and file.relative not in occupied
        }
        if not taken:
            return [_judged(found[unit.id], facts, options) for unit in units]
        occupied |= {path: facts.present[path] for path in taken}


def _not_of_units(units: Iterable[BackupUnit], present: Mapping[str, Content | None]) -> dict[str, Content | None]:
    """What lies there and is no motion video and no sidecar of one of the units."""
    roles = (Role.MOTION, Role.SIDECAR, Role.BROKEN)
    parts = {file.content for unit in units for file in unit.files if file.role in roles} - {None}
    originals = {file.content for unit in units for file in unit.files if file.role is Role.ORIGINAL}
    return {path: content for path, content in present.items() if content not in parts or content in originals}


def _placed(unit: BackupUnit, paths: Mapping[Role, str], present: Mapping[str, Content | None]) -> BackupUnit:
    files = tuple(evolve(file, relative=paths[file.role]) for file in unit.files)
    has_original = any(
        file.role is Role.ORIGINAL and file.content is not None and present.get(file.relative) == file.content
        for file in files
    )
    return evolve(
        unit, files=tuple(evolve(file, is_there=_is_there(file, present, has_original=has_original)) for file in files)
    )


def _is_there(file: File, present: Mapping[str, Content | None], *, has_original: bool) -> bool:
    if file.relative not in present:
        return False
    found = present[file.relative]
    if file.role is Role.SIDECAR:
        # Once the photo is there, Immich may have written to its sidecar; what that lacks goes over in the last stage.
        return has_original or found == file.content
    if file.role is Role.EDITED:
        return has_original and found is not None and file.size in (None, found.size)
    if file.role is Role.BROKEN and file.content is None:
        return has_original
    return found is not None and found == file.content


def _has_original(unit: BackupUnit) -> bool:
    return any(file.role is Role.ORIGINAL and file.is_there for file in unit.files)


def _judged(unit: BackupUnit, facts: BackupFacts, options: AlbumBackupOptions) -> BackupUnit:
    """The unit, refused when Immich would not show a copy, something else lies where one is to go, or one cannot be read."""
    hidden = _why_hidden(unit, facts, options)
    if hidden:
        return evolve(unit, refusal=(HIDDEN, hidden))
    for file in unit.files:
        if not file.is_there and file.relative in facts.present:
            return evolve(unit, refusal=(IN_THE_WAY, _("something else lies at {path}").format(path=file.relative)))
        if not file.is_there and file.source.problem:
            return evolve(unit, refusal=(UNREADABLE, file.source.problem))
    return unit


def _why_hidden(unit: BackupUnit, facts: BackupFacts, options: AlbumBackupOptions) -> str:
    """Why Immich would not show one of the copies; empty when it would, as far as anybody knows."""
    for file in unit.files:
        if facts.library is None or file.role not in SHOWN:
            continue
        pattern = hiding_pattern(facts.library, f"{options.target()}/{file.relative}")
        if pattern is not None:
            return _("library '{library}' leaves out {path} by its exclusion pattern {pattern}").format(
                library=facts.library.name, path=file.relative, pattern=pattern
            )
    return ""


def _wish(unit: BackupUnit, facts: BackupFacts) -> Wish:
    upload, asset = unit.upload, unit.upload.asset
    exif = asset.exif
    extensions = {Role.EDITED: "" if upload.edition is None else upload.edition.extension, Role.MOTION: ""}
    if upload.motion is not None:
        name = upload.motion.original_path.rpartition("/")[2]
        extensions[Role.MOTION] = split_extension(upload.motion.original_file_name)[1] or split_extension(name)[1]
    return Wish(
        id=asset.id,
        name=asset.original_file_name,
        album=unit.album.album.name,
        album_start=unit.album.start,
        taken=None if asset.local_date_time is None else asset.local_date_time.replace(tzinfo=None),
        owner=facts.names.get(asset.owner_id, ""),
        camera="" if exif is None else " ".join(filter(None, (exif.make, exif.model))),
        content=content_of(asset),
        others=tuple(
            Part(file.role, extensions.get(file.role, ""), file.content)
            for file in unit.files
            if file.role is not Role.ORIGINAL
        ),
    )
