"""Real files for plans that rest on them or write them."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path
from typing import Any

from immich_tools.plan.claims import AliveRoot, FileHolds, FilesMissing
from immich_tools.plan.effects.files import CopyFile


def digest(content: bytes) -> str:
    return sha1(content, usedforsecurity=False).hexdigest()


def write(path: Path, content: bytes = b"a photo") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def missing(root: Path, *names: str, **of_root: Any) -> FilesMissing:
    """The claim that files below a root are missing; ``there.jpg`` proves that the root is there."""
    witness = root / "2024" / "there.jpg"
    if not witness.exists():
        write(witness)
    return FilesMissing(tuple(str(root / name) for name in names), AliveRoot(str(root), (str(witness),), **of_root))


def holds(folder: Path, relative: str, content: bytes) -> FileHolds:
    return FileHolds(str(folder), relative, len(content), digest(content))


def copy_of(asset_id: str, folder: Path, relative: str, content: bytes, source: Path | None = None) -> CopyFile:
    """A copy of what is known, from a local file or as a download."""
    return CopyFile(
        str(folder),
        relative,
        asset_id,
        source=None if source is None else str(source),
        size=len(content),
        sha1=digest(content),
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
