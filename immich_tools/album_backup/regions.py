"""Faces as regions of a picture, as the Metadata Working Group describes them (``mwg-rs:Regions``). Pure.

Immich measures faces in the picture as it is shown. Regions are measured in the picture as it is stored, which the orientation turns;
Immich reads them by the same rule where an administrator has switched on the import of faces (2.3.1 and 3.1.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from immich_tools.album_backup.xmp import Value, writable
from immich_tools.immich.models import Face

_SIDEWAYS: Final = (5, 6, 7, 8)
_DIGITS: Final = 6


@frozen
class Region:
    """A face with a name, in parts of the stored picture's width and height.

    :ivar x, y: of its centre, from the left and from the top.
    """

    name: str
    x: float
    y: float
    width: float
    height: float


@frozen
class Regions:
    """The named faces of a picture.

    :ivar width, height: of the stored picture that they were measured in, in pixels.
    """

    width: int = 0
    height: int = 0
    faces: tuple[Region, ...] = ()

    @classmethod
    def of(cls, faces: Sequence[Face], orientation: int | None) -> Regions:
        """The regions of those faces that have a name.

        :param orientation: of the stored picture, 1 to 8 as in EXIF.
        """
        turn = orientation or 1
        found = [
            (face, name)
            for face in faces
            if face.person is not None and (name := writable(face.person.name).strip()) and face.width and face.height
        ]
        if not found:
            return NO_REGIONS
        first = found[0][0]
        size = (first.height, first.width) if turn in _SIDEWAYS else (first.width, first.height)
        regions = {_region(face, name, turn): None for face, name in found}
        return cls(*size, tuple(sorted(regions, key=lambda region: (region.name, region.x, region.y))))

    def value(self) -> Value:
        """The structure of the property."""
        return {
            "mwg-rs:AppliedToDimensions": {
                "stDim:w": str(self.width),
                "stDim:h": str(self.height),
                "stDim:unit": "pixel",
            },
            "mwg-rs:RegionList": [
                {
                    "mwg-rs:Name": face.name,
                    "mwg-rs:Type": "Face",
                    "mwg-rs:Area": {
                        "stArea:x": f"{face.x:.{_DIGITS}f}",
                        "stArea:y": f"{face.y:.{_DIGITS}f}",
                        "stArea:w": f"{face.width:.{_DIGITS}f}",
                        "stArea:h": f"{face.height:.{_DIGITS}f}",
                        "stArea:unit": "normalized",
                    },
                }
                for face in self.faces
            ],
        }


NO_REGIONS: Final = Regions()


def _region(face: Face, name: str, turn: int) -> Region:
    x, y = (face.left + face.right) / 2 / face.width, (face.top + face.bottom) / 2 / face.height
    width, height = abs(face.right - face.left) / face.width, abs(face.bottom - face.top) / face.height
    x, y = _stored(x, y, turn)
    if turn in _SIDEWAYS:
        width, height = height, width
    return Region(name, x, y, width, height)


def _stored(x: float, y: float, turn: int) -> tuple[float, float]:
    """Where a point of the shown picture lies in the stored one."""
    places = {
        1: (x, y),
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (y, 1 - x),
        7: (1 - y, 1 - x),
        8: (1 - y, x),
    }
    return places[turn]
