"""What the picture editor of Immich 3 makes of an original."""

from __future__ import annotations

import io
from typing import Any

from immich_tools.sandbox import originals
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Asset
from immich_tools.sandbox.jobs import EDITOR, Steps
from immich_tools.sandbox.metadata import open_image


def queue_edit(server: Server, asset: Asset) -> None:
    """Queue making the edited picture, or removing it when there are no edits."""
    server.queues.add(EDITOR, lambda: _make(server, asset.id), asset.id)


def _make(server: Server, asset_id: str) -> Steps:
    yield
    asset = server.state.assets.get(asset_id)
    if asset is None:
        return
    content = originals.read(asset)
    image = open_image(content) if content is not None and asset.edits else None
    asset.edited = None if not asset.edits else content if image is None else _edited(image, asset.edits)
    server.state.touch(asset)


def _edited(image: Any, edits: list[dict[str, Any]]) -> bytes:
    from PIL import ImageOps

    for entry in edits:
        given = entry["parameters"]
        if entry["action"] == "rotate":
            image = image.rotate(-given["angle"], expand=True)
        elif entry["action"] == "mirror":
            image = ImageOps.mirror(image) if given["axis"] == "horizontal" else ImageOps.flip(image)
        else:
            image = image.crop((given["x"], given["y"], given["x"] + given["width"], given["y"] + given["height"]))
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG")
    return out.getvalue()
