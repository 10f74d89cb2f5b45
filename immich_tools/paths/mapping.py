"""Where the server's folders are found on this computer. Only names are compared; nothing here looks at a disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.paths.names import is_below, normal_path, parts, separated


@frozen
class PathMap:
    """Folders of the server with where they are found here; what is not named is found under the same path.

    :ivar folders: folder of the server, without a slash at its end → folder here.
    """

    folders: Mapping[str, str] = field(factory=dict)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> PathMap:
        """Read entries of the form ``SERVER=LOCAL``, as ``--map`` takes them.

        :raises UsageError: an entry has not both, leads upwards, or a folder of the server is named twice with different places.
        """
        folders: dict[str, str] = {}
        for text in texts:
            server, _equals, local = text.partition("=")
            if not server.strip() or not local.strip():
                raise UsageError(
                    _("--map '{text}': write SERVER=LOCAL, such as /external=/mnt/photos.").format(text=text)
                )
            if ".." in parts(normal_path(server)):
                raise UsageError(_("--map '{text}': write the folder without '..'.").format(text=text))
            folder = normal_path(server).rstrip("/")
            if folders.setdefault(folder, local) != local:
                raise UsageError(_("--map names the folder {folder} twice.").format(folder=folder or "/"))
        return cls(folders)

    def entry_of(self, path: str) -> str | None:
        """The folder in the map that a path of the server lies in, or is; of nested ones the innermost. None if there is none."""
        folder: str | None = normal_path(path).rstrip("/")
        while folder is not None and folder not in self.folders:
            folder = folder.rpartition("/")[0] if "/" in folder else None
        return folder

    def unused(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Folders in the map that none of some paths of the server lies in, be it in a deeper one of the map; sorted.

        A folder that is misspelt would leave its files where they are not.
        """
        used = {entry for path in paths if (entry := self.entry_of(path)) is not None}
        return tuple(
            sorted(
                folder for folder in self.folders if not any(is_below(entry or "/", folder or "/") for entry in used)
            )
        )

    def local(self, path: str) -> str:
        """Where a file or folder of the server is found on this computer.

        The names below the folder in the map stay as the server writes them: not even their Unicode form is changed.
        """
        entry = self.entry_of(path)
        if entry is None:
            return path or "/"
        names = separated(path).split("/")[entry.count("/") + 1 :]
        return "/".join((self.folders[entry].rstrip("/"), *filter(None, names))) or "/"
