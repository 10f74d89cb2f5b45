"""Whether what removals claim of files of this computer is so: read in full before the removal is announced, looked at again after.

Between the last look and the request nothing happens. A file's bytes are read before, because that takes long; the last look compares
what changes with any writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from attrs import define, field

from immich_tools.disk.findings import FileState, Finding
from immich_tools.disk.look import Sight, look
from immich_tools.disk.place import Place
from immich_tools.disk.roots import Root
from immich_tools.disk.scan import by_folder
from immich_tools.disk.watch import Watch
from immich_tools.errors import FileFailed
from immich_tools.i18n import _
from immich_tools.plan.claims import AliveRoot, FileHolds, FilesMissing
from immich_tools.plan.effects.base import Change
from immich_tools.plan.meter import Meter
from immich_tools.plan.proofs import Proof, prove

_RootKey: TypeAlias = tuple[str, bool, int | None]


def bytes_claimed(change: Change) -> int:
    """How many bytes must be read to know whether a change's claims hold."""
    return sum(claim.size for claim in change.action.rests_on() if isinstance(claim, FileHolds))


@define
class Evidence:
    """What was read of the files that one batch rests on.

    :ivar objections: change id → why it must not be carried out.
    """

    objections: dict[str, str] = field(factory=dict)
    _proofs: dict[str, list[Proof]] = field(factory=dict)

    @classmethod
    def of(cls, changes: Iterable[Change], meter: Meter, watch: Watch) -> Evidence:
        """Read every file that changes claim to hold something, each once.

        :raises Cancelled: `watch` asked to stop.
        """
        evidence = cls()
        holding: dict[str, list[FileHolds]] = {}
        for change in changes:
            holding[change.id] = [claim for claim in change.action.rests_on() if isinstance(claim, FileHolds)]
        claimed = dict.fromkeys(claim for claims in holding.values() for claim in claims)
        proofs = prove({_key(claim): (_place(claim), claim.content) for claim in claimed}, meter, watch)
        for name, claims in holding.items():
            found = [proofs[_key(claim)] for claim in claims]
            evidence._proofs[name] = [proof for proof in found if isinstance(proof, Proof)]
            failures = [str(failure) for failure in found if isinstance(failure, FileFailed)]
            if failures:
                evidence.objections[name] = failures[0]
        return evidence

    def check(self, changes: Sequence[Change]) -> dict[str, str]:
        """Why changes must not be carried out at this moment, by their ids; those that may are not in it.

        One listing for each folder, not one look for each asset.
        """
        found = dict(self.objections)
        # What takes longest comes first.
        missing = {
            change.id: [each for each in change.action.rests_on() if isinstance(each, FilesMissing)]
            for change in changes
        }
        sights = _look([claim for claims in missing.values() for claim in claims])
        for name, claims in missing.items():
            reason = next((why for claim in claims if (why := _presence(claim, sights)) is not None), None)
            if reason is not None:
                found.setdefault(name, reason)
        for change in changes:
            for proof in self._proofs.get(change.id, ()):
                reason = proof.objection()
                if reason is not None:
                    found.setdefault(change.id, reason)
        return found


def _place(claim: FileHolds) -> Place:
    return Place(Path(claim.folder), claim.relative)


def _key(claim: FileHolds) -> str:
    return "\0".join((claim.folder, claim.relative, str(claim.size), claim.sha1))


def _root_key(root: AliveRoot) -> _RootKey:
    return root.folder, root.has_marker, root.device


def _look(claims: Iterable[FilesMissing]) -> dict[_RootKey, Sight]:
    """Look for everything that is claimed of each root, and for its witnesses, at once."""
    wanted: dict[_RootKey, dict[str, None]] = {}
    for claim in claims:
        paths = wanted.setdefault(_root_key(claim.root), {})
        paths.update(dict.fromkeys((*claim.paths, *claim.root.witnesses)))
    return {
        key: look(Root(key[0], has_marker=key[1]), by_folder(paths), device=key[2]) for key, paths in wanted.items()
    }


def _presence(claim: FilesMissing, sights: Mapping[_RootKey, Sight]) -> str | None:
    """Why a claim that files are missing cannot be believed."""
    sight = sights[_root_key(claim.root)]
    for path in claim.paths:
        finding = sight.findings.get(path)
        if finding is None or finding.state is not FileState.MISSING:
            return _why(path, finding)
    # Other claims' witnesses, or files that are back, prove the root as a whole, but it may hold several disks.
    if all(path in sight.findings for path in claim.root.witnesses):
        return _("none of the files that would prove the disk at {folder} is there").format(folder=claim.root.folder)
    return None


def _why(path: str, finding: Finding | None) -> str:
    if finding is None:
        return _("{path} is there").format(path=path)
    if finding.state is FileState.RENAMED:
        return _("{path} is there as {other}").format(path=path, other=finding.found)
    return _("whether {path} is missing is not known: {reason}").format(path=path, reason=finding.reason)
