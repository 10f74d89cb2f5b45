"""The options of the album backup: flags, environment variables and keys of the configuration file in one class."""

# No "from __future__ import annotations" here: cyclopts would look up the names of inherited annotations in the wrong module.

import re
from typing import Annotated, ClassVar, Final

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from immich_tools.album_backup.choices import Origin
from immich_tools.album_backup.layout import Layout
from immich_tools.disk.place import Permissions
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.paths import PathMap
from immich_tools.paths.names import normal_path, parts
from immich_tools.settings import Legacy, negate

PREFIX: Final = "IMMICH_ALBUM_BACKUP_"
VARIABLE: Final = PREFIX + "ALBUM"
DEFAULT_WAIT: Final = 600.0
"""Seconds."""

# What its owner may not read cannot be proven.
_MODE: Final = re.compile(r"0?[4-7][0-7]{2}")
_OWNER: Final = re.compile(r"(\d{1,9}):(\d{1,9})", re.ASCII)


class ListText(str):
    """The value of a variable with commas in it: the name of one album, or a list of several.

    Which of the two is known only together with the albums; see `selection`.
    """

    __slots__ = ()


def _name_or_list(_annotation: object, text: str, *, delimiter: str | None = None) -> list[str]:
    return [ListText(text) if "," in text else text]


def _name(name: str) -> str:
    return PREFIX + name


@frozen(kw_only=True)
class AlbumBackupOptions:
    """Which albums are copied, where to, and what becomes of the uploads.

    :ivar album: names, ids or globs of names.
    :ivar external_path: folders of external libraries as the server sees them.
    :ivar destination: the one of them that files go to; None for the first.
    :ivar layout: template of folders; None for the album's name.
    :ivar mode: permission bits of new files in octal digits.
    :ivar owner: numbers of user and group of new files, ``1000:1000``.
    :ivar wait: seconds until the copies must have appeared in Immich.
    :raises UsageError: a value is impossible.
    """

    legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("DRY_RUN", "--apply", negate),)

    album: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=VARIABLE,
            env_var_split=_name_or_list,
            help=_("An album: its name, its id, or a glob of names such as 'Holiday *'. May be given several times."),
        ),
    ] = ()
    all_albums: Annotated[
        bool,
        Parameter(
            name="--all", negative=(), env_var=_name("ALL"), help=_("Every album that you own or that you can see.")
        ),
    ] = False
    external_path: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=(_name("EXTERNAL_PATH"), "EXTERNAL_LIB_PATHS"),
            help=_("Folders of external libraries as the server sees them; what lies there already is not copied."),
        ),
    ] = ()
    destination: Annotated[
        str | None,
        Parameter(
            env_var=_name("DESTINATION"), help=_("Which of these folders the copies go to (default: the first).")
        ),
    ] = None
    map: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=_name("MAP"),
            help=_(
                "Where folders of the server are here, such as /data=/mnt/photos; of nested ones the innermost counts."
            ),
        ),
    ] = ()
    year: Annotated[
        bool,
        Parameter(
            env_var=_name("YEAR"), help=_("A folder for the year of the album's first photo around the album's.")
        ),
    ] = False
    layout: Annotated[
        str | None,
        Parameter(
            env_var=_name("LAYOUT"),
            help=_(
                "Folders by each photo's own facts, such as {year}/{album}; there are album, year, month, day, owner and camera."
            ),
        ),
    ] = None
    origin: Annotated[
        Origin,
        Parameter(
            env_var=_name("ORIGIN"),
            help=_("Where the files come from: disk, download, or auto (from the disk where they are found)."),
        ),
    ] = Origin.AUTO
    edited: Annotated[
        bool,
        Parameter(
            env_var=_name("EDITED"),
            help=_("Also copy what Immich's editor made of a photo, beside the original (newer servers)."),
        ),
    ] = False
    mode: Annotated[
        str | None,
        Parameter(env_var=_name("MODE"), help=_("Permissions of new files in octal digits, such as 640.")),
    ] = None
    owner: Annotated[
        str | None,
        Parameter(env_var=_name("OWNER"), help=_("Numbers of user and group of new files, such as 1000:1000.")),
    ] = None
    scan: Annotated[
        bool,
        Parameter(
            env_var=_name("SCAN"), help=_("Let the server look for the copies (needs the key of an administrator).")
        ),
    ] = False
    wait: Annotated[
        float,
        Parameter(
            env_var=_name("WAIT"),
            validator=Number(gte=0, lte=86400),
            help=_("Seconds to wait until the copies have appeared in Immich."),
        ),
    ] = DEFAULT_WAIT
    rebuild_album: Annotated[
        bool,
        Parameter(
            env_var=_name("REBUILD_ALBUM"),
            help=_("Make the album again with the copies: name, description, order, thumbnail, users and roles."),
        ),
    ] = False
    delete_assets: Annotated[
        bool,
        Parameter(
            env_var=_name("DELETE_ASSETS"),
            help=_("Move uploads to the trash whose copies are proven and have appeared in Immich."),
        ),
    ] = False
    delete_album: Annotated[
        bool,
        Parameter(
            env_var=_name("DELETE_ALBUM"),
            help=_("Delete the album at the end, unless something would be lost with it."),
        ),
    ] = False
    delete_album_anyway: Annotated[
        bool,
        Parameter(
            env_var=_name("DELETE_ALBUM_ANYWAY"),
            help=_("Delete it also when members were left out, others' remain in it, or links to it exist."),
        ),
    ] = False

    def __attrs_post_init__(self) -> None:
        if self.all_albums and self.album:
            raise UsageError(_("--all and --album contradict each other."))
        if self.year and self.layout is not None:
            raise UsageError(_("--year and --layout contradict each other: write {year} into the template."))
        if self.delete_album_anyway and not self.delete_album:
            raise UsageError(_("--delete-album-anyway says how --delete-album is meant; give both."))
        for folder in self.external_path:
            if not normal_path(folder).startswith("/") or ".." in parts(normal_path(folder)):
                raise UsageError(
                    _(
                        "--external-path '{path}': write a whole path as the server sees it, such as /mnt/archive."
                    ).format(path=folder)
                )
            if not parts(normal_path(folder)):
                raise UsageError(_("--external-path '{path}': every file lies below it.").format(path=folder))
        if self.destination is not None and self._same_as(self.destination) is None:
            raise UsageError(
                _("--destination {path} is none of the external paths: {known}.").format(
                    path=self.destination, known=", ".join(self.external_path) or _("none")
                )
            )
        for folder in self.path_map().folders.values():
            if not folder.startswith("/"):
                raise UsageError(
                    _("--map: write {path} as a whole path of this computer, such as /mnt/photos.").format(path=folder)
                )
        self.folders()
        self.permissions()

    def _same_as(self, folder: str) -> str | None:
        wanted = parts(normal_path(folder))
        return next((path for path in self.external_path if parts(normal_path(path)) == wanted), None)

    def target(self) -> str:
        """The folder that files go to, as the server sees it, without a slash at its end.

        :raises UsageError: there is none.
        """
        if not self.external_path:
            raise UsageError(
                _("no destination: set EXTERNAL_LIB_PATHS to folders of external libraries, or give --external-path")
            )
        chosen = self.external_path[0] if self.destination is None else self.destination
        return "/" + "/".join(parts(normal_path(chosen)))

    def is_external(self, path: str) -> bool:
        """Whether a file of the server lies in one of the external folders, by whole names and not by the beginning of a text."""
        names = parts(normal_path(path))
        return any(
            names[: len(folder)] == folder for folder in (parts(normal_path(each)) for each in self.external_path)
        )

    def path_map(self) -> PathMap:
        """Where folders of the server are found on this computer.

        :raises UsageError: an entry of ``--map`` is not of the form SERVER=LOCAL.
        """
        return PathMap.parse(self.map)

    def folders(self) -> Layout:
        """The folders below the destination.

        :raises UsageError: the template is not valid.
        """
        return Layout.of_album(with_year=self.year) if self.layout is None else Layout(self.layout)

    def permissions(self) -> Permissions:
        """What new files get.

        :raises UsageError: mode or owner cannot be read.
        """
        if self.mode is not None and not _MODE.fullmatch(self.mode):
            raise UsageError(
                _("--mode '{text}': write three octal digits with which the owner may read, such as 640.").format(
                    text=self.mode
                )
            )
        numbers = None if self.owner is None else _OWNER.fullmatch(self.owner)
        if self.owner is not None and numbers is None:
            raise UsageError(
                _("--owner '{text}': write the numbers of user and group, such as 1000:1000.").format(text=self.owner)
            )
        return Permissions(
            mode=None if self.mode is None else int(self.mode, 8),
            user=None if numbers is None else int(numbers[1]),
            group=None if numbers is None else int(numbers[2]),
        )
