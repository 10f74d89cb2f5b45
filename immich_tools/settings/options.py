"""The options that several commands share. Each class is one keyword-only parameter of a command function::

def command(*, connection: Annotated[ConnectionOptions, Parameter(name="*")] = ConnectionOptions()) -> int: ...
"""

# No "from __future__ import annotations" here: cyclopts would look up the names of inherited annotations in the module of
# a class that extends one of these, and not find them there.

from enum import Enum
from pathlib import Path
from typing import Annotated, ClassVar, Final

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from immich_tools.errors import UsageError
from immich_tools.folders import default_journal_folder
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.settings.accounts import ACCOUNT_FLAG, account_names
from immich_tools.settings.declarations import Legacy, negate
from immich_tools.settings.files import SERVER_TABLE
from immich_tools.settings.secrets import secret_flag
from immich_tools.settings.sources import CONFIGURATION_FLAG, ENVIRONMENT_FILE_FLAG
from immich_tools.settings.summary import SUMMARY_FLAG

DEFAULT_TIMEOUT: Final = 30.0
DEFAULT_CONCURRENCY: Final = 4
DEFAULT_BATCH_SIZE: Final = 500


@frozen(kw_only=True)
class SourceOptions:
    """Where the configuration is read from.

    :param config: configuration file instead of ``immich-toolkit.toml`` here or in the user's configuration folder.
    :param env_file: file of environment variables instead of ``.env`` here.
    """

    toml_table: ClassVar[None] = None

    config: Annotated[
        Path | None,
        Parameter(
            name=CONFIGURATION_FLAG,
            env_var="IMMICH_TOOLKIT_CONFIG",
            help=_("Configuration file (default: immich-toolkit.toml here or in your configuration folder)."),
        ),
    ] = None
    env_file: Annotated[
        Path | None,
        Parameter(
            name=ENVIRONMENT_FILE_FLAG,
            env_var="IMMICH_TOOLKIT_ENV_FILE",
            help=_("File of environment variables (default: .env here); real variables win over it."),
        ),
    ] = None


@frozen(kw_only=True)
class ConnectionOptions:
    """How to reach the Immich server.

    :param url: the server's address, with or without ``/api``.
    :param api_key: the key; never printed.
    :param ca_file: certificates to trust besides the system's.
    :param insecure: do not verify the server's certificate.
    :param timeout: seconds to wait for an answer.
    :param concurrency: requests under way at the same time.
    :param force_version: write to a server of an unknown major version.
    :param skip_broken: go on without assets on which the server fails.
    """

    toml_table: ClassVar[str] = SERVER_TABLE

    url: Annotated[
        str | None,
        Parameter(env_var=("IMMICH_URL", "IMMICH_SERVER"), help=_("Address of the Immich server.")),
    ] = None
    api_key: Annotated[
        Secret | None,
        secret_flag(
            "--api-key-file",
            "IMMICH_API_KEY",
            help=_(
                "File that holds the API key (IMMICH_API_KEY holds the key itself, IMMICH_API_KEY_FILE names a file)."
            ),
        ),
    ] = None
    ca_file: Annotated[
        Path | None,
        Parameter(env_var="IMMICH_CA_FILE", help=_("File of certificates to trust besides the system's.")),
    ] = None
    insecure: Annotated[
        bool,
        Parameter(env_var="IMMICH_INSECURE", help=_("Do not verify the server's certificate.")),
    ] = False
    timeout: Annotated[
        float,
        Parameter(
            env_var=("IMMICH_TIMEOUT", "IMMICH_REQUEST_TIMEOUT"),
            validator=Number(gt=0),
            help=_("Seconds to wait for an answer."),
        ),
    ] = DEFAULT_TIMEOUT
    concurrency: Annotated[
        int,
        Parameter(
            env_var="IMMICH_CONCURRENCY",
            validator=Number(gte=1, lte=32),
            help=_("Requests under way at the same time, 1 to 32."),
        ),
    ] = DEFAULT_CONCURRENCY
    force_version: Annotated[
        bool,
        Parameter(env_var="IMMICH_FORCE_VERSION", help=_("Write to a server of an unknown major version.")),
    ] = False
    skip_broken: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_SKIP_BROKEN",
            help=_("Go on without assets on which the server fails; nothing is removed because they were not seen."),
        ),
    ] = False

    def required_url(self) -> str:
        """The address.

        :raises UsageError: when none was given, saying how to give one.
        """
        if self.url is None:
            raise UsageError(_("no server address: set IMMICH_URL, or give --url"))
        return self.url

    def required_api_key(self) -> Secret:
        """The API key.

        :raises UsageError: when none was given, saying how to give one.
        """
        if self.api_key is None:
            names = account_names()
            if len(names) > 1:
                raise UsageError(
                    _("there are several accounts ({names}): choose one with --account").format(names=", ".join(names))
                )
            raise UsageError(_("no API key: set IMMICH_API_KEY or IMMICH_API_KEY_FILE, or give --api-key-file"))
        return self.api_key


@frozen(kw_only=True)
class AccountOptions:
    """For which of several users a command runs. Commands that take these get all of them from :func:`accounts`; where it is only one,
    the connection is that user's.

    :param account: names of accounts; empty for all.
    """

    toml_table: ClassVar[None] = None

    account: Annotated[
        tuple[str, ...],
        Parameter(
            name=ACCOUNT_FLAG,
            env_var="IMMICH_ACCOUNT",
            help=_(
                "Only the account of this name (see [[account]] in the configuration file); may be given several times."
            ),
        ),
    ] = ()


@frozen(kw_only=True)
class EachAccountOptions(AccountOptions):
    """The same for commands that are run once for each account, with that account's key and options.

    An extended class may have a class variable ``key_lists``: variables that hold keys separated by colons (with ``_FILE``: names of
    files with a key in each line).
    """

    once_for_each: ClassVar[bool] = True


class LogFormat(Enum):
    """What a log file consists of."""

    TEXT = "text"
    JSON = "json"


class LogLevel(Enum):
    """What is important enough for a log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@frozen(kw_only=True)
class OutputOptions:
    """What is printed, and where.

    :param json: JSON lines on stdout instead of tables.
    :param quiet: nothing on stderr but errors.
    :param verbose: details on stderr.
    :param log_file: the same details in a file.
    :param log_level: what the file gets; None for everything.
    :param log_size: megabytes after which a new file begins.
    :param log_files: older files that are kept beside it.
    :param summary_file: how the command ended, as one JSON object; written by the frame, whatever happens.
    :raises UsageError: when both quiet and verbose.
    """

    json: Annotated[bool, Parameter(env_var="IMMICH_JSON", help=_("Print JSON lines instead of tables."))] = False
    quiet: Annotated[
        bool, Parameter(env_var="IMMICH_QUIET", help=_("Print no progress and no messages but errors."))
    ] = False
    verbose: Annotated[bool, Parameter(env_var="IMMICH_VERBOSE", help=_("Print details to stderr."))] = False
    log_file: Annotated[Path | None, Parameter(env_var="IMMICH_LOG_FILE", help=_("Write details to this file."))] = None
    log_format: Annotated[
        LogFormat, Parameter(env_var="IMMICH_LOG_FORMAT", help=_("Lines of that file: text, or a JSON object each."))
    ] = LogFormat.TEXT
    log_level: Annotated[
        LogLevel | None,
        Parameter(env_var="IMMICH_LOG_LEVEL", help=_("What that file gets: this and what is more important.")),
    ] = None
    log_size: Annotated[
        float,
        Parameter(
            env_var="IMMICH_LOG_SIZE",
            validator=Number(gt=0, lte=10_000),
            help=_("Megabytes after which a new log file begins."),
        ),
    ] = 5.0
    log_files: Annotated[
        int,
        Parameter(
            env_var="IMMICH_LOG_FILES",
            validator=Number(gte=1, lte=1000),
            help=_("Older log files to keep, as FILE.1, FILE.2 and so on."),
        ),
    ] = 3
    summary_file: Annotated[
        Path | None,
        Parameter(
            name=SUMMARY_FLAG,
            env_var="IMMICH_SUMMARY_FILE",
            help=_("Write how the command ended to this file, as one JSON object."),
        ),
    ] = None

    def __attrs_post_init__(self) -> None:
        if self.quiet and self.verbose:
            raise UsageError(_("--quiet and --verbose contradict each other"))


@frozen(kw_only=True)
class ExecutionOptions:
    """How a plan is carried out once it is.

    :param permanent: let the plan delete for good, after a typed confirmation; whether it does is the plan's matter.
    :param max_removed: guard: the number of assets that may be removed at most; None for no limit.
    :param max_ratio: guard: the part (0 to 1) of the library that may be removed at most; None for the usual half.
    :param batch_size: ids in one request.
    :param journal_folder: where journals of runs are kept; None for :meth:`journals`' default.
    """

    permanent: Annotated[
        bool,
        Parameter(
            env_var=("IMMICH_PERMANENT", "IMMICH_DEFINITELY"),
            help=_("Allow what the saved plan deletes for good; asks for a typed confirmation."),
        ),
    ] = False
    max_removed: Annotated[
        int | None,
        Parameter(
            env_var="IMMICH_MAX_REMOVED",
            validator=Number(gte=0),
            help=_("Stop, changing nothing, when more than this many would be removed."),
        ),
    ] = None
    max_ratio: Annotated[
        float | None,
        Parameter(
            env_var="IMMICH_MAX_RATIO",
            validator=Number(gte=0, lte=1),
            help=_("Stop, changing nothing, when more than this part (0 to 1) would be removed."),
        ),
    ] = None
    batch_size: Annotated[
        int,
        Parameter(
            env_var=("IMMICH_BATCH_SIZE", "IMMICH_DELETE_BATCH_SIZE"),
            validator=Number(gte=1),
            help=_("Changes sent in one request at most."),
        ),
    ] = DEFAULT_BATCH_SIZE
    journal_folder: Annotated[
        Path | None,
        Parameter(
            env_var="IMMICH_JOURNAL_FOLDER",
            help=_("Folder for the journals of runs (default: in your state folder)."),
        ),
    ] = None

    def journals(self) -> Path:
        """The folder of journals: the one that was given, or ``runs`` in the user's state folder."""
        return default_journal_folder() if self.journal_folder is None else self.journal_folder


@frozen(kw_only=True)
class ApplyOptions(ExecutionOptions):
    """Whether a plan is carried out, and how.

    :param permanent: plan to delete for good instead of moving to the trash.
    :param apply: carry it out; without it nothing is written.
    :param save_plan: write the plan to this file.
    :param exit_code: exit with 10 when a dry run found work.
    """

    legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("IMMICH_DRY_RUN", "--apply", negate),)

    permanent: Annotated[
        bool,
        Parameter(
            env_var=("IMMICH_PERMANENT", "IMMICH_DEFINITELY"),
            help=_("Delete for good instead of moving to the trash; asks for a typed confirmation."),
        ),
    ] = False
    apply: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_APPLY",
            help=_("Carry the plan out; without it nothing is changed (IMMICH_DRY_RUN=false means the same)."),
        ),
    ] = False
    save_plan: Annotated[
        Path | None, Parameter(env_var="IMMICH_SAVE_PLAN", help=_("Write the plan to this file, to read and edit it."))
    ] = None
    exit_code: Annotated[
        bool, Parameter(env_var="IMMICH_EXIT_CODE", help=_("Exit with 10 when a dry run found work."))
    ] = False
