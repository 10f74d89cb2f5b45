"""Effects on external libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import define, field, frozen

from immich_tools.i18n import _
from immich_tools.immich.models import Asset
from immich_tools.plan.effects.base import DONE, Action, Change, Phase, Reading, Results, RunState, State
from immich_tools.plan.result import Result


@define
class ScansAsked:
    """What one run knows of scans.

    :ivar done: ids of the changes whose scan the server has accepted.
    """

    done: set[str] = field(factory=set)


@frozen
class ScanLibrary(Action):
    """Ask the server to look for new files in an external library. It answers before it begins; asking twice does no harm."""

    kind: ClassVar[str] = "scan-library"
    words: ClassVar[str] = _("scan libraries")
    phase: ClassVar[Phase] = Phase.SCAN
    operations: ClassVar[tuple[str, ...]] = ("scanLibrary",)
    reading: ClassVar[Reading] = Reading.OWN
    is_sent_alone: ClassVar[bool] = True
    library_id: str
    library_name: str = ""

    @property
    def assets(self) -> tuple[str, ...]:
        return ()

    @property
    def is_sent_once(self) -> bool:
        return True

    def inverse(self) -> tuple[Action, ...]:
        return ()

    def decides(self) -> tuple[str, ...]:
        return ("library", self.library_id)

    def describe(self) -> str:
        return _("scan library '{name}'").format(name=self.library_name or self.library_id)

    @classmethod
    def check_preconditions(cls, run: RunState, changes: Sequence[Change[Any]], state: State) -> Mapping[str, Result]:
        return {}

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        (change,) = changes
        run.immich.libraries.scan(change.action.library_id)
        run.own(ScansAsked).done.add(change.id)
        return {change.id: DONE}

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        return {change.id: change.id in run.own(ScansAsked).done for change in changes}
