"""What holds for an album that the files of several folders go into, in whatever order these come."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from attrs import frozen

from immich_tools.folder_albums.properties import AlbumProperties, Property, SortOrder, ThumbnailSetting
from immich_tools.folder_albums.sharing import Share, combined_shares
from immich_tools.i18n import _

_SETTLED: Final = (
    Property.DESCRIPTION,
    Property.THUMBNAIL_SETTING,
    Property.SORT_ORDER,
    Property.COMMENTS_AND_LIKES_ENABLED,
)
"""Properties of which an album has one value. The name has led to the album already, and visibility is of files, not of albums."""


@frozen(kw_only=True)
class AlbumSettings:
    """What an album should be; None is what is left as it is.

    :ivar share_with: None to leave the users as they are; holds users with role none as well.
    """

    description: str | None = None
    share_with: tuple[Share, ...] | None = None
    thumbnail_setting: ThumbnailSetting | None = None
    sort_order: SortOrder | None = None
    comments_and_likes_enabled: bool | None = None


@frozen
class Conflict:
    """Folders of one album that say different things of it.

    :ivar said: folder → what it says, by folder.
    """

    what: Property
    said: tuple[tuple[str, str], ...]

    @property
    def message(self) -> str:
        """What to tell the user."""
        listed = "; ".join(_("{folder}: {value}").format(folder=folder, value=value) for folder, value in self.said)
        return _("'{property}' is left as it is, because folders of the album disagree ({listed})").format(
            property=self.what.value, listed=listed
        )


@frozen
class Combination:
    """What an album should be, and what its folders do not agree on."""

    settings: AlbumSettings
    conflicts: tuple[Conflict, ...] = ()


def combine(folders: Mapping[str, AlbumProperties], defaults: AlbumSettings | None = None) -> Combination:
    """What holds for an album.

    A folder's word counts before that of folders below it. Folders that do not lie in one another must agree, else the property is left
    as it is. Users of all folders come together, each with the strictest role.

    :param folders: what holds for each folder whose files are in the album, by the folder's path.
    :param defaults: what holds for what no folder says: the options. A list of users in any folder replaces theirs.
    """
    defaults = AlbumSettings() if defaults is None else defaults
    values: dict[str, Any] = {}
    conflicts = []
    for each in _SETTLED:
        said = {path: getattr(held, each.value) for path, held in folders.items()}
        said = {path: value for path, value in said.items() if value is not None}
        said = {path: value for path, value in said.items() if not _has_ancestor(path, said)}
        if len(set(said.values())) > 1:
            conflicts.append(Conflict(each, tuple((path, _shown(said[path])) for path in sorted(said))))
            values[each.value] = None
        else:
            values[each.value] = next(iter(said.values()), getattr(defaults, each.value))
    lists = [held.share_with for held in folders.values() if held.share_with is not None]
    shares = combined_shares(lists) if lists else defaults.share_with
    return Combination(AlbumSettings(share_with=shares, **values), tuple(conflicts))


def _has_ancestor(path: str, others: Mapping[str, object]) -> bool:
    end = path.rfind("/")
    while end >= 0:
        if path[:end] in others:
            return True
        end = path.rfind("/", 0, end)
    return False


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value) if isinstance(value, Enum) else repr(value)
