"""Whom an album is shared with: lists as users write them, and what leads from an album's present users to such a list."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import Enum

from attrs import frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import AlbumRole, AlbumUser, User


class ShareRole(Enum):
    """What somebody is to be in an album; NONE keeps them out."""

    EDITOR = "editor"
    VIEWER = "viewer"
    NONE = "none"

    @property
    def strictness(self) -> int:
        """The more, the less it allows."""
        return _FROM_LENIENT_TO_STRICT.index(self)


_FROM_LENIENT_TO_STRICT = (ShareRole.EDITOR, ShareRole.VIEWER, ShareRole.NONE)
_ALBUM_ROLES = {ShareRole.EDITOR: AlbumRole.EDITOR, ShareRole.VIEWER: AlbumRole.VIEWER}


@frozen
class Share:
    """Somebody in a list.

    :ivar user: a name or an e-mail address, as written.
    """

    user: str
    role: ShareRole = ShareRole.VIEWER

    @property
    def key(self) -> str:
        """What tells users in lists apart: addresses count in any case, names as they are."""
        text = unicodedata.normalize("NFC", self.user)
        return text.casefold() if "@" in text else text


def read_share(text: str, default: ShareRole = ShareRole.VIEWER) -> Share:
    """An entry of ``--share-with``: ``name``, ``name=role`` or ``address=role``.

    A name may hold ``=`` itself if a role follows.

    :raises UsageError: the name is missing, or the role is neither viewer nor editor.
    """
    user, equals, word = text.rpartition("=")
    user, word = (user.strip(), word.strip()) if equals else (word.strip(), default.value)
    if not user:
        raise UsageError(_("--share-with '{text}': the name or address is missing.").format(text=text))
    if word not in (ShareRole.VIEWER.value, ShareRole.EDITOR.value):
        raise UsageError(
            _("--share-with '{text}': '{role}' is no role; give viewer or editor.").format(text=text, role=word)
        )
    return Share(user, ShareRole(word))


def inherited_shares(above: Iterable[Share], own: Iterable[Share]) -> tuple[Share, ...]:
    """The list of a folder that takes over the list above it: everybody of both, and of two roles for one user its own.

    Users with role none stay in it, because they also bar the user from an album that several folders share.
    """
    shares = {share.key: share for share in above}
    shares.update((share.key, share) for share in own)
    return tuple(shares.values())


def combined_shares(lists: Iterable[Iterable[Share]]) -> tuple[Share, ...]:
    """The list of an album that several folders share: everybody of all lists, each with the strictest of their roles; none is final."""
    shares: dict[str, Share] = {}
    for share in (share for each in lists for share in each):
        known = shares.get(share.key)
        if known is None or (share.role.strictness, known.user) > (known.role.strictness, share.user):
            shares[share.key] = share
    return tuple(shares[key] for key in sorted(shares))


@frozen
class RoleChange:
    """Somebody who is in the album already, with another role."""

    user_id: str
    before: AlbumRole
    after: AlbumRole


@frozen
class UnknownUser:
    """An entry of a list that means nobody on this server, or several."""

    user: str
    reason: str


@frozen
class SharingChanges:
    """What leads from an album's present users to a list.

    :ivar unknown: entries that nobody is let in for.
    :ivar held_back: users who are not in the list but stay, because an entry of it could not be told: it may mean them.
    :ivar names_owner: the list names the album's owner, which means nothing.
    """

    add: tuple[AlbumUser, ...] = ()
    change: tuple[RoleChange, ...] = ()
    remove: tuple[AlbumUser, ...] = ()
    unknown: tuple[UnknownUser, ...] = ()
    held_back: tuple[AlbumUser, ...] = ()
    names_owner: bool = False

    def __bool__(self) -> bool:
        return bool(self.add or self.change or self.remove)


def plan_sharing(
    wanted: Sequence[Share],
    users: Iterable[User],
    owner_id: str,
    present: Iterable[AlbumUser] = (),
    *,
    exact: bool = True,
) -> SharingChanges:
    """What to change so that an album is shared as wanted. Its owner is never touched, whatever the list says.

    :param wanted: in any order; of two roles for one person the stricter counts.
    :param users: everybody the server tells of.
    :param present: whom the album is shared with now.
    :param exact: also remove those that are not in the list; if not, only those whose role in it is none.
    """
    people = sorted(users, key=lambda user: user.id)
    roles: dict[str, ShareRole] = {}
    unknown: dict[str, UnknownUser] = {}
    may_mean_somebody_present = False
    for share in wanted:
        found = _find(share, people)
        if len(found) != 1:
            unknown[share.key] = _unknown(share, found, people, owner_id)
            may_mean_somebody_present |= share.role is not ShareRole.NONE
        # A name that several people have shares with none of them, but keeps out all of them.
        if len(found) == 1 or share.role is ShareRole.NONE:
            for user in found:
                roles[user.id] = max(roles.get(user.id, share.role), share.role, key=lambda role: role.strictness)
    names_owner = roles.pop(owner_id, None) is not None
    now = {each.user_id: each for each in present if each.user_id != owner_id}
    goals = {user_id: _ALBUM_ROLES[role] for user_id, role in roles.items() if role is not ShareRole.NONE}
    barred = roles.keys() - goals.keys()
    unnamed = (now.keys() - roles.keys()) if exact else set()
    held_back = unnamed if may_mean_somebody_present else set()
    return SharingChanges(
        add=tuple(AlbumUser(user_id, goals[user_id]) for user_id in sorted(goals.keys() - now.keys())),
        change=tuple(
            RoleChange(user_id, now[user_id].role, goals[user_id])
            for user_id in sorted(goals.keys() & now.keys())
            if now[user_id].role is not goals[user_id]
        ),
        remove=tuple(now[user_id] for user_id in sorted((barred & now.keys()) | (unnamed - held_back))),
        unknown=tuple(unknown[key] for key in sorted(unknown)),
        held_back=tuple(now[user_id] for user_id in sorted(held_back)),
        names_owner=names_owner,
    )


def _find(share: Share, people: Sequence[User]) -> list[User]:
    """Whom an entry means: whose address it is, else everybody who has that name."""
    text = unicodedata.normalize("NFC", share.user)
    by_address = [user for user in people if user.email and user.email.casefold() == text.casefold()]
    return by_address or [user for user in people if unicodedata.normalize("NFC", user.name) == text]


def _unknown(share: Share, found: Sequence[User], people: Sequence[User], owner_id: str) -> UnknownUser:
    if all(user.id == owner_id for user in people):
        # So it is with the setting "public users" switched off (Immich 2.3.1 and 3.1.0), and where there is nobody else.
        return UnknownUser(
            share.user,
            _("the server does not list its users to this key (setting 'public users'), or there is nobody else"),
        )
    if found:
        reason = _("{count} users are called '{user}'; give the e-mail address instead").format(
            count=len(found), user=share.user
        )
        return UnknownUser(share.user, reason)
    names = sorted({user.name for user in people})
    by_folded = {name.casefold(): name for name in names}
    near = get_close_matches(share.user.casefold(), by_folded, n=1)
    if near:
        reason = _("the server has no user '{user}'; perhaps '{nearest}' is meant").format(
            user=share.user, nearest=by_folded[near[0]]
        )
        return UnknownUser(share.user, reason)
    return UnknownUser(
        share.user, _("the server has no user with the name or address '{user}'").format(user=share.user)
    )
