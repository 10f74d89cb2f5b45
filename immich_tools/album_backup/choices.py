"""Words that the options of the album backup take, and the stages of a backup."""

from __future__ import annotations

from enum import Enum


class Origin(Enum):
    """Where the bytes of an upload come from.

    AUTO: from the disk where the file is found there, else from the server.
    """

    AUTO = "auto"
    DISK = "disk"
    DOWNLOAD = "download"


class Stage(Enum):
    """What a backup does one after the other. Each begins with what is found then, so a backup that was cut short goes on where it was.

    COPY: the files. SCAN: the server looks for them. FINISH: what hangs on the uploads goes over to the copies, and the uploads go.
    """

    COPY = "copy"
    SCAN = "scan"
    FINISH = "finish"
