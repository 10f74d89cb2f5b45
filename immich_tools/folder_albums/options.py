"""The options of the folder albums tool: flags, environment variables and keys of the configuration file in one class.

Each also has the environment variable of the older container; lists in these are separated as they were there: roots by commas, filters
and users by colons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, ClassVar, Final

from attrs import frozen
from cyclopts import Parameter

from immich_tools.errors import UsageError
from immich_tools.folder_albums.album_settings import AlbumSettings
from immich_tools.folder_albums.choices import Mode, SyncMode, UpdateMode
from immich_tools.folder_albums.levels import Levels, Naming
from immich_tools.folder_albums.properties import SortOrder, ThumbnailChoice
from immich_tools.folder_albums.roots import Roots
from immich_tools.folder_albums.scheme import Scheme
from immich_tools.folder_albums.sharing import ShareRole, read_share
from immich_tools.folder_albums.values import read_choice, read_rewrite, split_colons
from immich_tools.i18n import _
from immich_tools.immich.models import Visibility
from immich_tools.paths import PathFilter, PathMap
from immich_tools.settings import Numbered, may_be_empty, may_be_number, unchanged, without_quotes
from immich_tools.settings.documents import to_document

PREFIX: Final = "IMMICH_FOLDER_ALBUMS_"
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _names(name: str) -> tuple[str, str]:
    """The variable of an option and that of the older container."""
    return PREFIX + name, name


def _numbered(name: str, last: int, option: str, convert: Callable[[str], str]) -> Iterator[Numbered]:
    """The older container's variables of the entries of a list, and the same with our prefix."""
    return (Numbered(variable, last, option, convert) for variable in _names(name))


@frozen(kw_only=True)
class FolderAlbumsOptions:
    """Which folders become albums, what these are called, and what is done with them.

    :ivar root_path: folders as the server sees them, such as ``/external/photos``.
    :ivar album_levels: see `Levels`.
    :ivar album_name_post_regex: see `values.read_rewrite`.
    :ivar library: ids of external libraries; empty for all assets.
    :ivar map: ``SERVER=LOCAL``: where a folder of the server is found on this computer, to read ``.albumprops`` files.
    :raises UsageError: a value is impossible, or an option has no effect.
    """

    legacy: ClassVar[tuple[Numbered, ...]] = (
        *_numbered("ALBUM_NAME_POST_REGEX", 10, "--album-name-post-regex", unchanged),
        *_numbered("PATH_FILTER_REGEX", 50, "--path-filter-regex", without_quotes),
        *_numbered("IGNORE_REGEX", 50, "--ignore-regex", without_quotes),
    )

    root_path: Annotated[
        tuple[str, ...],
        Parameter(
            name=("--root-path", "-r"),
            env_var=_names("ROOT_PATH"),
            help=_("Folder below which albums are made, as Immich sees it; may be given several times."),
        ),
    ] = ()
    mode: Annotated[
        Mode,
        Parameter(
            name=("--mode", "-m"),
            env_var=_names("MODE"),
            converter=read_choice(Mode),
            show_choices=False,
            help=_(
                "CREATE makes and fills albums, CLEANUP deletes those of the folders, DELETE_ALL every album you own."
            ),
        ),
    ] = Mode.CREATE
    album_levels: Annotated[
        str,
        Parameter(
            name=("--album-levels", "-a"),
            env_var=_names("ALBUM_LEVELS"),
            allow_leading_hyphen=True,
            converter=may_be_number,
            help=_("Folders that make the name: a number from the top (2) or the bottom (-1), or a range (2,3)."),
        ),
    ] = "1"
    album_separator: Annotated[
        str,
        Parameter(
            name=("--album-separator", "-s"),
            env_var=_names("ALBUM_SEPARATOR"),
            allow_leading_hyphen=True,
            converter=may_be_empty,
            help=_("What stands between the folders in a name; may be nothing."),
        ),
    ] = " "
    album_name_post_regex: Annotated[
        tuple[str, ...],
        Parameter(
            name=("--album-name-post-regex", "-R"),
            env_var=PREFIX + "ALBUM_NAME_POST_REGEX",
            env_var_split=lambda _annotation, text: [text],
            consume_multiple=(1, 2),
            help=_(
                "Regular expression to remove from names, perhaps followed by what takes its place (in one text: each in quotes); "
                "also ALBUM_NAME_POST_REGEX1 to ALBUM_NAME_POST_REGEX10."
            ),
        ),
    ] = ()
    merge: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "MERGE",
            help=_("Put folders with one name into one album; if not, each folder gets an album of its own."),
        ),
    ] = True
    also_parents: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "ALSO_PARENTS",
            help=_("Make albums of the folders above as well, so that one of a year holds all its months."),
        ),
    ] = False
    path_filter: Annotated[
        tuple[str, ...],
        Parameter(
            name=("--path-filter", "-f"),
            env_var=_names("PATH_FILTER"),
            env_var_split=split_colons,
            help=_("Only files whose path below the root matches this glob, or has this in a folder or file name."),
        ),
    ] = ()
    path_filter_regex: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=PREFIX + "PATH_FILTER_REGEX",
            env_var_split=lambda _annotation, text: [text],
            help=_(
                "Only files whose path below the root matches this regular expression; "
                "also PATH_FILTER_REGEX1 to PATH_FILTER_REGEX50."
            ),
        ),
    ] = ()
    ignore: Annotated[
        tuple[str, ...],
        Parameter(
            name=("--ignore", "-i"),
            env_var=_names("IGNORE"),
            env_var_split=split_colons,
            help=_("No files whose path below the root matches this glob, or has this in a folder or file name."),
        ),
    ] = ()
    ignore_regex: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=PREFIX + "IGNORE_REGEX",
            env_var_split=lambda _annotation, text: [text],
            help=_(
                "No files whose path below the root matches this regular expression; "
                "also IGNORE_REGEX1 to IGNORE_REGEX50."
            ),
        ),
    ] = ()
    library: Annotated[
        tuple[str, ...],
        Parameter(env_var=PREFIX + "LIBRARY", help=_("Only files of the external library with this id.")),
    ] = ()
    find_assets_in_albums: Annotated[
        bool,
        Parameter(
            name=("--find-assets-in-albums", "-A"),
            env_var=_names("FIND_ASSETS_IN_ALBUMS"),
            help=_("Look at files that are in an album already, too."),
        ),
    ] = False
    find_archived_assets: Annotated[
        bool, Parameter(env_var=_names("FIND_ARCHIVED_ASSETS"), help=_("Look at archived files, too."))
    ] = False
    share_with: Annotated[
        tuple[str, ...],
        Parameter(
            name=("--share-with", "-x"),
            env_var=_names("SHARE_WITH"),
            env_var_split=split_colons,
            help=_("Somebody to share new albums with: a name or an e-mail address, perhaps with =viewer or =editor."),
        ),
    ] = ()
    share_role: Annotated[
        ShareRole,
        Parameter(
            name=("--share-role", "-o"),
            env_var=_names("SHARE_ROLE"),
            converter=read_choice(ShareRole, ShareRole.NONE),
            show_choices=False,
            help=_("What those may do for whom --share-with does not say it: viewer or editor."),
        ),
    ] = ShareRole.VIEWER
    album_order: Annotated[
        SortOrder | None,
        Parameter(
            name=("--album-order", "-O"),
            env_var=_names("ALBUM_ORDER"),
            converter=read_choice(SortOrder),
            show_choices=False,
            help=_("Which pictures albums show first: asc the oldest, desc the newest."),
        ),
    ] = None
    set_album_thumbnail: Annotated[
        ThumbnailChoice | None,
        Parameter(
            env_var=_names("SET_ALBUM_THUMBNAIL"),
            converter=read_choice(ThumbnailChoice),
            show_choices=False,
            help=_(
                "Picture that stands for an album: first, last, random, random-filtered; random-all for all albums."
            ),
        ),
    ] = None
    comments_and_likes: Annotated[
        bool | None,
        Parameter(
            name=("--comments-and-likes", "--comments-and-likes-enabled"),
            negative=("--no-comments-and-likes", "--comments-and-likes-disabled"),
            env_var=_names("COMMENTS_AND_LIKES"),
            help=_("Allow comments and likes in albums, or not."),
        ),
    ] = None
    visibility: Annotated[
        Visibility | None,
        Parameter(
            env_var=_names("VISIBILITY"),
            converter=read_choice(Visibility, Visibility.HIDDEN, Visibility.UNKNOWN),
            show_choices=False,
            help=_("Where files show once they are in an album: archive or timeline."),
        ),
    ] = None
    archive: Annotated[
        bool,
        Parameter(
            name=("--archive", "-v"),
            env_var=_names("ARCHIVE"),
            help=_(
                "Archive files once they are in an album; in the modes that delete, show them in the timeline again."
            ),
        ),
    ] = False
    update_album_props_mode: Annotated[
        UpdateMode,
        Parameter(
            env_var=_names("UPDATE_ALBUM_PROPS_MODE"),
            converter=read_choice(UpdateMode),
            show_choices=False,
            help=_(
                "Albums that are there already: 0 leaves them as they are, 1 updates properties, 2 sharing as well."
            ),
        ),
    ] = UpdateMode.NOTHING
    read_album_properties: Annotated[
        bool,
        Parameter(
            env_var=_names("READ_ALBUM_PROPERTIES"), help=_("Read .albumprops files from the folders on this computer.")
        ),
    ] = False
    map: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=PREFIX + "MAP",
            help=_("SERVER=LOCAL: where the folder SERVER of Immich is found on this computer, to read .albumprops."),
        ),
    ] = ()
    tag: Annotated[
        bool, Parameter(env_var=PREFIX + "TAG", help=_("Tag files with the path of their folder as well."))
    ] = False
    sync_mode: Annotated[
        SyncMode,
        Parameter(
            name=("--sync-mode", "-S"),
            env_var=_names("SYNC_MODE"),
            converter=read_choice(SyncMode),
            show_choices=False,
            help=_(
                "1 deletes albums of this tool that became empty, 2 also those whose folder was removed from a disk that is there."
            ),
        ),
    ] = SyncMode.NOTHING
    sync_removals: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "SYNC_REMOVALS",
            help=_("Take files out of albums of this tool when they are in that folder no longer."),
        ),
    ] = False
    include_foreign: Annotated[
        bool,
        Parameter(
            env_var=PREFIX + "INCLUDE_FOREIGN",
            help=_("Delete albums of yours, too, that this tool did not make and that hold other files."),
        ),
    ] = False

    def __attrs_post_init__(self) -> None:
        for flag, texts in (("--library", self.library), ("--share-with", self.share_with), ("--map", self.map)):
            if not all(map(str.strip, texts)):
                raise UsageError(_("{flag} has an empty entry.").format(flag=flag))
        for text in self.library:
            if not _ID.fullmatch(text):
                raise UsageError(
                    _(
                        "--library '{text}' is no id of a library; Immich shows it in the address of the library's page."
                    ).format(text=text)
                )
        if self.root_path:
            self.roots()
        self.naming()
        self.path_filter_of_all()
        self.defaults()
        self.path_map()
        if self.visibility is Visibility.LOCKED:
            raise UsageError(
                _("--visibility locked: no API key can take files out of the locked folder again; use archive.")
            )
        if self.archive and self.mode is Mode.CREATE and self.visibility not in (None, Visibility.ARCHIVE):
            raise UsageError(_("--archive and --visibility contradict each other."))
        if self.map and not self.read_album_properties:
            raise UsageError(_("--map has no effect without --read-album-properties."))

    @property
    def reads_everything(self) -> bool:
        """Whether files that are in albums already are read, too."""
        return self.find_assets_in_albums or self.sync_removals or self.mode is not Mode.CREATE

    @property
    def target_visibility(self) -> Visibility | None:
        """Where files are to show for which no folder says it.

        ``--archive`` is the older tool's word for archiving files with their album and showing them again without it.
        """
        if self.visibility is not None or not self.archive:
            return self.visibility
        return Visibility.ARCHIVE if self.mode is Mode.CREATE else Visibility.TIMELINE

    @property
    def scheme(self) -> Scheme:
        """What decides which file goes into which album."""
        return Scheme.of(to_document(self))

    def roots(self) -> Roots:
        """The roots, with nothing looked up in them yet.

        :raises UsageError: there is none.
        """
        return Roots(self.root_path)

    def naming(self) -> Naming:
        """How albums are called."""
        return Naming(
            levels=Levels.parse(self.album_levels),
            separator=self.album_separator,
            rewrites=tuple(map(read_rewrite, self.album_name_post_regex)),
            also_parents=self.also_parents,
        )

    def path_filter_of_all(self) -> PathFilter:
        """Which files count."""
        return PathFilter.of(
            path_filter=self.path_filter,
            path_filter_regex=self.path_filter_regex,
            ignore=self.ignore,
            ignore_regex=self.ignore_regex,
        )

    def defaults(self) -> AlbumSettings:
        """What albums are to be where no folder says it."""
        return AlbumSettings(
            share_with=tuple(read_share(text, self.share_role) for text in self.share_with) or None,
            thumbnail_setting=self.set_album_thumbnail,
            sort_order=self.album_order,
            comments_and_likes_enabled=self.comments_and_likes,
        )

    def path_map(self) -> PathMap:
        """Where folders of the server are found on this computer.

        :raises UsageError: an entry of ``--map`` is not of the form SERVER=LOCAL.
        """
        return PathMap.parse(self.map)
