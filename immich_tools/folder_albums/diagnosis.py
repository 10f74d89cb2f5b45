"""What is wrong with a root that holds no file: mostly the folder's path on the host was given instead of the one in Immich's container."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from immich_tools.folder_albums.roots import Roots
from immich_tools.i18n import _
from immich_tools.paths import is_below, normal_path, parts

SAMPLES: Final = 3
"""How many paths are shown."""


@frozen
class RootDiagnosis:
    """A root that holds no file.

    :ivar samples: a few paths the server does have, from different folders.
    :ivar suggestion: the root that was probably meant; None when nothing speaks for any.
    """

    root: str
    samples: tuple[str, ...] = ()
    suggestion: str | None = None

    @property
    def message(self) -> str:
        """What to tell the user."""
        sentences = [_("No file lies under the root {root}.").format(root=self.root)]
        if self.suggestion is not None:
            sentences.append(_("Did you mean {suggestion}?").format(suggestion=self.suggestion))
        if not self.samples:
            sentences.append(_("The server has no file in an external library that this key may see."))
        else:
            sentences.append(
                _(
                    "A root is the folder's path as Immich sees it (inside its container), where files are called {paths}."
                ).format(paths=", ".join(self.samples))
            )
        return " ".join(sentences)


def diagnose(roots: Roots, paths: Iterable[str], import_paths: Iterable[str] = ()) -> tuple[RootDiagnosis, ...]:
    """The roots that hold no file at all, each with what was probably meant.

    :param paths: of all files of external libraries, in any order; with those of uploads among them the suggestions get worse.
    :param import_paths: folders that the server's external libraries read, as far as the key may see them.
    """
    files: dict[str, str] = {}
    for path in map(normal_path, paths):
        folder = path[: path.rfind("/") + 1]
        files[folder] = min(path, files.get(folder, path))
    held = {root: any(is_below(folder, root) for folder in files) for root in roots.folders}
    empty = sorted(root for root, holds in held.items() if not holds)
    if not empty:
        return ()
    # Folders that another root accounts for are not what this one was meant to be, unless there is nothing else.
    free = [folder for folder in files if not any(holds and is_below(folder, root) for root, holds in held.items())]
    folders = free or list(files)
    counts = _counts(folders)
    imported = sorted({path.rstrip("/") or "/" for path in map(normal_path, import_paths)})
    samples = _samples(folders, files)
    return tuple(RootDiagnosis(root, samples, _suggestion(root, counts, imported, folders)) for root in empty)


def _counts(folders: Iterable[str]) -> Counter[str]:
    """All folders and the folders above them, by how many folders with files they hold."""
    counts: Counter[str] = Counter()
    for folder in folders:
        end = folder.find("/", 1)
        while end > 0:
            counts[folder[:end]] += 1
            end = folder.find("/", end + 1)
    return counts


def _samples(folders: Sequence[str], files: Mapping[str, str]) -> tuple[str, ...]:
    ordered = sorted(folders)
    count = min(SAMPLES, len(ordered))
    return tuple(files[ordered[place * len(ordered) // count]] for place in range(count))


def _suggestion(root: str, counts: Mapping[str, int], imported: Sequence[str], folders: Sequence[str]) -> str | None:
    """The folder whose path ends most like the root; else the only one imported; else the one that holds all files."""
    wanted = parts(root)
    best: tuple[tuple[int, int, int, int, int, str], str] | None = None
    for folder in {*counts, *imported}:
        names = parts(folder)
        alike = _common_end(names, wanted, exact=False)
        if not alike:
            continue
        # The longest common end; of equals an imported folder, one spelled exactly so, the highest, the fullest, the first.
        key = (
            -alike,
            folder not in imported,
            -_common_end(names, wanted, exact=True),
            len(names),
            -counts.get(folder, 0),
            folder,
        )
        if best is None or key < best[0]:
            best = key, folder
    if best is not None:
        return best[1]
    if len(imported) == 1:
        return imported[0]
    return _common_folder(folders)


def _common_end(names: Sequence[str], wanted: Sequence[str], *, exact: bool) -> int:
    count = 0
    for one, other in zip(reversed(names), reversed(wanted), strict=False):
        if one != other and (exact or _loose(one) != _loose(other)):
            break
        count += 1
    return count


def _loose(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().casefold())


def _common_folder(folders: Sequence[str]) -> str | None:
    if not folders:
        return None
    first, last = min(folders).split("/"), max(folders).split("/")
    if len(folders) == 1 and len(first) > 3:
        # Below a root there are folders.
        del first[-2:-1]
    common = 0
    for one, other in zip(first[:-1], last[:-1], strict=False):
        if one != other:
            break
        common += 1
    return "/".join(first[:common]) or None
