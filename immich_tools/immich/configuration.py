"""What the server's settings mean for the tools: whether a deletion can be taken back, and whether faces are looked for.

``/server/features`` and ``/server/config`` tell everybody; Immich 3.2 deprecates them (3.3.5 still has both). Their successor ``/config``
needs a permission. A fact that none of them tells is unknown: None, never off.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from attrs import frozen

from immich_sdk.api.server import get_server_config, get_server_features
from immich_tools.errors import AccessDenied, RequestRefused
from immich_tools.i18n import _
from immich_tools.immich.connection import Connection
from immich_tools.immich.convert import Json
from immich_tools.immich.failures import not_immich
from immich_tools.immich.models import TrashPolicy

# Not among the operations of the base spec, so it is spelled out here. In the table of operations: getUserConfig.
_CONFIG: Final = {"method": "get", "url": "/config"}


@frozen
class _Answer:
    """One answer, or why there is none."""

    content: Json
    reason: str = ""


@frozen
class Configuration:
    """The settings as they are now."""

    connection: Connection

    def trash_policy(self) -> TrashPolicy:
        """What a deletion means (needs no permission while the deprecated addresses are there, then ``userConfig.read``).

        :returns: an unknown policy, with the reason, where nothing tells.
        :raises ServerUnreachable: something that is not Immich answered.
        """
        features = self._ask(get_server_features._get_kwargs()).content
        config = self._ask(get_server_config._get_kwargs()).content
        enabled, days = _flag(features, "trash"), _days(config, "trashDays")
        reason = ""
        if enabled is None or days is None:
            answer = self._ask(_CONFIG)
            trash = answer.content.get("trash")
            trash = trash if isinstance(trash, Mapping) else {}
            enabled, days, reason = _flag(trash, "enabled"), _days(trash, "days"), answer.reason
        if enabled is None or days is None:
            return TrashPolicy(enabled=None, days=None, reason=reason or _("the server does not tell"))
        return TrashPolicy(enabled=enabled, days=days)

    def recognizes_faces(self) -> bool | None:
        """Whether the server looks for faces (same permissions); None where nothing tells.

        :raises ServerUnreachable: something that is not Immich answered.
        """
        is_on = _flag(self._ask(get_server_features._get_kwargs()).content, "facialRecognition")
        if is_on is not None:
            return is_on
        learning = self._ask(_CONFIG).content.get("machineLearning")
        if not isinstance(learning, Mapping):
            return None
        recognition = learning.get("facialRecognition")
        flags = (_flag(learning, "enabled"), _flag(recognition if isinstance(recognition, Mapping) else {}, "enabled"))
        return None if None in flags else all(flags)

    def _ask(self, operation: dict[str, Any]) -> _Answer:
        try:
            response = self.connection.send(operation)
        except AccessDenied as denial:
            return _Answer({}, str(denial))
        except RequestRefused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return _Answer({}, str(refusal))
            raise
        try:
            content = response.json()
        except ValueError:
            content = None
        if not isinstance(content, Mapping):
            raise not_immich(response.request)
        return _Answer(content)


def _flag(content: Json, name: str) -> bool | None:
    value = content.get(name)
    return value if isinstance(value, bool) else None


def _days(content: Json, name: str) -> int | None:
    value = content.get(name)
    return value if type(value) is int else None
