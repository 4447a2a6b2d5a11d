"""Every option there is, once: parsing, settings, help and documentation are read from this table.

A new option is a row here, a field in ``settings``, and a conversion when its value is not the field's.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath

from kubelogin_py.cli import option_values
from kubelogin_py.cli.ineffective_options import INEFFECTIVE_OPTIONS
from kubelogin_py.cli.option import EVERY_COMMAND, ROOT, Environment, Option, Topic
from kubelogin_py.compat.flag_values import BOOL, INT, LEVEL, STRING, STRING_ARRAY, STRING_TO_STRING, STRINGS
from kubelogin_py.settings import DEFAULT_AUTHENTICATION_TIMEOUT, DEFAULT_LISTEN_ADDRESSES

OPTIONS = (
    Option(
        name="oidc-issuer-url",
        kind=STRING,
        default="",
        help="Issuer URL of the provider (mandatory)",
        topic=Topic.PROVIDER,
        required=True,
        field="provider.issuer",
    ),
    Option(
        name="oidc-client-id",
        kind=STRING,
        default="",
        help="Client ID of the provider (mandatory)",
        topic=Topic.PROVIDER,
        required=True,
        field="provider.client_id",
    ),
    Option(
        name="oidc-client-secret",
        kind=STRING,
        default="",
        help="Client secret of the provider",
        topic=Topic.PROVIDER,
        secret=True,
        note="is visible to the other users of this machine in the list of processes",
        field="provider.client_secret",
        convert=option_values.optional_secret,
    ),
    Option(
        name="oidc-redirect-url",
        kind=STRING,
        default="",
        help="[authcode, authcode-keyboard] Redirect URL, byte for byte as registered at the provider",
        topic=Topic.PROVIDER,
        field="provider.redirect_url",
        convert=option_values.optional_text,
    ),
    Option(
        name="oidc-extra-scope",
        kind=STRINGS,
        default=(),
        help="Scopes to request besides openid, separated by commas or blanks",
        topic=Topic.PROVIDER,
        field="provider.extra_scopes",
        convert=option_values.scopes,
    ),
    Option(
        name="oidc-auth-request-extra-params",
        kind=STRING_TO_STRING,
        default=(),
        help="[authcode, authcode-keyboard, device-code] Extra parameters of the authentication request",
        topic=Topic.PROVIDER,
        field="provider.extra_params",
    ),
    Option(
        name="oidc-request-header",
        kind=STRING_TO_STRING,
        default=(),
        help="Header fields added to every request to the provider",
        topic=Topic.PROVIDER,
        secret=True,
        field="provider.request_headers",
        convert=option_values.request_headers,
    ),
    Option(
        name="grant-type",
        kind=STRING,
        default="auto",
        help="How to sign in",
        topic=Topic.SIGN_IN,
        choices=("auto", "authcode", "authcode-keyboard", "device-code"),
        field="login.grant_type",
        convert=option_values.grant_type,
    ),
    Option(
        name="listen-address",
        kind=STRINGS,
        default=DEFAULT_LISTEN_ADDRESSES,
        help="[authcode] Addresses to wait on for the browser's return, tried in order",
        topic=Topic.SIGN_IN,
        field="login.listen_addresses",
        convert=option_values.listen_addresses,
    ),
    Option(
        name="skip-open-browser",
        kind=BOOL,
        default=False,
        help="[authcode, device-code] Print the URL instead of opening the browser",
        topic=Topic.SIGN_IN,
        field="login.skip_open_browser",
    ),
    Option(
        name="browser-command",
        kind=STRING,
        default="",
        help="[authcode, device-code] Program to open the URL with; the URL is its only argument",
        topic=Topic.SIGN_IN,
        field="login.browser_command",
        convert=option_values.optional_text,
    ),
    Option(
        name="authentication-timeout-sec",
        kind=INT,
        default=int(DEFAULT_AUTHENTICATION_TIMEOUT),
        help="Seconds to wait for the sign-in to be finished",
        topic=Topic.SIGN_IN,
        field="login.authentication_timeout",
        convert=option_values.timeout,
    ),
    Option(
        name="force-refresh",
        kind=BOOL,
        default=False,
        help="Refresh the token although it has not expired; without a refresh token this is a new sign-in",
        topic=Topic.SIGN_IN,
        field="login.force_refresh",
    ),
    Option(
        name="token-cache-dir",
        kind=STRING,
        default=str(PurePath("~", ".kube", "cache", "oidc-login")),
        help="Directory of the token cache",
        topic=Topic.CACHE,
        environment=Environment("KUBECACHEDIR", lambda value: str(PurePath(value, "oidc-login"))),
        path=True,
        field="cache.directory",
        convert=option_values.cache_directory,
    ),
    Option(
        name="token-cache-storage",
        kind=STRING,
        default="disk",
        help="Where tokens are kept between two calls",
        topic=Topic.CACHE,
        choices=("disk", "none"),
        field="cache.storage",
        convert=option_values.storage,
    ),
    Option(
        name="oidc-pkce-method",
        kind=STRING,
        default="auto",
        help="Proof key for the code exchange; auto sends S256, too",
        topic=Topic.SECURITY,
        choices=("auto", "no", "S256"),
        field="provider.pkce",
        convert=option_values.pkce_method,
    ),
    Option(
        name="oidc-use-pkce",
        kind=BOOL,
        default=False,
        help="Force the PKCE method S256",
        topic=Topic.SECURITY,
        hidden=True,
        deprecated="use --oidc-pkce-method instead. Note that PKCE is automatically enabled by default.",
        field="provider.pkce",
        convert=option_values.forced_pkce,
    ),
    Option(
        name="certificate-authority",
        kind=STRING_ARRAY,
        default=(),
        help="PEM file of a certificate authority to trust instead of the system's; may be repeated",
        topic=Topic.SECURITY,
        path=True,
        field="tls.certificate_authorities",
    ),
    Option(
        name="certificate-authority-data",
        kind=STRING_ARRAY,
        default=(),
        help="The same as base64 of the PEM text; may be repeated",
        topic=Topic.SECURITY,
        field="tls.certificate_authority_data",
    ),
    Option(
        name="insecure-skip-tls-verify",
        kind=BOOL,
        default=False,
        help="[SECURITY RISK] Accept any certificate of the provider",
        topic=Topic.SECURITY,
        field="tls.insecure_skip_tls_verify",
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


def options_of(command: str, environment: Mapping[str, str]) -> tuple[Option, ...]:
    """Return the options of a command with the defaults that this environment gives them."""
    rows = (row for row in OPTIONS if command in row.commands or EVERY_COMMAND in row.commands)
    return tuple(_with_default(row, environment) for row in rows)


def _with_default(row: Option, environment: Mapping[str, str]) -> Option:
    if row.environment is None or row.environment.name not in environment:
        return row
    return replace(row, default=row.environment.default(environment[row.environment.name]))
