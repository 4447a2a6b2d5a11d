"""Every option there is, once: parsing, settings, help, completion and documentation are read from this table.

A new option is a row of its group, a field in ``settings``, and a conversion when its value is not the field's.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath

from kubelogin_py.cli import option_values
from kubelogin_py.cli.ineffective_options import INEFFECTIVE_OPTIONS
from kubelogin_py.cli.kubeconfig_options import KUBECONFIG_OPTIONS
from kubelogin_py.cli.option import (
    CLEAN,
    COMPLETION,
    DOCTOR,
    EVERY_COMMAND,
    LOGIN,
    LOGOUT,
    PLUGIN,
    ROOT,
    SETUP,
    STATUS,
    TOKEN,
    WHOAMI,
    Environment,
    Option,
    Topic,
)
from kubelogin_py.cli.platform_options import PLATFORM_OPTIONS
from kubelogin_py.cli.provider_options import PROVIDER_OPTIONS
from kubelogin_py.cli.security_options import SECURITY_OPTIONS
from kubelogin_py.cli.sign_in_options import SIGN_IN_OPTIONS
from kubelogin_py.cli.sign_out_options import SIGN_OUT_OPTIONS
from kubelogin_py.compat.flag_values import BOOL, LEVEL, STRING

OPTIONS = (
    *KUBECONFIG_OPTIONS,
    *PROVIDER_OPTIONS,
    *SIGN_IN_OPTIONS,
    *SIGN_OUT_OPTIONS,
    *PLATFORM_OPTIONS,
    Option(
        name="token-cache-dir",
        kind=STRING,
        default=str(PurePath("~", ".kube", "cache", "oidc-login")),
        help="Directory of the token cache",
        topic=Topic.CACHE,
        commands=(PLUGIN, SETUP, CLEAN, STATUS, WHOAMI),
        environment=Environment("KUBECACHEDIR", lambda value: str(PurePath(value, "oidc-login"))),
        path=True,
        field="cache.directory",
        convert=option_values.cache_directory,
    ),
    Option(
        name="token-cache-storage",
        kind=STRING,
        default="disk",
        help="Where tokens are kept between two calls; auto is the keyring where there is one, else the disk",
        topic=Topic.CACHE,
        commands=(PLUGIN, SETUP),
        choices=("auto", "disk", "keyring", "none"),
        meanings=("the keyring where there is one, else the disk", "files", "files sealed by the keyring", "nowhere"),
        field="cache.storage",
        convert=option_values.storage,
    ),
    Option(
        name="no-refresh-ahead",
        kind=BOOL,
        default=False,
        help="Do not refresh the token in the background shortly before it expires",
        topic=Topic.CACHE,
        environment=Environment("KUBELOGIN_NO_REFRESH_AHEAD", lambda _: True),
        field="cache.refresh_ahead",
        convert=option_values.negated,
    ),
    Option(
        name="require-token-cache",
        kind=BOOL,
        default=False,
        help="Fail where the session can't be kept, instead of a warning and the token all the same",
        topic=Topic.CACHE,
        field="cache.required",
    ),
    Option(
        name="token-cache",
        kind=STRING,
        default="",
        help="Old name: cache file; sessions are kept in a directory of that name and .d",
        topic=Topic.CACHE,
        path=True,
        hidden=True,
        note="is an old name: sessions are kept in a directory of that name and .d; use --token-cache-dir",
        field="cache.directory",
        convert=option_values.former_cache_file,
    ),
    Option(
        name="token-cache-storage",
        kind=STRING,
        default="auto",
        help="What to empty: auto and keyring mean the directory and the keyring, disk the directory alone",
        topic=Topic.CACHE,
        commands=(CLEAN,),
        choices=("auto", "disk", "keyring"),
        hidden=True,
    ),
    *SECURITY_OPTIONS,
    Option(
        name="output",
        kind=STRING,
        default="table",
        help="How the answer is shown: for a person, or for a program",
        topic=Topic.GENERAL,
        commands=(STATUS, WHOAMI, DOCTOR),
        choices=("table", "json"),
        meanings=("for a person", "for a program"),
    ),
    Option(
        name="output",
        kind=STRING,
        default="raw",
        help="What is written: the token alone, or a JSON object with it and what it is",
        topic=Topic.GENERAL,
        commands=(TOKEN,),
        choices=("raw", "json"),
        meanings=("the token alone", "an object with the token and what it is"),
    ),
    Option(
        name="claims",
        kind=BOOL,
        default=False,
        help="Write the claims of the token as JSON instead of the token",
        topic=Topic.GENERAL,
        commands=(TOKEN,),
    ),
    Option(
        name="no-descriptions",
        kind=BOOL,
        default=False,
        help="Leave the descriptions of commands and options out",
        topic=Topic.GENERAL,
        commands=(COMPLETION,),
    ),
    Option(
        name="help",
        kind=BOOL,
        default=False,
        help="Show this help",
        topic=Topic.GENERAL,
        commands=(EVERY_COMMAND,),
        shorthand="h",
    ),
    Option(
        name="version",
        kind=BOOL,
        default=False,
        help="Show the version",
        topic=Topic.GENERAL,
        commands=(ROOT,),
    ),
    Option(
        name="v",
        kind=LEVEL,
        default=0,
        help="Verbosity: 1 shows the steps, 2 the requests as well; no secret is ever shown",
        topic=Topic.GENERAL,
        commands=(EVERY_COMMAND,),
        shorthand="v",
    ),
    *INEFFECTIVE_OPTIONS,
)


_ALSO = dict.fromkeys((LOGIN, LOGOUT, TOKEN, DOCTOR), (PLUGIN,))
"""Commands that have all options of another one: they do, undo or look at what `get-token` with these would do."""


def options_of(command: str, environment: Mapping[str, str]) -> tuple[Option, ...]:
    """Return the options of a command with the defaults that this environment gives them."""
    having = {command, EVERY_COMMAND, *_ALSO.get(command, ())}
    rows = (row for row in OPTIONS if having & set(row.commands))
    return tuple(_with_default(row, environment) for row in rows)


def _with_default(row: Option, environment: Mapping[str, str]) -> Option:
    if row.environment is None or row.environment.name not in environment:
        return row
    return replace(row, default=row.environment.default(environment[row.environment.name]))
