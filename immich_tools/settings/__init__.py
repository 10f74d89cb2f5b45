"""Configuration of all commands: flags > environment > ``.env`` > ``immich-toolkit.toml`` > defaults, strictly read."""

from immich_tools.settings.abbreviations import takes_prefixes_of
from immich_tools.settings.account import Account
from immich_tools.settings.accounts import account_in_turn, accounts
from immich_tools.settings.application import load, make_app, run
from immich_tools.settings.declarations import (
    Legacy,
    Numbered,
    Positional,
    also_called,
    may_be_empty,
    may_be_number,
    negate,
    unchanged,
    without_quotes,
)
from immich_tools.settings.files import read_configuration_file
from immich_tools.settings.options import (
    AccountOptions,
    ApplyOptions,
    ConnectionOptions,
    EachAccountOptions,
    ExecutionOptions,
    LogFormat,
    LogLevel,
    OutputOptions,
    SourceOptions,
)
from immich_tools.settings.secrets import secret_flag
from immich_tools.settings.sources import Sources
from immich_tools.settings.surroundings import Invocation, Surroundings, current_invocation, protect
from immich_tools.settings.turns import for_each_account
from immich_tools.settings.values import Separated, read_boolean

__all__ = [
    "Account",
    "AccountOptions",
    "ApplyOptions",
    "ConnectionOptions",
    "EachAccountOptions",
    "ExecutionOptions",
    "Invocation",
    "Legacy",
    "LogFormat",
    "LogLevel",
    "Numbered",
    "OutputOptions",
    "Positional",
    "Separated",
    "SourceOptions",
    "Sources",
    "Surroundings",
    "account_in_turn",
    "accounts",
    "also_called",
    "current_invocation",
    "for_each_account",
    "load",
    "make_app",
    "may_be_empty",
    "may_be_number",
    "negate",
    "protect",
    "read_boolean",
    "read_configuration_file",
    "run",
    "secret_flag",
    "takes_prefixes_of",
    "unchanged",
    "without_quotes",
]
