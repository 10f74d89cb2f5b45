"""Looks for the server's files on this computer, root by root, and again for those that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, evolve, field, frozen

from immich_tools.disk.findings import FileState, Finding
from immich_tools.disk.look import look
from immich_tools.disk.port import FileSystem, LocalFileSystem
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
    :ivar witnesses: root → some files that are present.
    """

    findings: Mapping[str, Finding] = field(factory=dict)
    verdicts: Mapping[str, Verdict] = field(factory=dict)
    witnesses: Mapping[str, tuple[str, ...]] = field(factory=dict)

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
            witnesses[place.folder] = tuple(_witnesses(below, sight.findings))
            for path, finding in sight.findings.items():
                findings.update(dict.fromkeys(below.server_paths(path), finding))
        return Seen(findings, verdicts, witnesses)

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
            {path: finding for path, finding in seen.findings.items() if path in paths}, seen.verdicts, seen.witnesses
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


def _witnesses(root: _Root, findings: Mapping[str, Finding]) -> Iterable[str]:
    """Some files that are present, of as many folders as there are."""
    found = 0
    for folder in sorted(root.folders):
        present = min((name for name in root.folders[folder] if joined(folder, name) not in findings), default=None)
        if present is not None:
            yield from root.server_paths(joined(folder, present))
            found += 1
        if found == WITNESSES:
            return
