"""The options of the duplicates cleaner: flags, environment variables and keys of the configuration file in one class."""

from __future__ import annotations

import math
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Parameter

from immich_tools.duplicates.choices import ArchivedKeeper, Media, RawPairs, Related, Rule
from immich_tools.duplicates.values import read_names, read_rules
from immich_tools.errors import UsageError
from immich_tools.i18n import _

DEFAULT_RANK: Final = (Rule.DATE_TAKEN, Rule.FORMAT, Rule.SIZE, Rule.EXIF)
DEFAULT_MAX_GROUP_SIZE: Final = 5
"""Larger groups are mostly series of shots: the server joins groups over their neighbours, so the ends of a chain need not be alike."""
DEFAULT_DURATION_TOLERANCE: Final = 1.0
DEFAULT_MAX_RESOLUTION_RATIO: Final = 16.0

_CONTRARY: Final = ((Rule.SIZE, Rule.LARGEST), (Rule.SIZE, Rule.SMALLEST), (Rule.LARGEST, Rule.SMALLEST))


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "\\")) or path[1:2] == ":"


@frozen(kw_only=True)
class DuplicatesOptions:
    """What counts as duplicate, which copy stays, and what it takes over from the others.

    :ivar rank: rules, the first one decides where it can.
    :ivar date_tolerance: days by which dates may differ and still count as equal.
    :ivar formats: formats from best to worst; those not named come last, all alike.
    :ivar preferred_paths, protected_paths: folders as the server sees them, such as ``/photos/originals``.
    :ivar preferred_libraries, protected_libraries: ids of libraries, or ``external``, or ``upload``.
    :ivar max_group_size: larger groups are skipped; 0 for any size.
    :ivar duration_tolerance: seconds by which videos of one group may differ.
    :ivar max_resolution_ratio: how many times as many pixels one copy may have as another.
    :raises UsageError: a value is impossible, an option has no effect, or two contradict each other.
    """

    rank: Annotated[
        tuple[Rule, ...],
        Parameter(
            env_var="IMMICH_DUPLICATES_RANK",
            converter=read_rules,
            help=_("Rules that choose the copy to keep, the most important first, separated by commas."),
        ),
    ] = DEFAULT_RANK
    date_tolerance: Annotated[
        float,
        Parameter(
            env_var="IMMICH_DUPLICATES_DATE_TOLERANCE",
            help=_("Days by which dates may differ and still count as equal; 0 compares them strictly."),
        ),
    ] = 1.0
    formats: Annotated[
        tuple[str, ...],
        Parameter(
            env_var="IMMICH_DUPLICATES_FORMATS",
            converter=read_names,
            help=_("File formats to prefer, the best first, such as heic,jpeg; raw means every RAW format."),
        ),
    ] = ("heic",)
    preferred_paths: Annotated[
        tuple[str, ...],
        Parameter(
            env_var="IMMICH_DUPLICATES_PREFERRED_PATHS",
            converter=read_names,
            help=_("Folders whose files the rule 'path' prefers, the best first, as the server sees them."),
        ),
    ] = ()
    preferred_libraries: Annotated[
        tuple[str, ...],
        Parameter(
            env_var="IMMICH_DUPLICATES_PREFERRED_LIBRARIES",
            converter=read_names,
            help=_(
                "Ids of libraries to prefer, the best first; or external, or upload. Decides last, unless --rank names 'library'."
            ),
        ),
    ] = ()
    protected_paths: Annotated[
        tuple[str, ...],
        Parameter(
            env_var="IMMICH_DUPLICATES_PROTECTED_PATHS",
            converter=read_names,
            help=_("Folders from which nothing is ever removed, as the server sees them."),
        ),
    ] = ()
    protected_libraries: Annotated[
        tuple[str, ...],
        Parameter(
            env_var="IMMICH_DUPLICATES_PROTECTED_LIBRARIES",
            converter=read_names,
            help=_("Ids of libraries from which nothing is ever removed; or external, or upload."),
        ),
    ] = ()
    only_pairs: Annotated[
        bool,
        Parameter(
            env_var=("IMMICH_DUPLICATES_ONLY_PAIRS", "IMMICH_ONLY_PAIRS"),
            help=_("Look only at groups of exactly two."),
        ),
    ] = False
    max_group_size: Annotated[
        int,
        Parameter(
            env_var="IMMICH_DUPLICATES_MAX_GROUP_SIZE",
            help=_("Skip groups of more than this many: they are mostly series of shots. 0 for no limit."),
        ),
    ] = DEFAULT_MAX_GROUP_SIZE
    media: Annotated[
        Media, Parameter(env_var="IMMICH_DUPLICATES_MEDIA", help=_("Look at all groups, or only at images or videos."))
    ] = Media.ALL
    raw: Annotated[
        RawPairs,
        Parameter(
            env_var="IMMICH_DUPLICATES_RAW",
            help=_("A RAW file and a picture developed from it: skip them, stack them, or treat them as duplicates."),
        ),
    ] = RawPairs.SKIP
    bursts: Annotated[
        Related,
        Parameter(
            env_var="IMMICH_DUPLICATES_BURSTS",
            help=_("Shots of one series: skip them, stack them, or treat them as duplicates."),
        ),
    ] = Related.SKIP
    edits: Annotated[
        Related,
        Parameter(
            env_var="IMMICH_DUPLICATES_EDITS",
            help=_("An edit and its original: skip them, stack them with the edit first, or treat them as duplicates."),
        ),
    ] = Related.SKIP
    archived: Annotated[
        ArchivedKeeper,
        Parameter(
            env_var="IMMICH_DUPLICATES_ARCHIVED",
            help=_(
                "The copy to keep is archived and one to remove shows in the timeline: show the kept one there, skip the group, "
                "or ignore it and leave the kept one archived."
            ),
        ),
    ] = ArchivedKeeper.SHOW
    duration_tolerance: Annotated[
        float,
        Parameter(
            env_var="IMMICH_DUPLICATES_DURATION_TOLERANCE",
            help=_("Seconds by which videos of one group may differ in duration."),
        ),
    ] = DEFAULT_DURATION_TOLERANCE
    max_resolution_ratio: Annotated[
        float,
        Parameter(
            env_var="IMMICH_DUPLICATES_MAX_RESOLUTION_RATIO",
            help=_("Skip groups in which one copy has more than this many times the pixels of another."),
        ),
    ] = DEFAULT_MAX_RESOLUTION_RATIO
    allow_different_types: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_DUPLICATES_ALLOW_DIFFERENT_TYPES",
            help=_("Treat a photo and a video of one group as duplicates."),
        ),
    ] = False
    allow_different_durations: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_DUPLICATES_ALLOW_DIFFERENT_DURATIONS",
            help=_("Treat videos of different duration as duplicates."),
        ),
    ] = False
    allow_different_resolutions: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_DUPLICATES_ALLOW_DIFFERENT_RESOLUTIONS",
            help=_("Treat copies of very different resolution as duplicates, and allow keeping the smaller one."),
        ),
    ] = False
    allow_motion_video_loss: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_DUPLICATES_ALLOW_MOTION_VIDEO_LOSS",
            help=_("Remove a live photo even if the copy that stays has no motion video."),
        ),
    ] = False
    allow_stack_loss: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_DUPLICATES_ALLOW_STACK_LOSS",
            help=_("Remove a copy even if it belongs to a stack that the copy that stays is not in."),
        ),
    ] = False
    allow_viewer_albums: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_DUPLICATES_ALLOW_VIEWER_ALBUMS",
            help=_("Remove a copy even if it is in a shared album where you may not put the copy that stays."),
        ),
    ] = False
    transfer_metadata: Annotated[
        bool,
        Parameter(
            env_var=("IMMICH_DUPLICATES_TRANSFER_METADATA", "IMMICH_TRANSFER_METADATA"),
            help=_(
                "Give the copy that stays the albums, tags, place, description, date, rating and favourite mark of the others."
            ),
        ),
    ] = True
    keep_metadata: Annotated[
        bool,
        Parameter(
            env_var=("IMMICH_DUPLICATES_KEEP_METADATA", "IMMICH_KEEP_METADATA"),
            help=_(
                "Let the copy that stays keep its own albums, tags and fields; if not, those of the others replace them."
            ),
        ),
    ] = True
    report_people: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_DUPLICATES_REPORT_PEOPLE",
            help=_("Say which people are recognised only on copies that go; reads the people of the library."),
        ),
    ] = True
    dismiss: Annotated[
        bool,
        Parameter(env_var="IMMICH_DUPLICATES_DISMISS", help=_("Keep every copy and mark the groups as no duplicates.")),
    ] = False

    def __attrs_post_init__(self) -> None:
        self._check_rank()
        self._check_numbers()
        for flag, texts in (
            ("--preferred-paths", self.preferred_paths),
            ("--protected-paths", self.protected_paths),
            ("--preferred-libraries", self.preferred_libraries),
            ("--protected-libraries", self.protected_libraries),
            ("--formats", self.formats),
        ):
            if not all(map(str.strip, texts)):
                raise UsageError(_("{flag} has an empty entry.").format(flag=flag))
            relative = [text for text in texts if flag.endswith("-paths") and not _is_absolute(text)]
            if relative:
                raise UsageError(
                    _(
                        "{flag}: '{path}' is no whole path; write it as the server sees it, such as /photos/originals."
                    ).format(flag=flag, path=relative[0])
                )
        if not self.keep_metadata and not self.transfer_metadata:
            raise UsageError(
                _(
                    "--no-keep-metadata with --no-transfer-metadata would only lose albums and tags; "
                    "choose at most one of them."
                )
            )

    def _check_rank(self) -> None:
        if not self.rank:
            raise UsageError(_("--rank is empty: name at least one rule."))
        twice = [rule for rule in self.rank if self.rank.count(rule) > 1]
        if twice:
            raise UsageError(_("--rank names the rule '{name}' twice.").format(name=twice[0].value))
        for first, second in _CONTRARY:
            if first in self.rank and second in self.rank:
                raise UsageError(
                    _("--rank: '{first}' and '{second}' compare the same thing; name only one of them.").format(
                        first=first.value, second=second.value
                    )
                )
        for rule, flag, given in (
            (Rule.PATH, "--preferred-paths", self.preferred_paths),
            (Rule.LIBRARY, "--preferred-libraries", self.preferred_libraries),
            (Rule.FORMAT, "--formats", self.formats),
        ):
            if rule in self.rank and not given:
                raise UsageError(_("The rule '{name}' needs {flag}.").format(name=rule.value, flag=flag))
            if rule is Rule.PATH and given and rule not in self.rank:
                raise UsageError(
                    _("{flag} has no effect without the rule '{name}' in --rank, such as --rank {example}.").format(
                        flag=flag, name=rule.value, example=",".join([rule.value, *(each.value for each in self.rank)])
                    )
                )

    def _check_numbers(self) -> None:
        for flag, number, least in (
            ("--date-tolerance", self.date_tolerance, 0.0),
            ("--duration-tolerance", self.duration_tolerance, 0.0),
            ("--max-resolution-ratio", self.max_resolution_ratio, 1.0),
        ):
            if not math.isfinite(number) or number < least:
                raise UsageError(_("{flag} must be {least:g} or more.").format(flag=flag, least=least))
        if self.date_tolerance > 36500:
            raise UsageError(_("--date-tolerance is more than a hundred years; leave the rule out of --rank instead."))
        if self.max_group_size < 0 or self.max_group_size == 1:
            raise UsageError(_("--max-group-size must be 2 or more, or 0 for no limit."))
