"""Determinism, dumps, saving and loading, the log, the transport and the served port."""

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from immich_tools.sandbox import Dialect, Sandbox, large_library, sample_library

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def client_of(sandbox: Sandbox, url: str | None = None) -> httpx.Client:
    headers = {"x-api-key": sandbox.admin_key}
    if url is not None:
        return httpx.Client(base_url=url, headers=headers)
    return httpx.Client(transport=sandbox.transport(), base_url=sandbox.url, headers=headers)


def test_the_same_seed_gives_the_same_sandbox(dialect: Dialect) -> None:
    first, second, other = (Sandbox(dialect, seed=seed, now=lambda: NOW) for seed in (1, 1, 2))
    for sandbox in (first, second, other):
        sample_library(sandbox)
    assert first.dump() == second.dump()
    assert first.admin_key == second.admin_key != other.admin_key
    assert first.dump() != other.dump()


def test_ids_are_of_version_four(sandbox: Sandbox) -> None:
    for _ in range(50):
        asset_id = sandbox.add_asset()
        assert asset_id[14] == "4"
        assert asset_id[19] in "89ab"


def test_dump_is_plain_json_and_not_changed_by_reads(sandbox: Sandbox, call: Any) -> None:
    sample_library(sandbox)
    before = sandbox.dump()
    assert json.loads(json.dumps(before)) == before
    for path in ("/albums", "/tags", "/duplicates", "/people", "/stacks", "/timeline/buckets", "/libraries"):
        assert call("GET", path).status_code == 200
    assert sandbox.dump() == before
    assert sandbox.requests.writes() == []


def test_undoing_by_hand_brings_the_dump_back(sandbox: Sandbox, call: Any) -> None:
    asset_id = sandbox.add_asset()
    album = sandbox.add_album("Album")
    before = sandbox.dump()
    call("PUT", f"/albums/{album}/assets", {"ids": [asset_id]})
    call("PUT", "/assets", {"ids": [asset_id], "isFavorite": True})
    assert sandbox.dump() != before
    call("PUT", "/assets", {"ids": [asset_id], "isFavorite": False})
    call("DELETE", f"/albums/{album}/assets", {"ids": [asset_id]})
    assert sandbox.dump() == before


@pytest.mark.parametrize("has_folder", [False, True])
def test_save_and_load(dialect: Dialect, tmp_path: Path, has_folder: bool) -> None:
    sandbox = Sandbox(dialect, folder=tmp_path if has_folder else None)
    made = sample_library(sandbox)
    sandbox.save(tmp_path)
    loaded = Sandbox.load(tmp_path)
    assert loaded.dump() == sandbox.dump()
    assert loaded.add_asset() == sandbox.add_asset()
    path = f"/api/assets/{made.assets['photo 1']}/original"
    with client_of(loaded) as new, client_of(sandbox) as old:
        assert new.get(path).content == old.get(path).content
        assert new.get("/api/users/me").status_code == 200
        assert new.get("/api/albums").json()[0]["id"] == old.get("/api/albums").json()[0]["id"]


def test_saving_without_a_folder_is_an_error(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder"):
        sandbox.save()
    with pytest.raises(FileNotFoundError):
        Sandbox.load(tmp_path)
    (tmp_path / "sandbox.json").write_text('{"schema": 99}', encoding="utf-8")
    with pytest.raises(ValueError, match="schema"):
        Sandbox.load(tmp_path)


def test_transport_and_port_agree(sandbox: Sandbox) -> None:
    made = sample_library(sandbox)
    photo = made.assets["photo 1"]
    paths = [
        "/api/server/about",
        "/api/albums",
        f"/api/assets/{photo}",
        f"/api/assets/{photo}/thumbnail",
        f"/api/assets/{photo}/original",
        "/api/nothing",
        "/api/view/folder?path=/mnt/external/photos/2020/02%20Feb/Vacation",
        "/.well-known/immich",
    ]
    with sandbox.serve() as url, client_of(sandbox, url) as served, client_of(sandbox) as direct:
        assert url.startswith("http://127.0.0.1:")
        for path in paths:
            over_port, in_process = served.get(path), direct.get(path)
            assert over_port.status_code == in_process.status_code
            assert over_port.headers["content-type"] == in_process.headers["content-type"]
            if sandbox.dialect is Dialect.V3 or path != "/api/nothing":
                assert over_port.content == in_process.content
        assert len(served.get(paths[6]).json()) == 3
        ranged = served.get(paths[4], headers={"range": "bytes=2-5"})
        assert (ranged.status_code, ranged.content) == (206, served.get(paths[4]).content[2:6])
        assert served.head(paths[4]).content == b""


def test_several_threads_share_a_transport(sandbox: Sandbox) -> None:
    album = sandbox.add_album("Album")
    ids = [sandbox.add_asset() for _ in range(80)]
    with client_of(sandbox) as client:

        def add(part: list[str]) -> None:
            for asset_id in part:
                client.put(f"/api/albums/{album}/assets", json={"ids": [asset_id]})

        threads = [threading.Thread(target=add, args=(ids[start::4],)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(sandbox.state.albums[album].asset_ids) == set(ids)
    assert len(sandbox.requests.writes()) == 80


def test_large_library(sandbox: Sandbox, call: Any) -> None:
    made = large_library(sandbox, 600, groups=20, albums=5, tags=5)
    assert len(made.asset_ids) == 600
    groups = call("GET", "/duplicates").json()
    assert [len(group["assets"]) for group in groups] == [3] * 20
    assert call("POST", "/search/statistics", {"visibility": "timeline"}).json() == {"total": 600}
    moments = {asset.file_created_at for asset in sandbox.state.assets.values()}
    assert len(moments) == 30
    with pytest.raises(ValueError, match="groups"):
        large_library(sandbox, 5, groups=2)


def test_sandbox_needs_neither_httpx_nor_a_server_nor_pillow_to_be_imported() -> None:
    script = (
        "import sys; import immich_tools.sandbox as s; s.Sandbox().add_asset();"
        "print([m for m in ('httpx', 'uvicorn', 'starlette', 'PIL') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_command_prints_its_address_and_serves(dialect: Dialect, tmp_path: Path) -> None:
    options = ["--dialect", dialect.value, "--assets", "30", "--sample", "--folder", str(tmp_path)]
    command = [sys.executable, "-m", "immich_tools.sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("IMMICH_URL=")
        key = process.stdout.readline().strip().removeprefix("IMMICH_API_KEY=")
        answer = httpx.post(f"{url}/api/search/statistics", json={}, headers={"x-api-key": key})
        assert answer.json()["total"] > 70
        process.terminate()
    assert Sandbox.load(tmp_path).admin_key == key
