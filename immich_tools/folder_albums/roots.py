"""Where a file lies below the configured roots. Paths are those the server knows; nothing here looks at a disk.

Roots are compared name by name, so ``/ext/lib`` does not hold ``/ext/library2``, and of nested roots the innermost one counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field, frozen

from immich_tools.errors import UsageError
from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.i18n import _
from immich_tools.paths import below, normal_path, parts


@frozen
class Folder:
    """A folder below a root.

    :ivar root: without a slash at its end.
    :ivar names: from the one below the root to the folder itself; never empty. A double slash in a path gives an empty name.
    """

    root: str
    names: tuple[str, ...]

    @property
    def path(self) -> str:
        """The whole path."""
        return "/".join((self.root.rstrip("/"), *self.names))


@frozen
class Placed:
    """A file below a root.

    :ivar below: its path below the root, the file's name included; what filters look at.
    """

    folder: Folder
    below: str


def directory(path: str) -> str:
    """The folder that a file lies in, by its path as the server sees it, in normal form and without a slash at its end."""
    return normal_path(path).rpartition("/")[0]


def _clean(text: str) -> str:
    path = normal_path(text)
    names = parts(path)
    if not path.strip() or not (names or path.startswith("/")):
        raise UsageError(_("--root-path is empty: give a folder as the server sees it, such as /external/photos."))
    if ".." in names:
        raise UsageError(_("--root-path '{root}': write the folder without '..'.").format(root=text))
    return path[: len(path) - len(path.lstrip("/"))] + "/".join(names)


@define(init=False)
class Roots:
    """The folders below which albums are made. Each folder is looked up once.

    :ivar folders: the roots without slashes at their ends, the innermost first.
    """

    folders: tuple[str, ...]
    _known: dict[str, tuple[str, Folder | Refusal]] = field(repr=False, eq=False)

    def __init__(self, texts: Iterable[str]) -> None:
        """
        :param texts: the roots as the user wrote them, as the server sees them; slashes or backslashes at the end do not matter.
        :raises UsageError: there is none, or one is empty or leads upwards.
        """
        self.folders = tuple(sorted(set(map(_clean, texts)), key=lambda root: (-len(root), root)))
        self._known = {}
        if not self.folders:
            raise UsageError(
                _("--root-path is missing: give a folder as the server sees it, such as /external/photos.")
            )

    def place(self, path: str) -> Placed | Refusal:
        """Where a file lies, or why it counts for nothing.

        :param path: the file's path as the server sees it.
        """
        path = normal_path(path)
        directory = path[: path.rfind("/") + 1]
        known = self._known.get(directory)
        if known is None:
            known = self._known[directory] = self._find(directory)
        prefix, folder = known
        return folder if isinstance(folder, Refusal) else Placed(folder, path[len(prefix) :])

    def _find(self, directory: str) -> tuple[str, Folder | Refusal]:
        for root in self.folders:
            prefix = below(root)
            if directory.startswith(prefix):
                rest = directory[len(prefix) : -1]
                if len(directory) > len(prefix):
                    return prefix, Folder(root, tuple(rest.split("/")))
                reason = _("lies directly in the root {root}, not in a folder below it").format(root=root)
                return prefix, Refusal(SkipCode.IN_ROOT, reason)
        return "", Refusal(SkipCode.OUTSIDE_ROOTS, _("lies under none of the roots"))
