"""Looking for files below several roots, believing that one is missing only where its root is proven to be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from immich_tools.disk.findings import FileState, Finding, unknown
from immich_tools.disk.port import FileSystem, LocalFileSystem
from immich_tools.disk.roots import Root, Verdict, judge, probe
from immich_tools.disk.scan import DEFAULT_PATIENCE, DEFAULT_THREADS, joined, scan
from immich_tools.i18n import _


@frozen
class Sight:
    """What came of looking at one root.

    :ivar findings: path → finding, of all files but those that are present; none is MISSING where the root is not proven.
    """

    verdict: Verdict
    findings: Mapping[str, Finding]


def look(
    root: Root,
    folders: Mapping[str, Sequence[str]],
    *,
    device: int | None = None,
    file_system: FileSystem | None = None,
    threads: int = DEFAULT_THREADS,
    patience: float = DEFAULT_PATIENCE,
) -> Sight:
    """Look for files below a root. The root is looked at before and after, because a disk may go in between.

    :param folders: whole paths of folders below the root → names of files in them.
    :param device: the device the root was on in an earlier run; None when that is not known.
    :param threads: folders looked into at the same time.
    :param patience: seconds that one call may take.
    """
    files = file_system or LocalFileSystem()
    before = probe(root, files, patience=patience)
    if before.problem:
        verdict = judge(root, before, present=0, device=device)
        doubt = unknown(_disbelief(verdict))
        return Sight(verdict, {joined(folder, name): doubt for folder, names in folders.items() for name in names})
    findings = scan(folders, top=root.folder, file_system=files, threads=threads, patience=patience)
    wanted = sum(len(set(names)) for names in folders.values())
    after = probe(root, files, patience=patience)
    verdict = judge(root, before, present=wanted - len(findings), device=device, later=after)
    if not verdict.is_proven:
        doubt = unknown(_disbelief(verdict))
        findings = {
            path: doubt if finding.state is FileState.MISSING else finding for path, finding in findings.items()
        }
    return Sight(verdict, findings)


def _disbelief(verdict: Verdict) -> str:
    return _("the disk at {folder} is not proven to be there: {doubts}").format(
        folder=verdict.root.folder, doubts="; ".join(verdict.doubts)
    )
