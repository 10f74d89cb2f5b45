"""What tools do with an asset whose date the server does not tell, or tells in a form that cannot be read."""

from __future__ import annotations

from io import StringIO

from attrs import evolve
from rich.console import Console

from immich_tools.folder_albums.thumbnails import _newest, _oldest
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Label, Plan
from immich_tools.report.table import print_plan
from tests.unit.album_backup.build import asset


def test_a_file_without_a_known_date_is_neither_the_oldest_nor_the_newest_of_an_album() -> None:
    undated = evolve(asset("a"), file_created_at=None)
    dated = asset("b")
    for order in ((undated, dated), (dated, undated)):
        assert (_oldest(order), _newest(order)) == ("b", "b")
    assert (_oldest([undated]), _newest([undated])) == ("a", "a")


def test_an_unknown_date_is_shown_as_unknown() -> None:
    label = Label.of(evolve(asset("a"), file_created_at=None, local_date_time=None))
    assert label.taken == ""
    plan = Plan("duplicates", "me", "3.1.0", 1, (Change("t", TrashAssets(("a",))),), labels={"a": label})
    page = StringIO()
    print_plan(plan, Console(file=page, width=200))
    assert "date unknown" in page.getvalue()
    assert "1970" not in page.getvalue()
