"""Looking for files below several roots, believing that one is missing only where its root is proven to be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from immich_tools.disk.findings import FileState, Finding, unknown
from immich_tools.disk.port import FileSystem, LocalFileSystem
from immich_tools.disk.replaced_names import AT_END, odd_kinds
from immich_tools.disk.roots import Root, Verdict, judge, probe
from immich_tools.disk.scan import DEFAULT_PATIENCE, DEFAULT_THREADS, joined, scan
from immich_tools.i18n import _


@frozen
class Sight:
    """What came of looking at one root.

    :ivar findings: path → finding, of all files but those that are present; none is MISSING where the root is not proven, nor where
        this root has not been seen to show such names.
    :ivar not_shown: characters of names that were looked for, one of each kind of which no name was found.
    """

    verdict: Verdict
    findings: Mapping[str, Finding]
    not_shown: tuple[str, ...] = ()


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

    A mount with the wrong character set replaces what it lacks, or leaves such files out. So a file is only missing where another one
    with characters of each of its kinds is present: they prove that this root shows such names.

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
    return _with_doubtful_names(Sight(verdict, findings), folders)


def _with_doubtful_names(sight: Sight, folders: Mapping[str, Sequence[str]]) -> Sight:
    """What was seen of a proven root; files whose kinds of names it has not been seen to show are unknown."""
    start = len(sight.verdict.root.folder.rstrip("/"))
    doubtful = {
        path: kinds
        for path, finding in sight.findings.items()
        if (finding.state is FileState.MISSING or (finding.state is FileState.UNKNOWN and finding.found))
        and (kinds := odd_kinds(path[start:]))
    }
    unseen: dict[str, str] = {}
    for kinds in doubtful.values():
        for kind, character in kinds.items():
            unseen[kind] = min(character, unseen.get(kind, character))
    for text in _shown(sight.findings, folders, start):
        if not unseen:
            break
        for kind in odd_kinds(text):
            unseen.pop(kind, None)
    words = {kind: _word(kind, unseen[kind]) for kind in sorted(unseen)}
    findings = dict(sight.findings)
    for path, kinds in doubtful.items():
        word = next((words[kind] for kind in sorted(kinds) if kind in words), None)
        if word is not None and findings[path].state is FileState.MISSING:
            findings[path] = unknown(
                _("no file with a character such as {character} in its name is found below {folder}").format(
                    character=word, folder=sight.verdict.root.folder
                )
            )
    return Sight(sight.verdict, findings, tuple(words.values()))


def _shown(findings: Mapping[str, Finding], folders: Mapping[str, Sequence[str]], start: int) -> Iterator[str]:
    """The paths below the root that were found, those of one folder as one text."""
    for folder, names in folders.items():
        present = [name for name in names if joined(folder, name) not in findings]
        if present:
            yield "/".join((folder[start:], *present))
    yield from (finding.found[start:] for finding in findings.values() if finding.state is FileState.RENAMED)


def _word(kind: str, character: str) -> str:
    if kind == AT_END:
        return _("'{character}' at the end").format(character=character)
    return f"'{character}'" if character.isprintable() else f"U+{ord(character):04X}"


def _disbelief(verdict: Verdict) -> str:
    return _("the disk at {folder} is not proven to be there: {doubts}").format(
        folder=verdict.root.folder, doubts="; ".join(verdict.doubts)
    )
