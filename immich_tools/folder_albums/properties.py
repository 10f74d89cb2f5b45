"""What a folder says about its album, and what it takes over from the folders above it.

The rules are those that immich-folder-album-creator documents for its ``.albumprops`` files:

- The file of the nearest folder counts, the file's own folder first, up to the root.
- With ``inherit: true`` it takes over what it does not say itself from the file above it, which may do the same; without, it ends there.
- ``inherit_properties`` names what it takes over from above. Users of ``share_with`` always come along: its second example inherits them
  without naming the property. Only role ``none`` keeps a user out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, TypeAlias

from attrs import define, evolve, field, frozen

from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.folder_albums.roots import Folder
from immich_tools.folder_albums.sharing import Share, inherited_shares
from immich_tools.i18n import _
from immich_tools.immich.models import Visibility
from immich_tools.paths import normal_path


class Property(Enum):
    """What can be inherited, by its name in the file."""

    OVERRIDE_NAME = "override_name"
    DESCRIPTION = "description"
    SHARE_WITH = "share_with"
    THUMBNAIL_SETTING = "thumbnail_setting"
    SORT_ORDER = "sort_order"
    VISIBILITY = "visibility"
    COMMENTS_AND_LIKES_ENABLED = "comments_and_likes_enabled"


class ThumbnailChoice(Enum):
    """Which picture stands for an album. RANDOM_ALL is for all albums at once, so it is an option and never a property of a folder."""

    FIRST = "first"
    LAST = "last"
    RANDOM = "random"
    RANDOM_FILTERED = "random-filtered"
    RANDOM_ALL = "random-all"


class SortOrder(Enum):
    """In which order an album shows its pictures: the oldest first, or the newest."""

    ASCENDING = "asc"
    DESCENDING = "desc"


ThumbnailSetting: TypeAlias = ThumbnailChoice | str
"""A choice, or the path of a file as the server sees it."""


@frozen(kw_only=True)
class AlbumProperties:
    """What one file says, or what holds for a folder after inheriting. None is what was not said; False and empty are said.

    :ivar override_name: the album's name instead of that made of folders; used as it is.
    :ivar share_with: holds users with role none as well.
    :ivar thumbnail_setting: a choice, or the path of a file as the server sees it.
    :ivar visibility: where the folder's files show once they are in the album.
    :ivar inherit: take over from above what is not said here.
    :ivar inherit_properties: what to take over; None for everything.
    """

    override_name: str | None = None
    description: str | None = None
    share_with: tuple[Share, ...] | None = None
    thumbnail_setting: ThumbnailSetting | None = None
    sort_order: SortOrder | None = None
    visibility: Visibility | None = None
    comments_and_likes_enabled: bool | None = None
    inherit: bool = False
    inherit_properties: frozenset[Property] | None = None

    def inheriting(self, above: AlbumProperties) -> AlbumProperties:
        """What holds here, given what holds in the folder above."""
        taken: dict[str, Any] = {}
        for each in Property:
            name = each.value
            theirs, own = getattr(above, name), getattr(self, name)
            if each is Property.SHARE_WITH:
                if theirs is not None:
                    taken[name] = inherited_shares(theirs, own or ())
            elif own is None and (self.inherit_properties is None or each in self.inherit_properties):
                taken[name] = theirs
        return evolve(self, **taken)


NOTHING: Final = AlbumProperties()
"""What holds where no file says anything."""


@define(init=False)
class PropertyTree:
    """The properties of all folders, from their files; each folder is looked up once."""

    _files: dict[str, AlbumProperties]
    _broken: frozenset[str]
    _known: dict[Folder, AlbumProperties | Refusal] = field(repr=False, eq=False)

    def __init__(self, files: Mapping[str, AlbumProperties], broken: Iterable[str] = ()) -> None:
        """
        :param files: what each file says, by the path of its folder as the server sees it.
        :param broken: folders whose files are wrong. Where such a file would count nothing is done: it might have kept somebody out.
        """
        self._files = {_key(path): said for path, said in files.items()}
        self._broken = frozenset(map(_key, broken))
        self._known = {}

    def resolve(self, folder: Folder) -> AlbumProperties | Refusal:
        """What holds for the files of a folder; files above its root do not count."""
        if not self._files and not self._broken:
            return NOTHING
        known = self._known.get(folder)
        if known is None:
            known = self._known[folder] = self._resolved(folder)
        return known

    def _resolved(self, folder: Folder) -> AlbumProperties | Refusal:
        holds: AlbumProperties | Refusal = NOTHING
        for path in _from_root(folder):
            if path in self._broken:
                holds = Refusal(
                    SkipCode.PROPERTIES_INVALID,
                    _("the .albumprops in {folder} is wrong (see the notes)").format(folder=path or "/"),
                )
                continue
            said = self._files.get(path)
            if said is None:
                continue
            if not said.inherit:
                holds = said
            elif not isinstance(holds, Refusal):
                holds = said.inheriting(holds)
        return holds


def _key(path: str) -> str:
    return normal_path(path).rstrip("/")


def _from_root(folder: Folder) -> Iterator[str]:
    path = folder.root.rstrip("/")
    yield path
    for name in folder.names:
        path = f"{path}/{name}"
        yield path
