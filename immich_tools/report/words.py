"""What an action does, in a few words for a person."""

from __future__ import annotations

from typing import Final

from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.actions import (
    Action,
    AddTag,
    AddToAlbum,
    AssetField,
    DismissDuplicates,
    FieldValue,
    RemoveFromAlbum,
    RemoveTag,
    SetField,
)
from immich_tools.plan.album_actions import CreateAlbum, DeleteAlbum, SetAlbumField, ShareAlbum
from immich_tools.plan.file_actions import ScanLibrary
from immich_tools.plan.tag_actions import TagAssets, UntagAssets
from immich_tools.report.text import KIND_WORDS

FIELD_WORDS: Final = {
    AssetField.DESCRIPTION: _("description"),
    AssetField.RATING: _("rating"),
    AssetField.FAVORITE: _("favourite"),
    AssetField.DATE: _("date"),
    AssetField.PLACE: _("place"),
    AssetField.VISIBILITY: _("visibility"),
}


def action_words(action: Action) -> str:
    """What an action does; which assets it does it to is left to the reader."""
    if isinstance(action, AddToAlbum):
        return _("album '{name}'").format(name=action.album_name)
    if isinstance(action, RemoveFromAlbum):
        return _("no longer album '{name}'").format(name=action.album_name)
    if isinstance(action, AddTag):
        return _("tag '{name}'").format(name=action.tag_value)
    if isinstance(action, TagAssets):
        return _("new tag '{name}'").format(name=action.value)
    if isinstance(action, UntagAssets | RemoveTag):
        name = action.value if isinstance(action, UntagAssets) else action.tag_value
        return _("no longer tag '{name}'").format(name=name)
    if isinstance(action, SetField):
        return f"{FIELD_WORDS[action.field]} {_value_words(action.after)}"
    if isinstance(action, CreateAlbum):
        return _("make album '{name}'").format(name=action.name)
    if isinstance(action, DeleteAlbum):
        return _("delete album '{name}'").format(name=action.name)
    if isinstance(action, SetAlbumField):
        return _("album '{name}': {field} {value}").format(
            name=action.album_name, field=action.field.value, value=_value_words(action.after)
        )
    if isinstance(action, ShareAlbum):
        return _("album '{name}': {user} {role}").format(
            name=action.album_name, user=action.user_name, role=action.after or _("no longer")
        )
    if isinstance(action, DismissDuplicates):
        count = len(action.member_ids)
        return ngettext("{count} copy are no duplicates", "{count} copies are no duplicates", count).format(count=count)
    if isinstance(action, ScanLibrary):
        return _("scan library '{name}'").format(name=action.library_name or action.library_id)
    return KIND_WORDS[action.kind]


def _value_words(value: FieldValue) -> str:
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Place):
        return f"{value.latitude:.4f} {value.longitude:.4f}"
    if isinstance(value, Visibility):
        return value.value
    return f"'{value}'" if isinstance(value, str) else str(value)
