"""Reads from a server and from journals what the planner of the faceless album tool needs; changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from immich_tools.faceless_album.album import candidates
from immich_tools.faceless_album.choices import Rule
from immich_tools.faceless_album.facts import FacelessFacts
from immich_tools.faceless_album.memory import remembered
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.faceless_album.rules import NEEDS_EXIF, NEEDS_PEOPLE
from immich_tools.folders import default_journal_folder
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import AlbumRole

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich


def gather(
    immich: Immich,
    options: FacelessAlbumOptions | None = None,
    *,
    journal_folder: Path | None = None,
    now: datetime | None = None,
) -> FacelessFacts:
    """Read the user's files, who is in them, and the albums.

    :param journal_folder: where journals of earlier runs are; None for the user's state folder.
    :param now: the present moment; None for the clock's.
    :raises AccessDenied: the key may not read files or albums, or faces where the rule needs them.
    :raises IncompleteListing: the files or the members of an album cannot be read completely.
    """
    options = options or FacelessAlbumOptions()
    rule = options.chosen_rule
    user_id = immich.me.id
    wanted = AssetFilter(visibility=options.visibility, with_people=rule in NEEDS_PEOPLE, with_exif=rule in NEEDS_EXIF)
    albums = immich.albums.all()
    recognition = immich.faces.recognition() if rule in NEEDS_PEOPLE else None
    assets = tuple(immich.assets.stream(wanted))
    facts = FacelessFacts(
        user_id=user_id,
        server_version=immich.version,
        population=immich.assets.owned(),
        read_at=now or datetime.now(UTC),
        assets=assets,
        recognition=recognition,
        albums=tuple(album for album in albums if album.role is AlbumRole.OWNER and album.owner_id == user_id),
        memory=remembered(journal_folder or default_journal_folder(), user_id, options),
    )
    if rule is Rule.NO_FACE:
        facts = evolve(facts, faces=immich.faces.detected(asset for asset in assets if not asset.people))
    chosen = candidates(facts, options)
    facts = evolve(facts, members=immich.albums.members(chosen))
    if rule is Rule.NOT_IN_ALBUM:
        others = [album for album in albums if album not in chosen]
        facts = evolve(facts, elsewhere=frozenset().union(*immich.albums.members(others).values()))
    return evolve(facts, unlisted=immich.broken_assets)
