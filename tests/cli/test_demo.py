"""The demo ends where it began, and says so."""

from __future__ import annotations

import pytest

from immich_tools.cli import toolkit_app
from immich_tools.errors import ExitCode
from immich_tools.settings import run


@pytest.mark.parametrize("dialect", ["v2", "v3"])
def test_the_demo_plans_applies_and_undoes(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(toolkit_app(), ["demo", "--dialect", dialect]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "The library is exactly as it was." in said
    assert "move to the trash  8 assets" in said
