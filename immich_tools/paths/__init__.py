"""Paths as a server writes them: their normal form, which of them a filter selects, and where they are on this computer."""

from immich_tools.paths.filters import FilterCode, PathFilter, Unwanted
from immich_tools.paths.mapping import PathMap
from immich_tools.paths.names import below, is_below, normal_path, parts

__all__ = ["FilterCode", "PathFilter", "PathMap", "Unwanted", "below", "is_below", "normal_path", "parts"]
