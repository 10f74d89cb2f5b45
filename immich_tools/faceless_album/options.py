"""The options of the faceless album tool: flags, environment variables and keys of the configuration file in one class."""

# No "from __future__ import annotations" here: cyclopts would look up the names of inherited annotations in the wrong module.

from datetime import date
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from immich_tools.errors import UsageError
from immich_tools.faceless_album.choices import Direction, Kind, Rule, Shown
from immich_tools.i18n import _
from immich_tools.immich.models import Visibility
from immich_tools.paths import PathFilter

PREFIX: Final = "IMMICH_FACELESS_ALBUM_"
DEFAULT_NAME: Final = "Faceless"


def _name(name: str) -> str:
    return PREFIX + name


@frozen(kw_only=True)
class FacelessAlbumOptions:
    """Which files go into the album, and how the album is treated.

    :ivar rule: what the files have in common.
    :ivar minimum_age: hours since the server got a file; younger ones are left out, because people in them may not be found yet.
    :ivar taken_after, taken_before: days on the wall clock where the file was taken, both inclusive.
    :raises UsageError: a value is impossible.
    """

    album_name: Annotated[str, Parameter(env_var=(_name("ALBUM_NAME"), "ALBUM_NAME"), help=_("The album's name."))] = (
        DEFAULT_NAME
    )
    rule: Annotated[
        Rule,
        Parameter(
            env_var=_name("RULE"),
            help=_(
                "What goes in: no-person (nobody recognised), no-face (no face found), no-gps, no-date, unnamed-person, "
                "not-in-album, screenshots."
            ),
        ),
    ] = Rule.NO_PERSON
    no_face: Annotated[
        bool,
        Parameter(name="--no-face", negative=(), env_var=_name("NO_FACE"), help=_("The same as --rule no-face.")),
    ] = False
    no_person: Annotated[
        bool,
        Parameter(name="--no-person", negative=(), env_var=_name("NO_PERSON"), help=_("The same as --rule no-person.")),
    ] = False
    kind: Annotated[Kind, Parameter(env_var=_name("KIND"), help=_("Which files: images, videos or all."))] = Kind.ALL
    shown: Annotated[
        Shown, Parameter(env_var=_name("SHOWN"), help=_("Files that show in the timeline, in the archive, or both."))
    ] = Shown.TIMELINE
    taken_after: Annotated[
        date | None,
        Parameter(env_var=_name("TAKEN_AFTER"), help=_("Only files taken on this day or later: YYYY-MM-DD.")),
    ] = None
    taken_before: Annotated[
        date | None,
        Parameter(env_var=_name("TAKEN_BEFORE"), help=_("Only files taken on this day or earlier: YYYY-MM-DD.")),
    ] = None
    path_filter: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=_name("PATH_FILTER"),
            help=_("Only files whose path matches this glob, or has this in a folder or file name."),
        ),
    ] = ()
    ignore: Annotated[
        tuple[str, ...],
        Parameter(
            env_var=_name("IGNORE"),
            help=_("No files whose path matches this glob, or has this in a folder or file name."),
        ),
    ] = ()
    minimum_age: Annotated[
        float,
        Parameter(
            env_var=_name("MINIMUM_AGE"),
            validator=Number(gte=0),
            help=_(
                "Hours a file must have been on the server, unless the server says that it has looked at all of them."
            ),
        ),
    ] = 24.0
    direction: Annotated[
        Direction,
        Parameter(env_var=_name("DIRECTION"), help=_("Only add to the album, only remove from it, or both.")),
    ] = Direction.BOTH
    adopt: Annotated[
        bool,
        Parameter(env_var=_name("ADOPT"), help=_("Take over an album of that name that this tool did not make.")),
    ] = False
    respect_manual: Annotated[
        bool,
        Parameter(
            env_var=_name("RESPECT_MANUAL"),
            help=_("What you put into the album yourself stays, and what you took out does not come back."),
        ),
    ] = True
    max_leaving: Annotated[
        int | None,
        Parameter(
            env_var=_name("MAX_LEAVING"),
            validator=Number(gte=0),
            help=_("Stop, changing nothing, when more files than this would leave the album."),
        ),
    ] = None
    max_leaving_ratio: Annotated[
        float,
        Parameter(
            env_var=_name("MAX_LEAVING_RATIO"),
            validator=Number(gte=0, lte=1),
            help=_(
                "Stop, changing nothing, when more than this part (0 to 1) of the album would leave it; ten files always may."
            ),
        ),
    ] = 0.5
    max_joining: Annotated[
        int | None,
        Parameter(
            env_var=_name("MAX_JOINING"),
            validator=Number(gte=0),
            help=_(
                "Stop, changing nothing, when more files than this would be added to an album that was filled before."
            ),
        ),
    ] = None
    max_joining_ratio: Annotated[
        float,
        Parameter(
            env_var=_name("MAX_JOINING_RATIO"),
            validator=Number(gte=0, lte=1),
            help=_(
                "Stop, changing nothing, when more than this part (0 to 1) of the files looked at would be added to an album "
                "that was filled before; twenty files always may."
            ),
        ),
    ] = 0.1
    allow_nobody: Annotated[
        bool,
        Parameter(
            env_var=_name("ALLOW_NOBODY"),
            help=_("Go on although facial recognition is switched off, or nobody is recognised in any file."),
        ),
    ] = False

    def __attrs_post_init__(self) -> None:
        if not self.album_name.strip():
            raise UsageError(_("--album-name is empty: give the album a name."))
        if self.no_face and self.no_person:
            raise UsageError(_("--no-face and --no-person contradict each other."))
        if (self.no_face or self.no_person) and self.rule not in (Rule.NO_PERSON, self.chosen_rule):
            raise UsageError(_("--rule {rule} contradicts --no-face or --no-person.").format(rule=self.rule.value))
        if self.taken_after and self.taken_before and self.taken_after > self.taken_before:
            raise UsageError(_("--taken-after lies behind --taken-before: no file can be meant."))
        self.paths()

    @property
    def chosen_rule(self) -> Rule:
        """The rule, however it was given."""
        return Rule.NO_FACE if self.no_face else Rule.NO_PERSON if self.no_person else self.rule

    @property
    def visibility(self) -> tuple[Visibility, ...]:
        """Where the files show."""
        places = {
            Shown.TIMELINE: (Visibility.TIMELINE,),
            Shown.ARCHIVE: (Visibility.ARCHIVE,),
            Shown.BOTH: (Visibility.TIMELINE, Visibility.ARCHIVE),
        }
        return places[self.shown]

    def paths(self) -> PathFilter:
        """Which files count by their paths, which begin without a slash.

        :raises UsageError: a pattern is not valid.
        """
        return PathFilter.of(path_filter=self.path_filter, ignore=self.ignore)
