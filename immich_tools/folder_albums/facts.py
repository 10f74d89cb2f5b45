"""What the planner of the folder albums tool decides on: a snapshot of the server and of ``.albumprops`` files, as values."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from immich_tools.folder_albums.properties import AlbumProperties
from immich_tools.folder_albums.scheme import Scheme
from immich_tools.immich.models import Album, AlbumRole, Asset, Broken, Tag, User, Version
from immich_tools.paths import normal_path


@frozen
class MadeAlbum:
    """An album that an earlier run of this tool made, as its journal tells.

    :ivar label: what the plan called it by (see `arrange.Wanted`).
    :ivar name: what it was called then.
    :ivar asset_ids: what runs with the same scheme put into it.
    :ivar scheme: how the run that made it called albums, and below which roots; see `scheme.Scheme`.
    :ivar files: the same files as `trace` describes them: a file that is moved in an external library is another asset afterwards.
    :ivar folders: paths of the folders these lay in.
    :ivar thumbnail_asset_id: the picture that runs chose to stand for it last; None where the server chose.
    """

    label: str
    name: str
    asset_ids: frozenset[str] = frozenset()
    scheme: Scheme = field(factory=Scheme)
    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    thumbnail_asset_id: str | None = None


@frozen
class ShownFolder:
    """A folder with files that are on the disk.

    :ivar path: as the server sees it, in normal form.
    :ivar library_id: of these files; None for uploads.
    :ivar count: how many files of that library lie directly in it.
    """

    path: str
    library_id: str | None
    count: int = 1


def trace(name: str, taken: str) -> str:
    """What a file is known by after it was moved: its name, and the second at which it was taken.

    :param taken: as `Asset.time_taken` tells it.
    """
    return f"{taken} {normal_path(name)}"


@frozen(repr=False)
class FolderFacts:
    """The user's files and albums, and what folders say of these.

    :ivar user_id: whose key this is; assets of anybody else are never touched.
    :ivar population: assets the user owns outside the trash.
    :ivar assets: those outside the trash in the timeline, and in the archive if asked for.
    :ivar loose: ids of those that are in no album; None when all of `assets` count, in an album or not.
    :ivar albums: every album the user sees.
    :ivar members: album id → ids of what is in it, for the albums whose contents matter.
    :ivar pictures: further assets, which are only known as members of albums, by id.
    :ivar users: everybody the server tells of; empty where nothing is shared.
    :ivar tags: every tag; empty where nothing is tagged.
    :ivar tagged: tag id → which assets carry it themselves.
    :ivar made: album id → what is known of it, for albums that earlier runs made.
    :ivar properties, broken: folder → what its file says, or what is wrong with that file.
    :ivar elsewhere: paths of files that are no asset of `assets`, to find out what is wrong with a root.
    :ivar import_paths: folders that the user's external libraries read, for the same end and to prove that disks are there; empty where
        the key may not see them.
    :ivar dormant: id of an album that shows nothing → its files in the trash, where files missing on the disk are, too.
    :ivar shown: folders with files on the disk; read only when albums of missing files may be deleted.
    :ivar absent: root → how many files below it are missing on the disk; read only where that matters.
    :ivar selects: whether the path filters let any file below the roots through; None where there are none.
    :ivar empty_libraries: ids of chosen libraries that hold no file of the user.
    :ivar read_only_libraries: ids of external libraries that an earlier run found to lose tags.
    :ivar unlisted: what the server failed to list, where such assets are skipped.
    :ivar warnings: what the reader of the plan should know of reading.
    """

    user_id: str
    server_version: Version
    population: int
    assets: tuple[Asset, ...] = ()
    loose: frozenset[str] | None = None
    albums: tuple[Album, ...] = ()
    members: Mapping[str, frozenset[str]] = field(factory=dict)
    pictures: Mapping[str, Asset] = field(factory=dict)
    users: tuple[User, ...] = ()
    tags: tuple[Tag, ...] = ()
    tagged: Mapping[str, frozenset[str]] = field(factory=dict)
    made: Mapping[str, MadeAlbum] = field(factory=dict)
    properties: Mapping[str, AlbumProperties] = field(factory=dict)
    broken: Mapping[str, str] = field(factory=dict)
    elsewhere: tuple[str, ...] = ()
    import_paths: tuple[str, ...] = ()
    dormant: Mapping[str, tuple[Asset, ...]] = field(factory=dict)
    shown: tuple[ShownFolder, ...] = ()
    absent: Mapping[str, int] = field(factory=dict)
    selects: bool | None = None
    empty_libraries: tuple[str, ...] = ()
    read_only_libraries: frozenset[str] = frozenset()
    unlisted: tuple[Broken, ...] = ()
    warnings: tuple[str, ...] = ()
    arrangements: list[tuple[object, ...]] = field(factory=list, eq=False)
    """Where files belong, as it was found out while these facts were gathered, so that nobody does that twice; see `plan.arranged`."""

    def __repr__(self) -> str:
        return (
            f"FolderFacts({len(self.assets)} assets, {len(self.albums)} albums, Immich {self.server_version}, "
            f"{self.population} assets in all)"
        )

    def own_albums(self) -> tuple[Album, ...]:
        """The user's own albums, by id."""
        own = (album for album in self.albums if album.role is AlbumRole.OWNER and album.owner_id == self.user_id)
        return tuple(sorted(own, key=lambda album: album.id))
