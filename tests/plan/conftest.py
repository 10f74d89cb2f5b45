"""Scenes for the plan engine's specifications."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.sandbox import Dialect
from tests.plan.scene import Scene


@pytest.fixture(params=list(Dialect), ids=lambda dialect: dialect.value)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


@pytest.fixture
def scene(dialect: Dialect, tmp_path: Path) -> Scene:
    """An empty server of each dialect."""
    return Scene(dialect, tmp_path / "runs")
