"""Makes albums from the folders that files lie in: what an album is called, which files count, whom it is shared with, and why not."""

from immich_tools.folder_albums.album_settings import AlbumSettings, Combination, Conflict, combine
from immich_tools.folder_albums.albumprops import FILE_NAME, decode, read_properties
from immich_tools.folder_albums.diagnosis import RootDiagnosis, diagnose
from immich_tools.folder_albums.levels import Levels, Naming, Rewrite, name_key
from immich_tools.folder_albums.paths import PathFilter
from immich_tools.folder_albums.properties import AlbumProperties, Property, PropertyTree, SortOrder, ThumbnailChoice
from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.folder_albums.roots import Folder, Placed, Roots, normal_path
from immich_tools.folder_albums.sharing import Share, ShareRole, SharingChanges, plan_sharing, read_share

__all__ = [
    "FILE_NAME",
    "AlbumProperties",
    "AlbumSettings",
    "Combination",
    "Conflict",
    "Folder",
    "Levels",
    "Naming",
    "PathFilter",
    "Placed",
    "Property",
    "PropertyTree",
    "Refusal",
    "Rewrite",
    "RootDiagnosis",
    "Roots",
    "Share",
    "ShareRole",
    "SharingChanges",
    "SkipCode",
    "SortOrder",
    "ThumbnailChoice",
    "combine",
    "decode",
    "diagnose",
    "name_key",
    "normal_path",
    "plan_sharing",
    "read_properties",
    "read_share",
]
