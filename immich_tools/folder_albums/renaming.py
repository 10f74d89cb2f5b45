"""Which albums follow a folder that was renamed or moved.

In an external library a file that is moved is a new asset: the old one goes to the trash as missing, and its place in the album with it
(Immich 2.3.1 and 3.1.0). What tells the files again are the journals, which hold the name and the date of all that was put into an album.

An album follows when this tool made it and it still has the name that the tool gave it, when its folders hold no file any more, and when
more than half of its files, and more than half of those of the folder, are the same; no other album and no other folder may fit as well.
Everything else is told and left to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import define, field, frozen

from immich_tools.folder_albums.arrange import Arrangement, Wanted
from immich_tools.folder_albums.facts import FolderFacts, trace
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.roots import directory
from immich_tools.i18n import _
from immich_tools.immich.models import Album


@frozen
class Rename:
    """An album that is to be called as another folder.

    :ivar name: the new one.
    :ivar reason: why, for a person.
    """

    album: Album
    name: str
    reason: str


@frozen
class Renames:
    """The albums that follow a folder.

    :ivar by_label: label of the folder's album → which it is.
    :ivar open_ids: ids of albums that may be among these; it takes their members to know.
    :ivar notes: what was not clear.
    :ivar doubtful_ids: ids of the albums that these notes are about.
    """

    by_label: Mapping[str, Rename] = field(factory=dict)
    open_ids: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    doubtful_ids: frozenset[str] = frozenset()


@frozen
class _Pair:
    """An album that lost its folder and the album that a folder calls for, with how many files are the same.

    :ivar alike, of_album, of_folder: files in both, in the one and in the other.
    """

    album: Album
    wanted: Wanted
    alike: int
    of_album: int
    of_folder: int

    @property
    def label(self) -> str:
        return self.wanted.label

    @property
    def keys(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """What it is a pair of."""
        return ("album", self.album.id), ("folder", self.label)

    @property
    def fits(self) -> bool:
        """Whether most files of either are in the other."""
        return 2 * self.alike > max(self.of_album, self.of_folder)

    @property
    def share(self) -> float:
        """Files in both as a part of all files of the two."""
        return self.alike / (self.of_album + self.of_folder - self.alike)

    @property
    def reason(self) -> str:
        """Why the album follows."""
        return _("its folder is gone, and {alike} of the {count} files of the folder of that name were in it").format(
            alike=self.alike, count=self.of_folder
        )

    @property
    def doubt(self) -> str:
        """What to tell when it is not clear."""
        return _(
            "Album '{album}' lost its folder; {alike} of its {count} files seem to belong in '{name}' now. "
            "If that is the same album, rename it in Immich first; otherwise a new one is made."
        ).format(album=self.album.name, alike=self.alike, count=self.of_album, name=self.wanted.name)


def find_renames(
    facts: FolderFacts, arrangement: Arrangement, options: FolderAlbumsOptions, found: Mapping[str, Album]
) -> Renames:
    """Which albums that lost their folders are those of folders without an album.

    :param found: label → album that is there anyway.
    """
    missing = [wanted for label, wanted in arrangement.wanted.items() if label not in found]
    abandoned = _abandoned(facts, arrangement, options, found) if missing else []
    if not abandoned:
        return Renames()
    return _Judge(facts, {album.id: album for album in abandoned}).decide(missing)


def _abandoned(
    facts: FolderFacts, arrangement: Arrangement, options: FolderAlbumsOptions, found: Mapping[str, Album]
) -> list[Album]:
    """Albums this tool made, and nobody renamed, that no folder calls for any more.

    With ``--no-merge`` another folder may have their name: theirs was moved, perhaps to there.
    """
    taken = {album.id for album in found.values()}
    names = {wanted.name for wanted in arrangement.wanted.values()}
    scheme = options.scheme
    albums = []
    for album in facts.own_albums():
        made = facts.made.get(album.id)
        if made is None or album.id in taken or not scheme.manages(made.scheme):
            continue
        name = name_key(album.name)
        is_free = name not in names or not options.merge
        if name == name_key(made.name) and is_free and made.label not in arrangement.wanted:
            albums.append(album)
    return albums


@define
class _Judge:
    """Compares albums with folders.

    :ivar albums: those that lost their folders, by id.
    :ivar by_trace, by_id: what is known of a file → ids of the albums it was put into.
    :ivar folder_of: asset id → path of its folder, for all files that were read.
    :ivar held: paths of all folders that hold a file.
    """

    facts: FolderFacts
    albums: Mapping[str, Album]
    by_trace: dict[str, list[str]] = field(factory=dict)
    by_id: dict[str, list[str]] = field(factory=dict)
    folder_of: dict[str, str] = field(init=False)
    held: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        for album_id in self.albums:
            made = self.facts.made[album_id]
            for each in made.files:
                self.by_trace.setdefault(each, []).append(album_id)
            for each in made.asset_ids:
                self.by_id.setdefault(each, []).append(album_id)
        self.folder_of = {asset.id: directory(asset.original_path) for asset in self.facts.assets}
        self.held = frozenset(self.folder_of.values())

    def decide(self, missing: Iterable[Wanted]) -> Renames:
        """Which albums follow which of the folders without an album."""
        pairs = [pair for wanted in missing for pair in self._pairs(wanted)]
        chosen = _best([pair for pair in pairs if pair.fits])
        by_label: dict[str, Rename] = {}
        open_ids = set()
        for pair in chosen:
            members = self.facts.members.get(pair.album.id)
            if members is None:
                open_ids.add(pair.album.id)
            elif not self._is_left(pair.album, members):
                by_label[pair.label] = Rename(pair.album, pair.wanted.name, pair.reason)
        decided = {pair.album.id for pair in chosen}
        doubts = [pair for pair in pairs if pair.album.id not in decided and pair.label not in by_label]
        return Renames(
            by_label,
            frozenset(open_ids),
            tuple([pair.doubt for pair in doubts]),
            frozenset([pair.album.id for pair in doubts]),
        )

    def _pairs(self, wanted: Wanted) -> Iterator[_Pair]:
        """The folder with all albums that had most of its files, or whose files it has most of."""
        traces = set()
        alike: dict[str, set[str]] = {}
        for asset in wanted.assets():
            # A name alone is no evidence.
            each = trace(asset.original_file_name, asset.time_taken) if asset.time_taken else asset.id
            traces.add(each)
            for album_id in (*self.by_trace.get(each, ()), *self.by_id.get(asset.id, ())):
                alike.setdefault(album_id, set()).add(each)
        folders = frozenset([self.folder_of[asset.id] for asset in wanted.assets()]) if alike else frozenset()
        for album_id in sorted(alike):
            made = self.facts.made[album_id]
            album = self.albums[album_id]
            pair = _Pair(album, wanted, len(alike[album_id]), len(made.files) or len(made.asset_ids), len(traces))
            # A folder that holds files was copied, not moved. What lies in it may have an album under another name now.
            is_gone = self.held.isdisjoint(made.folders - folders)
            if is_gone and 2 * pair.alike > min(pair.of_album, pair.of_folder):
                yield pair

    def _is_left(self, album: Album, members: frozenset[str]) -> bool:
        """Whether a file that the tool put there shows in the album and was not read, so that nobody knows where it lies."""
        return not members & self.facts.made[album.id].asset_ids <= self.folder_of.keys()


def _best(pairs: Sequence[_Pair]) -> list[_Pair]:
    """Those that fit better than any other of the same album or the same folder."""
    shares: dict[tuple[str, str], list[float]] = {}
    for pair in pairs:
        for key in pair.keys:
            shares.setdefault(key, []).append(pair.share)
    best = {key: max(values) for key, values in shares.items() if values.count(max(values)) == 1}
    return [pair for pair in pairs if all(best.get(key) == pair.share for key in pair.keys)]
