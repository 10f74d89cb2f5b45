"""Running a command, or a part of one, once for each account: what goes wrong for one does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from immich_tools.errors import ExitCode, ToolkitError, UsageError
from immich_tools.i18n import _
from immich_tools.settings.account import Account, Turn
from immich_tools.settings.surroundings import Invocation, current_invocation

Call = Callable[[], int]
Value = TypeVar("Value")


class Failure(Exception):
    """An account's turn ended with an error that a person can act on."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def call_each(
    turns: Sequence[Turn], invocation: Invocation, *, prepare: Callable[[], Call], fail: Callable[[Failure], int]
) -> int:
    """Prepare all turns, then run those that could be prepared, one after the other.

    :param prepare: reads the options of the account whose turn it is and returns the command.
    :param fail: says what went wrong, and returns the exit code.
    :return: see `joint_code`.
    """
    prepared: list[Call | Failure] = []
    for invocation.turn in turns:
        try:
            prepared.append(prepare())
        except Failure as failure:
            prepared.append(failure)
    failures = [each for each in prepared if isinstance(each, Failure)]
    if len(failures) == len(turns) and len({(failure.message, failure.code) for failure in failures}) == 1:
        # What is wrong for everybody is no account's fault, and said once.
        invocation.turn = None
        return fail(failures[0])
    codes: list[int] = []
    for invocation.turn, call in zip(turns, prepared, strict=True):
        invocation.summarized = False
        try:
            codes.append(fail(call) if isinstance(call, Failure) else call())
        except Failure as failure:
            codes.append(fail(failure))
    invocation.turn = None
    return joint_code(codes)


def joint_code(codes: Sequence[int]) -> int:
    """The exit code for several accounts.

    :return: that of those that failed, when it is the same for all of these, else "some changes failed"; when none failed, whether a
        dry run found work.
    """
    successes = {int(ExitCode.DONE), int(ExitCode.WORK_FOUND)}
    failed = set(codes) - successes
    if failed:
        return failed.pop() if len(failed) == 1 else ExitCode.CHANGES_FAILED
    return max(codes, default=int(ExitCode.DONE))


def for_each_account(prepare: Callable[[Account], Call]) -> int:
    """Do something for each account of a command that needs all of them at once and has `AccountOptions`.

    First everything is prepared, then what could be prepared is run, one account after the other. What goes wrong for one is said, and
    does not stop the others.

    :param prepare: given the account; what it returns is run later, and returns an exit code.
    :return: the exit code of the command.
    :raises UsageError: there is no key at all.
    :raises ToolkitError: the error of the only account.
    """
    invocation = current_invocation.get()
    if invocation is None or not invocation.turns or invocation.complain is None:
        raise UsageError(_("no API key: set IMMICH_API_KEY or IMMICH_API_KEYS, or give each account of the file a key"))
    if len(invocation.turns) == 1:
        return prepare(invocation.turns[0].account())()
    complain = invocation.complain

    def prepared() -> Call:
        call = _failing(lambda: prepare(_turn(invocation).account()))
        return lambda: _failing(call)

    return call_each(
        invocation.turns,
        invocation,
        prepare=prepared,
        fail=lambda failure: complain(failure.message, failure.code),
    )


def _turn(invocation: Invocation) -> Turn:
    assert invocation.turn is not None
    return invocation.turn


def _failing(call: Callable[[], Value]) -> Value:
    """What `call` returns; its errors are the account's own."""
    try:
        return call()
    except ToolkitError as error:
        raise Failure(str(error), error.exit_code) from None
