"""Making new rows with the defaults that the server gives them."""

import base64
import hashlib

from immich_tools.sandbox.entities import Album, ApiKey, Person, Tag, User
from immich_tools.sandbox.state import State

_COLORS = ("gray", "blue", "green", "red", "yellow", "purple", "orange", "amber", "pink", "primary")


def new_user(state: State, name: str, email: str, *, is_admin: bool) -> User:
    """Add a user."""
    now = state.now()
    user = User(
        id=state.new_id(),
        name=name,
        email=email.lower(),
        is_admin=is_admin,
        created_at=now,
        updated_at=now,
        avatar_color=_COLORS[len(state.users) % len(_COLORS)],
        storage_label="admin" if is_admin else None,
    )
    state.users[user.id] = user
    return user


def new_key(state: State, user_id: str, permissions: tuple[str, ...], *, name: str = "sandbox") -> ApiKey:
    """Add a key of 43 characters, as long as Immich's own."""
    now = state.now()
    secret = base64.b64encode(state.random.randbytes(32), b"ab").decode("ascii").rstrip("=")
    key = ApiKey(state.new_id(), secret, user_id, name, permissions, now, now)
    state.keys[secret] = key
    return key


def new_album(state: State, owner_id: str, name: str, description: str = "") -> Album:
    """Add an empty album."""
    now = state.now()
    album = Album(state.new_id(), owner_id, name, description, now, now, state.next_album_sequence())
    state.albums[album.id] = album
    return album


def new_tag(state: State, owner_id: str, value: str, *, color: str | None = None) -> Tag:
    """Find or add a tag by its full value, with the tags above it."""
    for tag in state.tags.values():
        if tag.owner_id == owner_id and tag.value == value:
            return tag
    parent = new_tag(state, owner_id, value.rpartition("/")[0]) if "/" in value else None
    now = state.now()
    tag = Tag(state.new_id(), owner_id, value, now, now, parent_id=parent.id if parent else None, color=color)
    state.tags[tag.id] = tag
    return tag


def new_person(state: State, owner_id: str, name: str) -> Person:
    """Add a person without a face."""
    now = state.now()
    person = Person(state.new_id(), owner_id, name, now, now)
    state.people[person.id] = person
    return person


def sha1(content: bytes) -> bytes:
    """The checksum of an upload."""
    return hashlib.sha1(content, usedforsecurity=False).digest()


def path_checksum(path: str) -> bytes:
    """The checksum of an external file: of its path, not of its content (both versions)."""
    return sha1(f"path:{path}".encode())


def thumbhash_of(checksum: bytes) -> str:
    """A stand-in of the right form and length for the blurred preview of a picture."""
    return base64.b64encode(checksum + checksum[:1]).decode("ascii")
