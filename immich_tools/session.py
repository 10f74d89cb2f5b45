"""What every command does around gather, plan and apply: connect, show, ask, carry out, and say how it ended."""

from __future__ import annotations

import sys
import warnings
from logging import WARNING
from types import TracebackType
from typing import Self

from immich_tools.choose import Answer, choose, parse_answer
from immich_tools.errors import ExitCode, UsageError
from immich_tools.i18n import _, ngettext
from immich_tools.immich.client import Immich, InsecureConnection
from immich_tools.immich.connection import PAGE_SIZE
from immich_tools.plan.confirm import confirm
from immich_tools.plan.effects.base import Change
from immich_tools.plan.execute import apply
from immich_tools.plan.guards import Guards, finally_removed, sentence
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.storage import check_place
from immich_tools.report.output import Output
from immich_tools.settings import ApplyOptions, ConnectionOptions, ExecutionOptions, OutputOptions, account_in_turn
from immich_tools.tools import replan


def connect(options: ConnectionOptions, *, read_only: bool, output: Output, page_size: int = PAGE_SIZE) -> Immich:
    """Connect as the options say; a warning about an unverified certificate goes to the person, not to Python's own channel."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InsecureConnection)
        immich = Immich.from_options(
            options,
            read_only=read_only,
            page_size=page_size,
            report_wait=lambda words: output.say(words, level=WARNING),
        )
    for warning in caught:
        output.say(_("Warning: {message}").format(message=warning.message))
    return immich


class Session:
    """One run of one tool.

    :ivar outcome: what became of the plan; None while none was carried out.

    :param output: what somebody else has opened, that one closes.
    :param changes: whether and how the plan is carried out; without ``--apply`` the connection refuses to write.
    :param page_size: assets in one answer of a listing, 1 to 1000.
    """

    def __init__(
        self,
        connection: ConnectionOptions,
        output: OutputOptions | Output,
        changes: ApplyOptions,
        *,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.output = output if isinstance(output, Output) else Output(output)
        self._owns_output = self.output is not output
        self.changes = changes
        self.outcome: Outcome | None = None
        if changes.save_plan is not None:
            check_place(changes.save_plan)
        account = account_in_turn()
        if account is not None:
            self.output.say(_("Account {name}:").format(name=account))
        self.immich = connect(connection, read_only=not changes.apply, output=self.output, page_size=page_size)
        if changes.apply:
            self.immich.check_writable()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.immich.close()
        if self._owns_output:
            self.output.close()

    def show(self, plan: Plan, *, each: bool = True) -> None:
        """Print the plan, and save it if asked to.

        :param each: every group of it, not only the sums.
        """
        self.output.plan(plan, each=each)
        if self.changes.save_plan is not None:
            plan.save(self.changes.save_plan)
            self.output.say(
                _(
                    "The plan is in {path}. Read it, delete what you do not want, and carry it out with: immich-toolkit apply {path}"
                ).format(path=self.changes.save_plan)
            )

    def choose(self, plan: Plan) -> Plan:
        """Show and ask about each group."""

        def ask_about(question: str, group: tuple[Change, ...]) -> str:
            self.output.group(plan, group)
            return ask(question)

        return choose(plan, ask_about)

    def still_true(self, plan: Plan) -> Plan:
        """What of a plan is still true: reading and planning again after a person took their time over it."""
        if not plan.changes:
            return plan
        confirmed, fallen = confirm(plan, replan(self.immich, plan, journal_folder=self.changes.journals()))
        for skip in fallen:
            self.output.say(_("No longer true: {reason}").format(reason=skip.reason))
        return confirmed

    def apply(self, plan: Plan) -> ExitCode:
        """Carry the plan out if asked to; say how it ended.

        :returns: the exit code of the command.
        """
        if not plan.changes:
            return self.output.nothing_done(_("Nothing to do."), ExitCode.DONE)
        if not self.changes.apply:
            code = ExitCode.WORK_FOUND if self.changes.exit_code else ExitCode.DONE
            return self.output.nothing_done(_("Dry run: nothing was changed. Carry it out with --apply."), code)
        permanent = self._permanent(plan)
        try:
            outcome = apply(
                plan,
                self.immich,
                guards=guards_of(self.changes),
                journal_folder=self.changes.journals(),
                permanent=permanent,
                batch_size=self.changes.batch_size,
                progress=self.output.watcher(_("Applying")),
            )
        except KeyboardInterrupt:
            self.output.say(
                _(
                    "Stopped in the middle. Go on with: immich-toolkit resume last. Take it back with: immich-toolkit undo last."
                )
            )
            raise
        return self.finish(outcome)

    def finish(self, outcome: Outcome) -> ExitCode:
        """Say how a run ended."""
        self.outcome = outcome
        self.output.outcome(outcome)
        return outcome.exit_code

    def _permanent(self, plan: Plan) -> str | None:
        if not self.changes.permanent:
            return None
        guards_of(self.changes).check(plan)
        return typed_consent(plan, self.immich)


def typed_consent(plan: Plan, immich: Immich) -> str | None:
    """Ask for the sentence that allows deleting for good; None when the plan deletes nothing for good."""
    count = finally_removed(plan, immich.trash_policy)
    if not count:
        return None
    return ask(
        ngettext(
            "{count} asset will be deleted for good; nothing can bring it back. Type '{sentence}' to go on: ",
            "{count} assets will be deleted for good; nothing can bring them back. Type '{sentence}' to go on: ",
            count,
        ).format(count=count, sentence=sentence(count))
    )


def guards_of(changes: ExecutionOptions) -> Guards:
    """The guards that the options describe."""
    if changes.max_ratio is None:
        return Guards(max_removed=changes.max_removed)
    return Guards(max_removed=changes.max_removed, max_ratio=changes.max_ratio)


def ask(question: str) -> str:
    """Ask a person on the terminal. A pipe may answer too: ``echo … | immich-duplicates --permanent`` is a deliberate act.

    :raises UsageError: there is nobody to ask.
    """
    if sys.stdin.isatty():
        print(question, end="", file=sys.stderr, flush=True)  # noqa: T201 - a question goes to the person, not into the result
        return sys.stdin.readline().strip()
    answer = sys.stdin.readline()
    if not answer:
        raise UsageError(
            _("This needs an answer, and there is no terminal to ask on: {question}").format(question=question.strip())
        )
    return answer.strip()


def agree(question: str, *, yes: bool, flag: str = "--yes") -> bool:
    """Ask before something is changed; only an explicit yes agrees.

    :param yes: agreed beforehand.
    :param flag: how the command agrees beforehand.
    :raises UsageError: there is nobody to ask.
    """
    return (
        yes
        or parse_answer(ask(_("{question} y or n ({flag} answers beforehand): ").format(question=question, flag=flag)))
        is Answer.YES
    )
