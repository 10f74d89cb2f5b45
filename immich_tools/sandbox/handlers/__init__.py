"""The operations of the server, one module per resource; each keeps its routes in a `ROUTES` table."""

from typing import Final

from immich_tools.sandbox.handlers import (
    album_users,
    albums,
    assets,
    duplicates,
    edits,
    files,
    folders,
    jobs,
    libraries,
    people,
    search,
    server,
    sessions,
    shared_links,
    stacks,
    tags,
    timeline,
    trash,
    users,
)
from immich_tools.sandbox.router import RouteTable

_MODULES = (
    album_users,
    albums,
    assets,
    duplicates,
    edits,
    files,
    folders,
    jobs,
    libraries,
    people,
    search,
    server,
    sessions,
    shared_links,
    stacks,
    tags,
    timeline,
    trash,
    users,
)
ALL_TABLES: Final[tuple[RouteTable, ...]] = tuple(module.ROUTES for module in _MODULES)
