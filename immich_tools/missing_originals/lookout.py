"""Looks for the server's files on this computer, root by root, and again for those that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, evolve, field, frozen

from immich_tools.disk.findings import FileState, Finding
from immich_tools.disk.look import Sight, look
from immich_tools.disk.port import FileSystem, LocalFileSystem
from immich_tools.disk.replaced_names import odd_kinds
from immich_tools.disk.roots import Root, Verdict
from immich_tools.disk.scan import joined
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.places import Place, Places, local_folder
from immich_tools.missing_originals.records import split_path
from immich_tools.paths import PathMap

WITNESSES = 16
"""Files that are present whose presence is looked for again together with the missing ones: proof that the disk is there still."""


@frozen
class Seen:
    """What came of looking, with paths as the server sees them.

    :ivar findings: path → finding, of all files but those that are present.
    :ivar verdicts: root → whether its disk is proven to be there.
    :ivar witnesses: root → some files that are present, of each kind of names that are missing as well.
    :ivar not_shown: root → characters of names that were looked for and that it has not been seen to show; see `disk.look`.
    """

    findings: Mapping[str, Finding] = field(factory=dict)
    verdicts: Mapping[str, Verdict] = field(factory=dict)
    witnesses: Mapping[str, tuple[str, ...]] = field(factory=dict)
    not_shown: Mapping[str, tuple[str, ...]] = field(factory=dict)

    def proven(self) -> frozenset[str]:
        """The roots whose disks are proven to be there."""
        return frozenset(root for root, verdict in self.verdicts.items() if verdict.is_proven)

    def devices(self) -> dict[str, int]:
        """The devices of the roots that are proven to be there."""
        return {
            root: verdict.evidence.device
            for root, verdict in self.verdicts.items()
            if verdict.is_proven and verdict.evidence.device is not None
        }

    def missing(self) -> list[str]:
        """The paths of the files that are missing, sorted."""
        return sorted(path for path, finding in self.findings.items() if finding.state is FileState.MISSING)


@define
class _Root:
    """What is looked for below one root: by folder here, and how the server calls that folder."""

    folders: dict[str, list[str]] = field(factory=dict)
    server_folders: dict[str, dict[str, None]] = field(factory=dict)

    def server_paths(self, path: str) -> list[str]:
        """How the server calls a file; a map may lead several of its folders to one here."""
        folder, name = split_path(path)
        return [each + name for each in self.server_folders[folder]]


@define
class Lookout:
    """Looks for files as the options say.

    :ivar devices: root, as the server sees it → the device it was on in an earlier run.
    """

    places: Places
    path_map: PathMap
    options: MissingOriginalsOptions
    devices: Mapping[str, int] = field(factory=dict)
    file_system: FileSystem = field(factory=LocalFileSystem)

    def look(self, files: Iterable[tuple[str, str]]) -> Seen:
        """Look for files.

        :param files: folder, up to and including its last slash, and name, as the server sees them.
        """
        findings: dict[str, Finding] = {}
        verdicts: dict[str, Verdict] = {}
        witnesses: dict[str, tuple[str, ...]] = {}
        not_shown: dict[str, tuple[str, ...]] = {}
        for place, below in sorted(self._by_root(files).items()):
            device = None if self.options.accept_devices else self.devices.get(place.folder)
            sight = look(
                Root(self.path_map.local(place.folder), place.has_marker),
                below.folders,
                device=device,
                file_system=self.file_system,
                threads=self.options.disk_threads,
                patience=self.options.disk_timeout,
            )
            verdicts[place.folder] = sight.verdict
            witnesses[place.folder] = tuple(_witnesses(below, sight))
            if sight.not_shown:
                not_shown[place.folder] = sight.not_shown
            for path, finding in sight.findings.items():
                findings.update(dict.fromkeys(below.server_paths(path), finding))
        return Seen(findings, verdicts, witnesses, not_shown)

    def look_again(
        self, paths: Iterable[str], witnesses: Mapping[str, Iterable[str]], devices: Mapping[str, int]
    ) -> Seen:
        """Look for a few files again. Its findings are those of `paths`; what is found now counts.

        :param paths: as the server sees them.
        :param witnesses: root → some files that were present, which are looked for as well.
        :param devices: root → the device that it was on at the first look, and must be on still.
        """
        paths = set(paths)
        roots = {self.places.place(path).folder for path in paths}
        asked = paths.union(*(witnesses.get(root, ()) for root in roots))
        strict = evolve(self.options, accept_devices=False)
        seen = Lookout(self.places, self.path_map, strict, devices, self.file_system).look(
            map(split_path, sorted(asked))
        )
        return Seen(
            {path: finding for path, finding in seen.findings.items() if path in paths},
            seen.verdicts,
            seen.witnesses,
            seen.not_shown,
        )

    def _by_root(self, files: Iterable[tuple[str, str]]) -> dict[Place, _Root]:
        roots: dict[Place, _Root] = {}
        known: dict[str, list[str]] = {}
        for folder, name in files:
            names = known.get(folder)
            if names is None:
                root = roots.setdefault(self.places.place(folder), _Root())
                here = local_folder(folder, self.path_map)
                root.server_folders.setdefault(here, {})[folder] = None
                names = known[folder] = root.folders.setdefault(here, [])
            names.append(name)
        return roots


def _witnesses(root: _Root, sight: Sight) -> list[str]:
    """Some files that are present, of as many folders as there are; and one for each kind of names that are missing, where there is one."""
    found: list[str] = []
    present = [
        (folder, names)
        for folder in sorted(root.folders)
        if (names := [name for name in root.folders[folder] if joined(folder, name) not in sight.findings])
    ]
    start = len(sight.verdict.root.folder.rstrip("/"))
    missing = [path for path, finding in sight.findings.items() if finding.state is FileState.MISSING]
    unproven = {kind for path in missing for kind in odd_kinds(path[start:])}
    for folder, names in present[:WITNESSES]:
        path = joined(folder, min(names))
        unproven.difference_update(odd_kinds(path[start:]))
        found += root.server_paths(path)
    for folder, names in present if unproven else ():
        if unproven.isdisjoint(odd_kinds("/".join((folder[start:], *names)))):
            continue
        for name in sorted(names):
            kinds = odd_kinds(joined(folder, name)[start:]).keys()
            if unproven & kinds:
                unproven -= kinds
                found += root.server_paths(joined(folder, name))
    return found
