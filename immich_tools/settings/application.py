"""The frame of every command: an app with our configuration sources, and the one place where errors become exit codes."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Final, TypeVar

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)
from cyclopts.argument import Argument

from immich_tools.errors import ExitCode, ToolkitError, UsageError
from immich_tools.folders import APPLICATION
from immich_tools.i18n import _
from immich_tools.secret import redact
from immich_tools.settings.sources import JSON_FLAG, Sources, no_tokens
from immich_tools.settings.streams import (
    Paper,
    discard,
    failure_of,
    json_line,
    printable,
    refuse_closed,
    replace_closed,
    tolerant,
)
from immich_tools.settings.surroundings import Invocation, Surroundings, current_invocation
from immich_tools.settings.values import shown_default

READER_GONE: Final = 128 + 13
"""Exit code when the reader of the output has gone (`… | head`): what a shell says of a program that SIGPIPE ended."""
_LONGEST_QUOTED_WORD: Final = 24

Options = TypeVar("Options")


def make_app(name: str, help: str, *, table: str | None = None) -> App:
    """An app whose options come from flags, environment, ``.env`` and ``immich-toolkit.toml``.

    Give it commands with ``app.command(…)`` or one function with ``app.default(…)``, and start it with :func:`run`.

    :param name: the console script, such as ``immich-duplicates``.
    :param help: one or two sentences.
    :param table: the command's table in the configuration file, where the app is one command (``duplicates``); None
        where it has commands: then a command's name is its table.
    """
    return App(
        name=name,
        help=help,
        # Anything richer would read "[server]" in a help text as markup.
        help_format="plaintext",
        version=partial(_version, name),
        config=Sources(table),
        default_parameter=Parameter(env_var_split=no_tokens, negative_iterable=(), show_default=shown_default),
        suppress_keyboard_interrupt=False,
    )


def _version(name: str) -> str:
    try:
        return f"{name} {metadata.version(APPLICATION)}"
    except metadata.PackageNotFoundError:
        return _("{name} (not installed)").format(name=name)


def run(app: App, argv: Sequence[str] | None = None, surroundings: Surroundings | None = None) -> int:
    """Run a command: the one place where exceptions become exit codes and messages.

    :param app: made by :func:`make_app`. Its commands return an exit code, or None for 0.
    :param argv: the arguments without the program's name; the process's own by default.
    :param surroundings: environment, folders and streams; the process's own by default.
    :return: the exit code, one of :class:`ExitCode` or `READER_GONE`; also that of ``sys.exit`` in a command.
    """
    stdout_was_closed = replace_closed() and surroundings is None
    invocation = Invocation(Surroundings() if surroundings is None else surroundings)
    for stream in (invocation.surroundings.stdout, invocation.surroundings.stderr, sys.stdout, sys.stderr):
        tolerant(stream)
    arguments = sys.argv[1:] if argv is None else list(argv)
    invocation.json = JSON_FLAG in arguments
    reset = current_invocation.set(invocation)
    try:
        code = _guarded(app, arguments, invocation, stdout_was_closed)
    finally:
        current_invocation.reset(reset)
    if failure_of(invocation.surroundings.stderr) is not None:
        discard(invocation.surroundings.stderr)
    if (failure := failure_of(invocation.surroundings.stdout)) is not None:
        return _result_lost(app, invocation, failure)
    return code


def _guarded(app: App, arguments: list[str], invocation: Invocation, stdout_was_closed: bool) -> int:
    try:
        if stdout_was_closed:
            refuse_closed()
        with _terminable(), patient_collector():
            return _call(app, arguments, invocation)
    except CycloptsError as error:
        return _complain(app, invocation, _describe(error), ExitCode.USAGE)
    except ToolkitError as error:
        return _complain(app, invocation, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain(app, invocation, _("interrupted"), ExitCode.INTERRUPTED)
    except BrokenPipeError as error:
        return _result_lost(app, invocation, error)
    except OSError as error:
        failure = failure_of(invocation.surroundings.stdout)
        return _report_bug(app, invocation, error) if failure is None else _result_lost(app, invocation, failure)
    except Exception as error:  # noqa: BLE001 - the last resort of the process: reported, written down, exit 1
        return _report_bug(app, invocation, error)


@contextmanager
def patient_collector() -> Iterator[None]:
    """Let Python look for garbage less often while a command runs.

    It makes many small values and keeps nearly all of them to its end; looking at them again after every 700 new ones takes a fifth of
    the time of planning 10,000 groups.
    """
    former = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*former)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM (a container that is stopped) end a command as Ctrl-C does: after the requests that are under way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _result_lost(app: App, invocation: Invocation, failure: OSError) -> int:
    """stdout takes no more: what was to be said is not, whatever else was done."""
    discard(invocation.surroundings.stdout)
    if isinstance(failure, BrokenPipeError):
        # The reader has read enough (`… | head`): nobody to tell, and no error of ours.
        return READER_GONE
    invocation.json = False
    reason = failure.strerror or type(failure).__name__
    return _complain(
        app, invocation, _("the result cannot be written: {reason}").format(reason=reason), ExitCode.UNEXPECTED
    )


def load(options: type[Options], surroundings: Surroundings | None = None, *, table: str | None = None) -> Options:
    """Options read without a command line: from environment, ``.env`` and ``immich-toolkit.toml``.

    :param options: an options class all of whose fields have defaults, such as ``ConnectionOptions``.
    :param surroundings: environment and folders; the process's own by default.
    :param table: the table of options that are not the connection's.
    :raises UsageError: when a value is wrong.
    """

    def take(*, values: Any = options()) -> Any:  # noqa: B008 - read once, as cyclopts wants it
        return values

    take.__annotations__["values"] = Annotated[options, Parameter(name="*")]
    app = make_app(APPLICATION, "", table=table)
    app.default(take)
    invocation = Invocation(Surroundings() if surroundings is None else surroundings)
    running = current_invocation.get()
    if running is not None:
        # What is read inside of a command must stay out of that command's messages.
        invocation.secrets = running.secrets
        if surroundings is None:
            invocation.surroundings = running.surroundings
    reset = current_invocation.set(invocation)
    try:
        values = _call_for_value(app, [], invocation)
    except CycloptsError as error:
        raise UsageError(_describe(error)) from None
    finally:
        current_invocation.reset(reset)
    if not isinstance(values, options):
        raise TypeError(f"expected {options.__name__}, got {type(values).__name__}")
    return values


def _call(app: App, argv: list[str], invocation: Invocation) -> int:
    try:
        result = _call_for_value(app, argv, invocation)
    except SystemExit as stop:
        result = stop.code
    if result is None:
        return ExitCode.DONE
    if isinstance(result, int):
        return result
    raise TypeError(f"a command returned {type(result).__name__} instead of an exit code")


def _call_for_value(app: App, argv: list[str], invocation: Invocation) -> Any:
    world = invocation.surroundings
    return app(
        argv,
        console=Paper(file=world.stdout),
        error_console=Paper(file=world.stderr),
        print_error=False,
        exit_on_error=False,
        result_action="return_value",
    )


def _complain(app: App, invocation: Invocation, message: str, code: ExitCode) -> int:
    message = redact(printable(message, lines=True), invocation.secrets)
    # stderr may be closed or full as well; then the exit code has to say it all.
    with suppress(OSError, ValueError):
        print(f"{app.name[0]}: {message}", file=invocation.surroundings.stderr, flush=True)
    if invocation.json and not invocation.summarized:
        stdout = invocation.surroundings.stdout
        # Where stdout is what failed, that is found out and said by the caller.
        with suppress(OSError, ValueError):
            print(json_line(summary_line(code, message=message), stdout), file=stdout, flush=True)
    return code


def summary_line(code: ExitCode, *, message: str | None = None) -> dict[str, Any]:
    """The last JSON line of a command that carried nothing out.

    :param message: the error that ended it.
    """
    line: dict[str, Any] = {
        "message_type": "summary",
        "run": None,
        "results": {},
        "unfinished": False,
        "exit_code": int(code),
    }
    return line if message is None else {**line, "message": message}


def _describe(error: CycloptsError) -> str:
    """One line for what cyclopts found wrong with the command line; never the value behind an unknown option."""
    if isinstance(error, UnknownOptionError):
        return _describe_unknown_option(error)
    if isinstance(error, UnusedCliTokensError):
        words = ", ".join(_shortened(token) for token in error.unused_tokens or ())
        return _("unexpected argument: {words}").format(words=words)
    if isinstance(error, RepeatArgumentError):
        return _("{name} was given more than once, or together with its opposite").format(name=error.token.keyword)
    described = None if error.argument is None else _describe_argument(error, error.argument)
    return described or " ".join(str(error).split())


def _describe_argument(error: CycloptsError, argument: Argument) -> str | None:
    name = next((token.keyword for token in argument.tokens if token.keyword), argument.name)
    if isinstance(error, ValidationError):
        reason = error.exception_message
        return f"{name}: {argument.value} {reason[:1].lower()}{reason[1:].rstrip('.')}"
    if isinstance(error, MissingArgumentError):
        return _("{name} needs a value").format(name=error.keyword or name)
    if isinstance(error, CoercionError) and error.target_type is bool and error.token is not None:
        return _("{name} takes no value, or one of true, false, yes, no, 1, 0").format(name=error.token.keyword or name)
    return None


def _describe_unknown_option(error: UnknownOptionError) -> str:
    typed = (error.token.keyword or error.token.value).partition("=")[0]
    # What follows a short option may be its value: -kSECRET.
    name = typed if typed.startswith("--") else typed[:2]
    message = _("unknown option {name}").format(name=name)
    known = [flag for argument in error.argument_collection if argument.parse for flag in argument.names]
    nearest = get_close_matches(name, known, n=1)
    return message + (_("; did you mean {nearest}?").format(nearest=nearest[0]) if nearest else "")


def _shortened(word: str) -> str:
    # A stray long word may well be an API key that was meant for an option.
    return word if len(word) <= _LONGEST_QUOTED_WORD else f"{word[:4]}…"


def _report_bug(app: App, invocation: Invocation, error: Exception) -> int:
    details = redact("".join(traceback.format_exception(error)), invocation.secrets)
    summary = _("this is a bug ({kind})").format(kind=type(error).__name__)
    try:
        where = _("details are in {path}").format(path=_write_report(invocation.surroundings.state_folder, details))
    except OSError:
        where = _("run it again with --verbose for details")
    if invocation.verbose:
        with suppress(OSError, ValueError):
            invocation.surroundings.stderr.write(details)
    return _complain(app, invocation, f"{summary}; {where}", ExitCode.UNEXPECTED)


def _write_report(state_folder: Path, details: str) -> Path:
    folder = state_folder / "crashes"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with open(descriptor, "a", encoding="utf-8") as file:  # noqa: PTH123 - opened by descriptor, readable by its owner only
        file.write(details)
    return path
