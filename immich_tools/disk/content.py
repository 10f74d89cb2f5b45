"""What identifies the bytes of a file."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Final

from attrs import frozen

_SHA1_BYTES: Final = 20


@frozen
class Content:
    """Two files with equal content are the same picture, byte for byte.

    :ivar size: bytes.
    :ivar sha1: in lower-case hexadecimal digits.
    """

    size: int
    sha1: str

    @classmethod
    def of_upload(cls, size: int | None, checksum: str) -> Content | None:
        """The content of an uploaded asset as the server tells it; None when it does not tell all of it.

        Only for uploads: the checksum of an external asset is that of its path (Immich 2.3.1 and 3.1.0).

        :param size: bytes.
        :param checksum: base64 of the SHA-1.
        """
        try:
            digest = b64decode(checksum, validate=True)
        except NotBase64:
            return None
        return None if size is None or len(digest) != _SHA1_BYTES else cls(size, digest.hex())
