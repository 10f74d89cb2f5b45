"""External libraries: who may read them, and how a scan shows in what can be listed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from immich_tools import Immich
from immich_tools.errors import AccessDenied, AdministratorNeeded, RequestRefused, WriteRefused
from immich_tools.immich.filters import AssetFilter
from immich_tools.sandbox import Dialect, Jobs, Sandbox
from immich_tools.sandbox.pictures import Picture, draw

Connect = Callable[..., Immich]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_all(sandbox: Sandbox, immich: Immich) -> None:
    bea = sandbox.add_user("Bea", "bea@example.com")
    ids = [
        sandbox.add_library("Photos", ["/mnt/a", "/mnt/b"], exclusion_patterns=["**/@eaDir/**"]),
        sandbox.add_library("Empty", owner_id=bea.id, exclusion_patterns=()),
    ]
    found = {library.id: library for library in immich.libraries.all()}
    photos, empty = (found[library_id] for library_id in ids)
    assert (photos.name, photos.import_paths) == ("Photos", ("/mnt/a", "/mnt/b"))
    assert (photos.owner_id, photos.exclusion_patterns) == (sandbox.admin.id, ("**/@eaDir/**",))
    assert (empty.owner_id, empty.import_paths, empty.exclusion_patterns) == (bea.id, (), ())
    assert empty.refreshed_at is None
    assert list(found) == sorted(ids)


def test_a_user_is_told_from_a_key_without_the_permission(sandbox: Sandbox, connect: Connect) -> None:
    library_id = sandbox.add_library("Photos")
    user = connect(sandbox.add_key(sandbox.add_user("Bea", "bea@example.com").id))
    for refused in (user.libraries.all, lambda: user.libraries.scan(library_id)):
        with pytest.raises(AdministratorNeeded):
            refused()
    limited = connect(sandbox.add_key(sandbox.admin.id, ["asset.read"]))
    with pytest.raises(AccessDenied, match=r"library\.read") as denied:
        limited.libraries.all()
    assert type(denied.value) is AccessDenied


def test_an_unknown_library(immich: Immich) -> None:
    with pytest.raises(RequestRefused, match="Library not found"):
        immich.libraries.scan(UNKNOWN)


def test_a_dry_run_scans_nothing(sandbox: Sandbox, connect: Connect) -> None:
    library_id = sandbox.add_library("Photos")
    with pytest.raises(WriteRefused):
        connect(read_only=True).libraries.scan(library_id)


def test_waiting_for_a_scan(dialect: Dialect, tmp_path: Path) -> None:
    """A new asset shows without metadata first: whoever writes to it then may be overwritten by what is read from its file."""
    (tmp_path / "Trip").mkdir()
    (tmp_path / "Trip" / "IMG_1.jpg").write_bytes(draw(Picture(1)))
    (tmp_path / "Trip" / "IMG_10.jpg").write_bytes(draw(Picture(2)))
    sandbox = Sandbox(dialect, jobs=Jobs(seed=3))
    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport(), clock=sandbox.clock)
    library_id = sandbox.add_library("Photos", [str(tmp_path)])
    sandbox.add_asset(original_file_name="IMG_1.jpg")
    immich.libraries.scan(library_id)
    wanted = AssetFilter(library_id=library_id, path_part=f"{tmp_path}/trip/IMG_1", with_exif=True)
    states: list[dict[str, bool]] = []
    while not states or states[-1] != {"IMG_1.jpg": True, "IMG_10.jpg": True}:
        sandbox.clock.sleep(0.05)
        found = list(immich.assets.stream(wanted))
        states.append({asset.original_file_name: asset.exif is not None for asset in found})
    assert {"IMG_1.jpg": False, "IMG_10.jpg": False} in states
    assert immich.libraries.count_assets(library_id) == 2
    (library,) = immich.libraries.all()
    assert library.refreshed_at is not None
