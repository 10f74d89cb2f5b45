"""Reading `multipart/form-data` bodies."""

import re
from typing import Final

from attrs import field, frozen

from immich_tools.sandbox.refusals import bad_request

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')
_NAME: Final = re.compile(r'[; ]name="((?:[^"\\]|\\.)*)"')
_FILE_NAME: Final = re.compile(r'filename="((?:[^"\\]|\\.)*)"')


@frozen
class UploadedFile:
    name: str
    content: bytes = field(repr=False)


@frozen
class Form:
    """The fields and the files of a form, by name."""

    fields: dict[str, str]
    files: dict[str, UploadedFile]


def parse_form(content_type: str, body: bytes) -> Form:
    """Split a form. Raises Refused(400) when it has no boundary."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise bad_request("Multipart: Boundary not found")
    form = Form({}, {})
    delimiter = b"--" + match.group(1).encode()
    for part in body.split(delimiter)[1:]:
        if part.startswith(b"--"):
            break
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        header = head.decode("utf-8", "replace")
        name = _NAME.search(" " + header)
        if name is None:
            continue
        file_name = _FILE_NAME.search(header)
        if file_name is None:
            form.fields[name.group(1)] = content.decode("utf-8", "replace")
        else:
            form.files[name.group(1)] = UploadedFile(file_name.group(1), content)
    return form
