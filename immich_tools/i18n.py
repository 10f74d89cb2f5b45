"""Translation of what people read; log keys, JSON and plan documents are never translated.

English is the source language. Catalogues lie in ``immich_tools/locale/<language>/LC_MESSAGES/immich_tools.mo``; the language
is chosen by the usual variables (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), and a missing catalogue means English.
"""

from __future__ import annotations

import gettext
from pathlib import Path

_translations = gettext.translation("immich_tools", Path(__file__).parent / "locale", fallback=True)

_ = _translations.gettext
ngettext = _translations.ngettext
