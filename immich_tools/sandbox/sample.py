"""A realistic sample library: what people's libraries look like after years of phones, cameras and messengers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from os import utime
from pathlib import Path
from typing import Final

from attrs import define, evolve, field, frozen

from immich_tools.sandbox.entities import AlbumRole, Asset, Visibility
from immich_tools.sandbox.extraction import queue_extraction
from immich_tools.sandbox.ingest import Arrival, ingest
from immich_tools.sandbox.pictures import CAMERA, Format, Picture, draw, video
from immich_tools.sandbox.sandbox import Sandbox

_SUMMER: Final = timezone(timedelta(hours=2))
_PARIS: Final = (48.8566, 2.3522)
_BERLIN: Final = (52.52, 13.405)
_LISBON: Final = (38.7223, -9.1393)
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime(2019, 7, 6, 14, 30, 5, 937_000, tzinfo=_SUMMER)
_EXTERNAL_FOLDERS: Final = ("2018/Norway", "2018/Norway/Fjord", "2020/02 Feb/Vacation", "2020/02 Feb/Vacation/Best of")


@frozen
class SampleLibrary:
    """What was made, by meaningful names."""

    assets: Mapping[str, str]
    """Name to asset id. `group/member` for members of duplicate groups, the expected keeper first."""
    groups: Mapping[str, str]
    """Name to duplicate id."""
    albums: Mapping[str, str]
    tags: Mapping[str, str]
    people: Mapping[str, str]
    users: Mapping[str, str]
    keys: Mapping[str, str]
    """Name of the user to an API key with all permissions."""
    library_id: str
    stack_id: str

    def members(self, group: str) -> list[str]:
        """The asset ids of a duplicate group, in the order of making."""
        return [asset_id for name, asset_id in self.assets.items() if name.startswith(f"{group}/")]


@define
class _Maker:
    sandbox: Sandbox
    assets: dict[str, str] = field(factory=dict)
    groups: dict[str, str] = field(factory=dict)
    motif: int = 0

    def next_picture(self) -> Picture:
        """A motif of its own, taken some weeks after the former one, at a place that varies."""
        self.motif += 1
        place = (_PARIS, _BERLIN, _LISBON, None)[self.motif % 4]
        return Picture(self.motif, _FIRST + 23 * self.motif * _DAY, place)

    def add(self, name: str, file_name: str, content: bytes, *, owner_id: str = "", seconds: float = 0.0) -> Asset:
        """Upload a file. Returns its asset."""
        written = _FIRST.astimezone(UTC) + 23 * self.motif * _DAY
        arrival = Arrival(
            owner_id=owner_id or self.sandbox.admin.id,
            file_name=file_name,
            content=content,
            file_created_at=written,
            file_modified_at=written,
            duration_milliseconds=round(seconds * 1000) if seconds else None,
        )
        asset = ingest(self.sandbox.server, arrival)
        self.assets[name] = asset.id
        self.settle(asset)
        return asset

    def settle(self, asset: Asset) -> None:
        """Let the server read an asset's metadata; whatever is changed afterwards counts as settled, too."""
        self.sandbox.settle()
        asset.is_declared = True

    def photo(self, name: str, file_name: str, picture: Picture | None = None, *, owner_id: str = "") -> Asset:
        """Upload a photo. Returns its asset."""
        return self.add(name, file_name, draw(picture or self.next_picture()), owner_id=owner_id)

    def live_photo(self, name: str, file_name: str, picture: Picture) -> Asset:
        """Upload a still with its hidden motion video. Returns the still."""
        still = self.photo(name, file_name, picture)
        motion = self.add(f"{name} motion", file_name.rpartition(".")[0] + ".MOV", video(self.motif), seconds=2.8)
        motion.visibility = Visibility.HIDDEN
        still.live_photo_video_id = motion.id
        return still

    def group(self, name: str, *members: Asset) -> list[Asset]:
        """Make a duplicate group."""
        duplicate_id = self.groups[name] = self.sandbox.state.new_id()
        for asset in members:
            self.sandbox.state.set_duplicate(asset, duplicate_id)
        return list(members)


def sample_library(sandbox: Sandbox) -> SampleLibrary:
    """Fill a sandbox. Everything belongs to the administrator unless a name says otherwise.

    Raises:
        ImportError: Pillow is not installed.
    """
    maker = _Maker(sandbox)
    friend = sandbox.add_user("Friend", "friend@example.com")
    partner = sandbox.add_user("Partner", "partner@example.com")
    users = {"admin": sandbox.admin.id, "friend": friend.id, "partner": partner.id}
    _plain_assets(maker, users)
    _copies(maker)
    _format_pairs(maker)
    _groups_with_something_to_lose(maker)
    albums = _albums(maker, users)
    tags = _tags(maker)
    people = _people(maker)
    library_id = _external_library(maker)
    stack_id = sandbox.add_stack([maker.assets["burst 1"], maker.assets["burst 2"], maker.assets["burst 3"]])
    sandbox.add_partner(partner.id, sandbox.admin.id)
    keys = {"admin": sandbox.admin_key, "friend": sandbox.add_key(friend.id), "partner": sandbox.add_key(partner.id)}
    return SampleLibrary(maker.assets, maker.groups, albums, tags, people, users, keys, library_id, stack_id)


def _plain_assets(maker: _Maker, users: Mapping[str, str]) -> None:
    for number in range(1, 7):
        maker.photo(f"photo {number}", f"IMG_{1000 + number}.jpg")
    maker.photo("no date", "WhatsApp Image.jpeg", Picture(901, camera=None, width=200, height=150))
    maker.photo("screenshot", "Screenshot_20220101.png", Picture(902, camera=None, format=Format.PNG))
    maker.photo("archived", "receipt.jpg").visibility = Visibility.ARCHIVE
    maker.photo("favourite", "best.jpg").is_favorite = True
    maker.live_photo("live", "IMG_2000.jpg", maker.next_picture())
    burst = maker.next_picture()
    for number in range(1, 4):
        taken = (burst.taken or _FIRST) + timedelta(milliseconds=300 * number)
        maker.photo(
            f"burst {number}", f"burst_{number}.jpg", evolve(burst, motif=burst.motif * 10 + number, taken=taken)
        )
    maker.motif += 1
    maker.add("film", "holiday.mp4", video(701, 16), seconds=31.5)
    for number in (1, 2):
        trashed = maker.photo(f"trashed {number}", f"blurred_{number}.jpg")
        trashed.deleted_at, trashed.is_trashed_by_user = maker.sandbox.state.now(), True
    for number in (1, 2, 3):
        maker.photo(f"partner {number}", f"PXL_{number}.jpg", owner_id=users["partner"])
        maker.photo(f"friend {number}", f"DSCF{number:04d}.jpg", owner_id=users["friend"])


def _copies(maker: _Maker) -> None:
    beach = maker.next_picture()
    maker.group(
        "pair",
        maker.photo("pair/original", "beach.jpg", beach),
        maker.photo("pair/resized", "beach-small.jpg", evolve(beach, width=160, height=120)),
    )
    party = maker.next_picture()
    # A messenger drops the fraction of the second and everything else it knows.
    sent = evolve(party, quality=50, camera=None, place=None, taken=(party.taken or _FIRST).replace(microsecond=0))
    maker.group(
        "triple",
        maker.photo("triple/original", "party.jpg", party),
        maker.photo("triple/re-encoded", "party (1).jpg", evolve(party, quality=60)),
        maker.photo("triple/messenger", "IMG-WA0007.jpg", sent),
    )
    shadow = maker.next_picture()
    _, archived = maker.group(
        "archived member",
        maker.photo("archived member/original", "shadow.jpg", shadow),
        maker.photo("archived member/archived", "shadow-copy.jpg", evolve(shadow, quality=55)),
    )
    archived.visibility = Visibility.ARCHIVE
    whole = maker.add("different videos/long", "clip.mp4", video(703, 12), seconds=20.0)
    trimmed = maker.add("different videos/short", "clip-trimmed.mp4", video(704, 6), seconds=4.0)
    maker.group("different videos", whole, trimmed)


def _format_pairs(maker: _Maker) -> None:
    heic = maker.next_picture()
    maker.group(
        "heic and jpeg",
        maker.photo("heic and jpeg/heic", "IMG_3000.HEIC", evolve(heic, format=Format.HEIC, quality=70)),
        maker.photo("heic and jpeg/jpeg", "IMG_3000.jpg", evolve(heic, quality=95)),
    )
    raw = evolve(maker.next_picture(), camera=CAMERA)
    maker.group(
        "raw and jpeg",
        maker.photo("raw and jpeg/raw", "DSC_0001.DNG", evolve(raw, format=Format.DNG)),
        maker.photo("raw and jpeg/jpeg", "DSC_0001.jpg", raw),
    )


def _groups_with_something_to_lose(maker: _Maker) -> None:
    """Groups whose smaller member has what the larger one lacks; albums and tags follow later."""
    for name in ("favourite loser", "loser in viewer album", "loser in editor album"):
        picture = maker.next_picture()
        _, loser = maker.group(
            name,
            maker.photo(f"{name}/keeper", f"{name}.jpg", picture),
            maker.photo(f"{name}/loser", f"{name} copy.jpg", evolve(picture, quality=50)),
        )
        loser.is_favorite = name == "favourite loser"
    rich = evolve(maker.next_picture(), place=None)
    maker.group(
        "rich loser",
        maker.photo("rich loser/keeper", "sunset.jpg", rich),
        maker.photo("rich loser/loser", "sunset-copy.jpg", evolve(rich, quality=45, place=_LISBON)),
    )
    loser = maker.sandbox.state.assets[maker.assets["rich loser/loser"]]
    loser.exif.description, loser.exif.rating = "Sunset over the river", 5
    moving = maker.next_picture()
    maker.group(
        "loser with motion video",
        maker.photo("loser with motion video/keeper", "IMG_4000.jpg", evolve(moving, quality=98)),
        maker.live_photo("loser with motion video/loser", "IMG_4000.HEIC.jpg", evolve(moving, quality=70)),
    )
    # The motion video is no member of the group, so its name must not look like one.
    maker.assets["motion video of loser"] = maker.assets.pop("loser with motion video/loser motion")


def _albums(maker: _Maker, users: Mapping[str, str]) -> dict[str, str]:
    ids, sandbox = maker.assets, maker.sandbox
    photos = [ids[f"photo {number}"] for number in range(1, 7)]
    owner, friend = users["admin"], users["friend"]
    return {
        "Holidays": sandbox.add_album(
            "Holidays", asset_ids=[*photos[:4], ids["live"], ids["film"], ids["pair/original"]]
        ),
        "Best of": sandbox.add_album("Best of", asset_ids=[ids["favourite"], ids["rich loser/loser"]]),
        "Shared": sandbox.add_album(
            "Shared", asset_ids=[photos[4], ids["triple/messenger"]], users={friend: AlbumRole.EDITOR}
        ),
        "Friend's party": sandbox.add_album(
            "Friend's party",
            owner_id=friend,
            asset_ids=[ids["friend 1"], ids["friend 2"], ids["loser in editor album/loser"]],
            users={owner: AlbumRole.EDITOR},
        ),
        "Friend's trip": sandbox.add_album(
            "Friend's trip",
            owner_id=friend,
            asset_ids=[ids["friend 3"], ids["loser in viewer album/loser"]],
            users={owner: AlbumRole.VIEWER},
        ),
        "Empty": sandbox.add_album("Empty"),
    }


def _tags(maker: _Maker) -> dict[str, str]:
    ids, add = maker.assets, maker.sandbox.add_tag
    return {
        "family": add("family", asset_ids=[ids["photo 1"], ids["pair/original"]]),
        "places/europe/paris": add("places/europe/paris", asset_ids=[ids["photo 4"], ids["rich loser/loser"]]),
        "places/europe": add("places/europe", asset_ids=[ids["photo 5"], ids["triple/re-encoded"]]),
        "places": add("places"),
        "to print": add("to print", asset_ids=[ids["triple/messenger"]]),
    }


def _people(maker: _Maker) -> dict[str, str]:
    ids, sandbox = maker.assets, maker.sandbox
    people = {
        "Alice": sandbox.add_person("Alice", birth_date="1990-05-17", is_favorite=True),
        "Bob": sandbox.add_person("Bob"),
        "Hidden Harry": sandbox.add_person("Hidden Harry", is_hidden=True),
    }
    for name, person in (("photo 1", "Alice"), ("photo 2", "Alice"), ("photo 2", "Bob"), ("photo 3", "Hidden Harry")):
        sandbox.add_face(ids[name], people[person], source_type="machine-learning")
    sandbox.add_face(ids["pair/original"], people["Bob"], source_type="machine-learning")
    sandbox.add_face(ids["photo 4"], source_type="machine-learning")
    return people


def _external_library(maker: _Maker) -> str:
    """Folders as cameras and people make them; real files when the sandbox has a folder."""
    sandbox = maker.sandbox
    root = (sandbox.server.folder or Path("/mnt")) / "external" / "photos"
    library_id = sandbox.add_library("External", [str(root)])
    for folder in _EXTERNAL_FOLDERS:
        for number in (1, 2, 3):
            picture = evolve(maker.next_picture(), camera=CAMERA)
            file = root / folder / f"_MG_{maker.motif:04d}.jpg"
            content = draw(picture)
            name = f"external {folder} {number}"
            written = (picture.taken or _FIRST).astimezone(UTC)
            is_on_disk = sandbox.server.folder is not None
            if is_on_disk:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                utime(file, (written.timestamp(), written.timestamp()))
            maker.assets[name] = sandbox.add_asset(
                original_path=str(file),
                file_created_at=written,
                library_id=library_id,
                content=None if is_on_disk else content,
                file=file if is_on_disk else None,
            )
            asset = sandbox.state.assets[maker.assets[name]]
            asset.is_declared = False
            queue_extraction(sandbox.server, asset)
            maker.settle(asset)
    return library_id
