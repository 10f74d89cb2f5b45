"""What became of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from immich_tools.errors import ExitCode
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Result, Status


@frozen(repr=False)
class Outcome:
    """What became of a plan.

    :ivar run_id: names the run for `undo`; None when there was nothing to do.
    :ivar results: by change id; every change of the plan is in it.
    :ivar unfinished: whether the run should be resumed, because it was cut short.
    """

    plan: Plan
    run_id: str | None = None
    journal: Path | None = None
    results: Mapping[str, Result] = field(factory=dict)
    unfinished: bool = False

    def counts(self) -> dict[Status, int]:
        """How many changes have each status."""
        return dict(Counter(result.status for result in self.results.values()))

    def with_status(self, *wanted: Status) -> list[tuple[Change, Result]]:
        """The changes with one of these statuses, in the plan's order."""
        return [
            (change, self.results[change.id])
            for change in self.plan.changes
            if self.results[change.id].status in wanted
        ]

    @property
    def failures(self) -> list[tuple[Change, Result]]:
        """The changes that should have been carried out and were not, or may not have been."""
        return self.with_status(Status.FAILED, Status.NOT_DONE, Status.UNKNOWN)

    @property
    def exit_code(self) -> ExitCode:
        """DONE when everything was carried out (or had become untrue), CHANGES_FAILED otherwise."""
        return ExitCode.CHANGES_FAILED if self.failures else ExitCode.DONE

    def __repr__(self) -> str:
        from immich_tools.report.text import outcome_summary

        return outcome_summary(self)
