"""Makes albums from the folders that files lie in: what an album is called, which files count, whom it is shared with, and why not::

from immich_tools import Immich, folder_albums

immich = Immich.connect("http://192.168.1.10:2283", "the key")
options = folder_albums.FolderAlbumsOptions(root_path=("/external/photos",))
plan = folder_albums.make_plan(folder_albums.gather(immich, options), options)
plan.apply(immich)
"""

from immich_tools.folder_albums.album_settings import AlbumSettings, Combination, Conflict, combine
from immich_tools.folder_albums.albumprops import FILE_NAME, decode, read_properties
from immich_tools.folder_albums.choices import Mode, SyncMode, UpdateMode
from immich_tools.folder_albums.diagnosis import RootDiagnosis, diagnose
from immich_tools.folder_albums.facts import FolderFacts, MadeAlbum, ShownFolder
from immich_tools.folder_albums.gather import gather
from immich_tools.folder_albums.levels import Levels, Naming, Rewrite, name_key
from immich_tools.folder_albums.missing_folders import check_guards
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.plan import check_found, make_plan
from immich_tools.folder_albums.properties import AlbumProperties, Property, PropertyTree, SortOrder, ThumbnailChoice
from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.folder_albums.replan import OPERATIONS, replan
from immich_tools.folder_albums.roots import Folder, Placed, Roots
from immich_tools.folder_albums.sharing import Share, ShareRole, SharingChanges, plan_sharing, read_share
from immich_tools.paths import PathFilter, normal_path

__all__ = [
    "FILE_NAME",
    "OPERATIONS",
    "AlbumProperties",
    "AlbumSettings",
    "Combination",
    "Conflict",
    "Folder",
    "FolderAlbumsOptions",
    "FolderFacts",
    "Levels",
    "MadeAlbum",
    "Mode",
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
    "ShownFolder",
    "SkipCode",
    "SortOrder",
    "SyncMode",
    "ThumbnailChoice",
    "UpdateMode",
    "check_found",
    "check_guards",
    "combine",
    "decode",
    "diagnose",
    "gather",
    "make_plan",
    "name_key",
    "normal_path",
    "plan_sharing",
    "read_properties",
    "read_share",
    "replan",
]
