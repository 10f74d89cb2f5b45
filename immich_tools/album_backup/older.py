"""The variables of immich-backup-album-to-external-lib, as far as they concern no album: where the server is."""

# No "from __future__ import annotations" here: cyclopts would look up the names of inherited annotations in the wrong module.

import re
from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import User
from immich_tools.settings import ConnectionOptions, Legacy

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def check_whose(name: str, user: User) -> None:
    """Refuse an entry of ``API_KEYS`` that names one user by their id and holds the key of another.

    :param name: what stands before the key; anything but an id says nothing.
    :param user: whose key it is.
    :raises UsageError: it is another's.
    """
    if _ID.fullmatch(name.lower()) and name.lower() != user.id:
        raise UsageError(
            _("API_KEYS: the key of user {id} belongs to {name}, whose id is {other}").format(
                id=name, name=user.name, other=user.id
            )
        )


@frozen(kw_only=True)
class Connection(ConnectionOptions):
    """How to reach the server, by the older tool's names as well.

    :ivar port: of the server, where its address has none.
    """

    legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("API_KEY", "--api-key-file"),)

    port: Annotated[
        int | None,
        Parameter(
            env_var="IMMICH_PORT",
            validator=Number(gte=1, lte=65535),
            help=_("Port of the server, where its address does not say it."),
        ),
    ] = None

    def required_url(self) -> str:
        """The address, with the port.

        :raises UsageError: there is no address, or it has another port.
        """
        url = super().required_url()
        if self.port is None:
            return url
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port
        except ValueError:
            return url
        if port == self.port:
            return url
        if port is not None:
            raise UsageError(
                _("the address {url} and IMMICH_PORT={port} contradict each other").format(url=url, port=self.port)
            )
        return parts._replace(netloc=f"{parts.netloc}:{self.port}").geturl()
