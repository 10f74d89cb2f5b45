"""The frame of every command: an app with our configuration sources, and the one place where errors become exit codes."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Final, TypeVar

from attrs import frozen
from cyclopts import App, CycloptsError, Parameter

from immich_tools.errors import ExitCode, ToolkitError, UsageError
from immich_tools.folders import APPLICATION
from immich_tools.i18n import _
from immich_tools.secret import redact
from immich_tools.settings.abbreviations import completed
from immich_tools.settings.accounts import RunForEach
from immich_tools.settings.complaints import describe
from immich_tools.settings.ending import hear, tell_end
from immich_tools.settings.sources import JSON_FLAG, Sources
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
from immich_tools.settings.summary import joint_summary, path_typed, summary_line, write_summary
from immich_tools.settings.surroundings import Invocation, Surroundings, current_invocation
from immich_tools.settings.turns import Call, Failure, call_each
from immich_tools.settings.values import Separated, shown_default

READER_GONE: Final = 128 + 13
"""Exit code when the reader of the output has gone (`… | head`): what a shell says of a program that SIGPIPE ended."""

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
        default_parameter=Parameter(env_var_split=Separated(","), negative_iterable=(), show_default=shown_default),
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
    invocation.summary_file = path_typed(arguments)
    invocation.complain = partial(_complain, app, invocation)
    began = datetime.now(UTC)
    reset = current_invocation.set(invocation)
    try:
        code = _guarded(app, arguments, invocation, stdout_was_closed)
        if failure_of(invocation.surroundings.stderr) is not None:
            discard(invocation.surroundings.stderr)
        if (failure := failure_of(invocation.surroundings.stdout)) is not None:
            code = _result_lost(app, invocation, failure)
        if invocation.summary_file is not None:
            code = _write_summary(app, invocation, code)
        tell_end(code, began, invocation, partial(_tell, app, invocation))
    finally:
        current_invocation.reset(reset)
    return code


def _guarded(app: App, arguments: list[str], invocation: Invocation, stdout_was_closed: bool) -> int:
    try:
        if stdout_was_closed:
            refuse_closed()
        with _terminable(), patient_collector():
            return _call(app, completed(app, arguments), invocation)
    except CycloptsError as error:
        return _complain(app, invocation, describe(error), ExitCode.USAGE)
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
        raise UsageError(describe(error)) from None
    finally:
        current_invocation.reset(reset)
    if not isinstance(values, options):
        raise TypeError(f"expected {options.__name__}, got {type(values).__name__}")
    return values


@frozen
class Parsed:
    """The options of a command that was not run.

    :ivar values: the command's arguments, by the names of its parameters.
    :ivar given: flags of the options that got a value from anywhere.
    """

    values: Mapping[str, Any]
    given: frozenset[str]


def parse(app: App, argv: Sequence[str]) -> tuple[Parsed, ...]:
    """Read the options of a command without running it; for a command that is run for several accounts, of each of them.

    :raises UsageError: one is wrong.
    """
    for word in argv:
        if word in (*app.help_flags, *app.version_flags):
            raise UsageError(_("unknown option {flag}").format(flag=word))
    argv = completed(app, argv)
    running = current_invocation.get() or Invocation(Surroundings())
    invocation = Invocation(running.surroundings, secrets=running.secrets)
    reset = current_invocation.set(invocation)
    try:
        try:
            return (_parsed(app, argv, invocation),)
        except RunForEach as found:
            turns = found.turns
        parsed = []
        for invocation.turn in turns:
            parsed.append(_parsed(app, argv, invocation))
        return tuple(parsed)
    except CycloptsError as error:
        raise UsageError(describe(error)) from None
    finally:
        current_invocation.reset(reset)


def _parsed(app: App, argv: Sequence[str], invocation: Invocation) -> Parsed:
    _command, bound, _ignored = app.parse_args(
        list(argv), **_streams(invocation), print_error=False, exit_on_error=False
    )
    bound.apply_defaults()
    return Parsed(bound.arguments, invocation.given)


def _call(app: App, argv: list[str], invocation: Invocation) -> int:
    try:
        command, bound, _ignored = app.parse_args(argv, **_streams(invocation), print_error=False, exit_on_error=False)
    except RunForEach as found:
        turns, warning = found.turns, found.warning
    else:
        hear(bound.arguments.values(), invocation)
        return _exit_code(lambda: command(*bound.args, **bound.kwargs))
    if warning is not None:
        _tell(app, invocation, warning)

    def fail(failure: Failure) -> int:
        return _complain(app, invocation, failure.message, failure.code)

    return call_each(turns, invocation, prepare=lambda: _prepared(app, argv, invocation), fail=fail)


def _prepared(app: App, argv: list[str], invocation: Invocation) -> Call:
    """The command with its options, to be called later.

    :raises Failure: they are wrong.
    """
    try:
        command, bound, _ignored = app.parse_args(argv, **_streams(invocation), print_error=False, exit_on_error=False)
    except CycloptsError as error:
        raise Failure(describe(error), ExitCode.USAGE) from None
    except ToolkitError as error:
        raise Failure(str(error), error.exit_code) from None
    hear(bound.arguments.values(), invocation)

    def call() -> int:
        try:
            return _exit_code(lambda: command(*bound.args, **bound.kwargs))
        except ToolkitError as error:
            raise Failure(str(error), error.exit_code) from None

    return call


def _exit_code(call: Callable[[], Any]) -> int:
    try:
        result = call()
    except SystemExit as stop:
        result = stop.code
    if result is None:
        return ExitCode.DONE
    if isinstance(result, int):
        return result
    raise TypeError(f"a command returned {type(result).__name__} instead of an exit code")


def _call_for_value(app: App, argv: list[str], invocation: Invocation) -> Any:
    return app(argv, **_streams(invocation), print_error=False, exit_on_error=False, result_action="return_value")


def _streams(invocation: Invocation) -> dict[str, Any]:
    world = invocation.surroundings
    return {"console": Paper(file=world.stdout), "error_console": Paper(file=world.stderr)}


def _complain(app: App, invocation: Invocation, message: str, code: ExitCode) -> int:
    account = invocation.account_name
    line = invocation.with_account(summary_line(code, message=_safe(message, invocation)))
    invocation.summaries.append(line)
    _tell(
        app,
        invocation,
        message if account is None else _("account {name}: {message}").format(name=account, message=message),
    )
    if invocation.json and not invocation.summarized:
        stdout = invocation.surroundings.stdout
        # Where stdout is what failed, that is found out and said by the caller.
        with suppress(OSError, ValueError):
            print(json_line(line, stdout), file=stdout, flush=True)
    return code


def _write_summary(app: App, invocation: Invocation, code: int) -> int:
    path = invocation.surroundings.working_folder / str(invocation.summary_file)
    try:
        write_summary(path, joint_summary(invocation.summaries, code))
    except UsageError as error:
        _tell(app, invocation, str(error))
        # What was to be done is done; that nobody can read of it is still an error.
        return code or ExitCode.UNEXPECTED
    return code


def _tell(app: App, invocation: Invocation, message: str) -> None:
    # stderr may be closed or full as well; then the exit code has to say it all.
    with suppress(OSError, ValueError):
        print(f"{app.name[0]}: {_safe(message, invocation)}", file=invocation.surroundings.stderr, flush=True)


def _safe(message: str, invocation: Invocation) -> str:
    return redact(printable(message, lines=True), invocation.secrets)


def _report_bug(app: App, invocation: Invocation, error: Exception) -> int:
    details = redact("".join(traceback.format_exception(error)), invocation.secrets)
    summary = _("this is a bug ({kind})").format(kind=type(error).__name__)
    try:
        where = _("details are in {path}").format(path=_write_report(invocation.surroundings.state_folder, details))
    except (OSError, UsageError):
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
