"""Running a command once for each account: what goes wrong for one does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from immich_tools.errors import ExitCode
from immich_tools.settings.account import Turn
from immich_tools.settings.surroundings import Invocation

Call = Callable[[], int]


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
