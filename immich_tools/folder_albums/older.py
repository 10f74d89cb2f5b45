"""The command line and the variables of immich-folder-album-creator, as far as they concern no album: connection, keys, batches, logs.

Users of that tool change the name of the command or of the image and nothing else. ``CRON_EXPRESSION``, ``RUN_IMMEDIATELY``, ``TZ`` and
``IS_DOCKER`` say when it runs, and mean nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, ClassVar, Final

from attrs import evolve, frozen
from cyclopts import Parameter, Token
from cyclopts.validators import Number

from immich_tools.folder_albums.choices import Mode
from immich_tools.folder_albums.values import read_choice
from immich_tools.i18n import _
from immich_tools.immich.connection import PAGE_SIZE
from immich_tools.secret import Secret
from immich_tools.settings import (
    ApplyOptions,
    ConnectionOptions,
    EachAccountOptions,
    Legacy,
    LogLevel,
    OutputOptions,
    Positional,
    also_called,
)

ADDED_AT_ONCE: Final = 2000
"""Ids in one request, unless the options say another number."""

LONG_OPTIONS: Final = (
    "--album-levels",
    "--album-name-post-regex",
    "--album-order",
    "--album-separator",
    "--api-key",
    "--api-key-type",
    "--api-timeout",
    "--archive",
    "--chunk-size",
    "--comments-and-likes-disabled",
    "--comments-and-likes-enabled",
    "--delete-confirm",
    "--fetch-chunk-size",
    "--find-archived-assets",
    "--find-assets-in-albums",
    "--help",
    "--ignore",
    "--ignore-regex",
    "--insecure",
    "--log-level",
    "--max-retry-count",
    "--mode",
    "--path-filter",
    "--path-filter-regex",
    "--read-album-properties",
    "--root-path",
    "--set-album-thumbnail",
    "--share-role",
    "--share-with",
    "--sync-mode",
    "--threads",
    "--unattended",
    "--update-album-props-mode",
    "--visibility",
)
"""Long options of the older command line (releases 0.12 to 1.0); its parser took unique prefixes, which its documentation uses."""


class _OlderLevel(Enum):
    """The older tool's words."""

    CRITICAL = "CRITICAL"
    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"
    DEBUG = "DEBUG"


_read_level: Final = read_choice(_OlderLevel)


def _level(annotation: object, tokens: Sequence[Token]) -> LogLevel:
    level = _read_level(annotation, tokens)
    return LogLevel.ERROR if level is _OlderLevel.CRITICAL else LogLevel[level.name]


class KeyType(Enum):
    """What stands where a key is expected."""

    LITERAL = "literal"
    FILE = "file"


@frozen(kw_only=True)
class Connection(ConnectionOptions):
    """How to reach the server, by all its names."""

    legacy: ClassVar[tuple[Legacy | Positional, ...]] = (
        Legacy("API_URL", "--url"),
        Positional("api_url", "--url"),
        Legacy("API_TIMEOUT", "--timeout"),
        Legacy("INSECURE", "--insecure"),
        Legacy("THREADS", "--concurrency"),
    )

    insecure: Annotated[bool, also_called(ConnectionOptions, "insecure", "-k")] = False
    timeout: Annotated[float, also_called(ConnectionOptions, "timeout", "--api-timeout")] = ConnectionOptions().timeout
    concurrency: Annotated[int, also_called(ConnectionOptions, "concurrency", "--threads")] = (
        ConnectionOptions().concurrency
    )


@frozen(kw_only=True)
class Changes(ApplyOptions):
    """How a plan is carried out, by all its names.

    :ivar apply: None where nothing says it: then the older tool's words do, see `RunOptions`.
    """

    legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("CHUNK_SIZE", "--batch-size"),)

    apply: Annotated[bool | None, also_called(ApplyOptions, "apply")] = None  # type: ignore[assignment]

    batch_size: Annotated[int, also_called(ApplyOptions, "batch_size", "--chunk-size", "-c")] = ADDED_AT_ONCE


@frozen(kw_only=True)
class Keys(EachAccountOptions):
    """For whom it runs: the older tool takes several keys.

    :ivar api_key: always empty: keys on the command line become accounts.
    """

    key_lists: ClassVar[tuple[str, ...]] = ("API_KEY",)
    legacy: ClassVar[tuple[Positional, ...]] = (
        Positional("root_path", "--root-path"),
        Positional("api_key", "--api-key"),
    )

    api_key: Annotated[
        tuple[Secret, ...],
        Parameter(
            help=_(
                "Key of a user, which everybody on this computer can read here; API_KEY_FILE and --api-key-file are safe. "
                "May be given several times."
            ),
        ),
    ] = ()
    api_key_type: Annotated[
        KeyType,
        Parameter(
            name=("--api-key-type", "-t"),
            converter=read_choice(KeyType),
            show_choices=False,
            help=_("What --api-key and API_KEY on the command line are: literal or file (a key in each line)."),
        ),
    ] = KeyType.LITERAL


@frozen(kw_only=True)
class RunOptions:
    """What concerns one run on the command line, and not what a plan is made of.

    :ivar unattended, delete_confirm: the older tool's words for ``--apply``, each for its modes. A dry run that is asked for wins over
        them.
    :ivar fetch_chunk_size: assets in one answer of a listing; more than 1000 mean 1000.
    :ivar max_retry_count: taken and not used: how often a request may be sent again depends on what it does.
    """

    unattended: Annotated[
        bool,
        Parameter(name=("--unattended", "-u"), env_var="UNATTENDED", help=_("In mode CREATE the same as --apply.")),
    ] = False
    delete_confirm: Annotated[
        bool,
        Parameter(
            name=("--delete-confirm", "-d"),
            env_var="DELETE_CONFIRM",
            help=_("In the modes that delete the same as --apply; DELETE_ALL then asks no question."),
        ),
    ] = False
    fetch_chunk_size: Annotated[
        int,
        Parameter(
            name=("--fetch-chunk-size", "-C"),
            env_var="FETCH_CHUNK_SIZE",
            validator=Number(gte=1),
            help=_("Assets in one answer of the server, 1000 at most."),
        ),
    ] = PAGE_SIZE
    max_retry_count: Annotated[
        int | None,
        Parameter(
            env_var="MAX_RETRY_COUNT", help=_("Has no effect: what may be tried again is, for as long as it helps.")
        ),
    ] = None

    @property
    def page_size(self) -> int:
        """Assets in one answer of a listing, 1 to 1000."""
        return min(self.fetch_chunk_size, PAGE_SIZE)

    def applies(self, mode: Mode, changes: Changes) -> bool:
        """Whether a plan of a mode is carried out: ``--apply`` or a refusal of it (``IMMICH_DRY_RUN``) wins over these words."""
        if changes.apply is not None:
            return changes.apply
        return self.unattended if mode is Mode.CREATE else self.delete_confirm


@frozen(kw_only=True)
class Said(OutputOptions):
    """What is printed, and where, by all its names: the older tool has one level for everything.

    :ivar log_level: CRITICAL is taken for ERROR: nothing less ends a run.
    """

    legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("LOG_LEVEL", "--log-level"),)

    log_level: Annotated[
        LogLevel | None,
        Parameter.combine(
            also_called(OutputOptions, "log_level", "-l"),
            Parameter(
                converter=_level,
                show_choices=False,
                help=_(
                    "What the log file gets; and DEBUG is the same as --verbose, WARNING, ERROR and CRITICAL are the same as --quiet."
                ),
            ),
        ),
    ] = None

    def resolved(self) -> OutputOptions:
        """The same with the level's meaning for what is printed, where neither --quiet nor --verbose tells."""
        if self.quiet or self.verbose or self.log_level in (None, LogLevel.INFO):
            return self
        verbose = self.log_level is LogLevel.DEBUG
        return evolve(self, verbose=verbose, quiet=not verbose)
