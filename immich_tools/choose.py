"""Asking a person about each group of a plan; only an explicit yes acts."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from immich_tools.i18n import _
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Plan, by_group


class Answer(Enum):
    """What a person can say of a group."""

    YES = "y"
    NO = "n"
    SKIP_REST = "s"
    ALL_REST = "a"
    QUIT = "q"


def parse_answer(text: str) -> Answer | None:
    """The answer somebody typed: its letter or ``yes`` / ``no``; None for anything else, the empty line included."""
    words = {answer.value: answer for answer in Answer} | {"yes": Answer.YES, "no": Answer.NO}
    return words.get(text.strip().lower())


def choose(plan: Plan, ask: Callable[[str, tuple[Change, ...]], str]) -> Plan:
    """Keep only the groups somebody says yes to.

    :param ask: shows a group's changes with a question and returns what was typed; asked again until it is an answer.
    :returns: the plan with the chosen changes; without any after `Answer.QUIT`.
    """
    chosen: list[str] = []
    rest: Answer | None = None
    for changes in by_group(plan.changes).values():
        answer = rest
        while answer is None:
            answer = parse_answer(
                ask(
                    _("Carry this out? y yes, n no, s skip the rest, a all the rest, q quit and change nothing: "),
                    tuple(changes),
                )
            )
        if answer is Answer.QUIT:
            return plan.only(())
        if answer in (Answer.SKIP_REST, Answer.ALL_REST):
            rest = answer
        if answer in (Answer.YES, Answer.ALL_REST):
            chosen += [change.id for change in changes]
    return plan.only(chosen)
