"""What makes a file one for the album: each rule one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from immich_tools.faceless_album.choices import Rule
from immich_tools.faceless_album.facts import FacelessFacts
from immich_tools.i18n import _
from immich_tools.immich.models import Asset, Exif

SCREENSHOT: Final = re.compile(
    r"screen[ _-]?(shot|cap|rec)|bildschirm(foto|aufnahme)|capture d.[eé]cran|captura de (pantalla|tela)|schermafbeelding|skärmbild",
    re.IGNORECASE,
)
"""In the names that telephones and computers give to pictures of their screens, in several languages."""


def lacks_own_date(asset: Asset) -> bool:
    """Guess whether a file holds no date of its own.

    Immich never answers without a date: where file and sidecar tell none, it takes the earlier of the file's creation and modification
    times, leaves the wall clock at UTC, and names a time zone only when the file has a place (recorded from 2.3.1 and 3.1.0). So a date
    that equals the modification time counts as taken from it. A creation time that the uploading app sent is indistinguishable from a
    date without a time zone and counts as an own date. False when a date is unknown.
    """
    taken = None if asset.exif is None else asset.exif.date_time_original
    if asset.exif is None or taken is None or taken != asset.file_modified_at or asset.local_offset != timedelta(0):
        return False
    return asset.exif.time_zone is None or asset.exif.place is not None


MEETS: Final[dict[Rule, Callable[[Asset, FacelessFacts], bool]]] = {
    Rule.NO_PERSON: lambda asset, facts: not asset.people,
    Rule.NO_FACE: lambda asset, facts: not asset.people and facts.faces.get(asset.id) is False,
    Rule.NO_GPS: lambda asset, facts: (asset.exif or Exif()).place is None,
    Rule.NO_DATE: lambda asset, facts: lacks_own_date(asset),
    Rule.UNNAMED_PERSON: lambda asset, facts: any(not person.name for person in asset.people or ()),
    Rule.NOT_IN_ALBUM: lambda asset, facts: asset.id not in facts.elsewhere,
    Rule.SCREENSHOTS: lambda asset, facts: SCREENSHOT.search(asset.original_file_name) is not None,
}
"""Whether a file is one for the album."""

REASONS: Final[dict[Rule, tuple[str, str]]] = {
    Rule.NO_PERSON: (_("shows nobody who is recognised"), _("shows somebody")),
    Rule.NO_FACE: (_("shows no face"), _("shows a face")),
    Rule.NO_GPS: (_("has no place"), _("has a place")),
    Rule.NO_DATE: (_("has no date of its own"), _("has a date of its own")),
    Rule.UNNAMED_PERSON: (_("shows somebody without a name"), _("shows nobody without a name")),
    Rule.NOT_IN_ALBUM: (_("is in no other album"), _("is in another album")),
    Rule.SCREENSHOTS: (_("is called like a picture of a screen"), _("is not called like a picture of a screen")),
}
"""Why a file belongs into the album, and why it does not."""

NEEDS_PEOPLE: Final = frozenset({Rule.NO_PERSON, Rule.NO_FACE, Rule.UNNAMED_PERSON})
"""Rules that the server must have looked for faces for."""

NEEDS_EXIF: Final = frozenset({Rule.NO_GPS, Rule.NO_DATE})
"""Rules that look at a file's details."""
