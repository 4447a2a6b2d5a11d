"""Every option of ``login`` there is, once: parsing, environment, profiles, help and renewals read this table.

The names of talosctl-oidc come first. Where kubelogin has another name for the same thing, both are there.
"""

from talos_cred.cli.option import Kind, Option
from talos_cred.settings import DEFAULT_CONTEXT, DEFAULT_MAX_LIFETIME, DEFAULT_MAX_TOKEN_AGE

PROVIDER, SIGN_IN, SERVER, CHECKS, PLACE = "Provider", "Sign-in", "Exchange server", "Checks", "talosconfig"

CONTEXT = Option(
    name="context-name",
    kind=Kind.TEXT,
    default=DEFAULT_CONTEXT,
    also=("context",),
    topic=PLACE,
    help="name of the context in the talosconfig",
)
TALOSCONFIG = Option(
    name="talosconfig",
    kind=Kind.TEXT,
    topic=PLACE,
    path=True,
    help="path of the talosconfig; by default as talosctl: $TALOSCONFIG, $TALOS_HOME/config, ~/.talos/config",
)
VERBOSE = Option(
    name="verbosity",
    kind=Kind.NUMBER,
    default=0,
    also=("v",),
    topic="General",
    once=True,
    help="1 shows the steps, 2 the requests as well; no secret is ever shown",
)
UNATTENDED = Option(
    name="unattended",
    kind=Kind.FLAG,
    topic=SIGN_IN,
    once=True,
    help="ask nothing and open no browser: exit code 2 when a sign-in is needed",
)

_PROVIDER = (
    Option(name="provider", kind=Kind.TEXT, topic=PROVIDER, help="issuer URL, with talosctl-oidc's defaults"),
    Option(
        name="oidc-issuer-url",
        kind=Kind.TEXT,
        topic=PROVIDER,
        help="issuer URL, with kubelogin's defaults: the same flags find the same session",
    ),
    Option(name="client-id", kind=Kind.TEXT, also=("oidc-client-id",), topic=PROVIDER, help="client ID"),
    Option(
        name="client-secret",
        kind=Kind.TEXT,
        also=("oidc-client-secret",),
        topic=PROVIDER,
        secret=True,
        help="client secret; better in the environment, a profile or a file",
    ),
    Option(
        name="client-secret-file", kind=Kind.TEXT, topic=PROVIDER, path=True, help="file that holds the client secret"
    ),
    Option(name="scopes", kind=Kind.LIST, topic=PROVIDER, help="scopes, separated by commas"),
    Option(name="oidc-extra-scope", kind=Kind.LIST, topic=PROVIDER, help="scopes besides openid; may be repeated"),
    Option(
        name="oidc-auth-request-extra-params",
        kind=Kind.LIST,
        topic=PROVIDER,
        help="NAME=VALUE added to the authorization request, such as prompt=consent; may be repeated",
    ),
    Option(
        name="provider-ca",
        kind=Kind.LIST,
        also=("certificate-authority",),
        topic=PROVIDER,
        help="PEM file of an authority to trust for the provider instead of the system's; may be repeated",
    ),
    Option(name="oidc-pkce-method", kind=Kind.TEXT, default="auto", topic=PROVIDER, help="auto, S256 or no"),
)
_SIGN_IN = (
    Option(name="callback-port", kind=Kind.NUMBER, default=8900, topic=SIGN_IN, help="port of the local callback"),
    Option(
        name="listen-address",
        kind=Kind.LIST,
        topic=SIGN_IN,
        help="address to wait on for the browser's return, with or without a port; may be repeated",
    ),
    Option(
        name="oidc-redirect-url",
        kind=Kind.TEXT,
        topic=SIGN_IN,
        help="redirect URL as registered at the provider; http://127.0.0.1:PORT/callback with --provider",
    ),
    Option(
        name="allow-remote-callback",
        kind=Kind.FLAG,
        topic=SIGN_IN,
        help="accept listen addresses and a redirect URL beyond this machine; others there may read the code",
    ),
    Option(
        name="local-server-cert",
        kind=Kind.TEXT,
        path=True,
        topic=SIGN_IN,
        help="PEM file with a certificate for the local callback: the redirect URL is an https one then",
    ),
    Option(name="local-server-key", kind=Kind.TEXT, path=True, topic=SIGN_IN, help="PEM file with its key"),
    Option(name="device-code", kind=Kind.FLAG, topic=SIGN_IN, help="sign in on another device (RFC 8628)"),
    Option(
        name="grant-type",
        kind=Kind.TEXT,
        default="auto",
        topic=SIGN_IN,
        help="auto, authcode, authcode-keyboard or device-code",
    ),
    Option(name="skip-open-browser", kind=Kind.FLAG, topic=SIGN_IN, help="print the URL instead of opening a browser"),
    Option(name="browser-command", kind=Kind.TEXT, topic=SIGN_IN, help="program to open the URL with"),
    Option(
        name="authentication-timeout-sec",
        kind=Kind.SECONDS,
        default=300.0,
        topic=SIGN_IN,
        help="seconds to wait for the sign-in",
    ),
    Option(
        name="token-cache-dir",
        kind=Kind.TEXT,
        topic=SIGN_IN,
        path=True,
        help="directory of the token cache; kubelogin's by default",
    ),
    Option(name="token-cache-storage", kind=Kind.TEXT, default="disk", topic=SIGN_IN, help="disk, keyring or none"),
    Option(
        name="id-token-file",
        kind=Kind.TEXT,
        topic=SIGN_IN,
        path=True,
        help="file with an ID token to use instead of signing in (CI); TALOS_CRED_ID_TOKEN holds the token itself",
    ),
    UNATTENDED,
)
_SERVER = (
    Option(name="server", kind=Kind.TEXT, topic=SERVER, help="address of the exchange server"),
    Option(
        name="server-ca",
        kind=Kind.TEXT,
        topic=SERVER,
        path=True,
        help="PEM file of the authority to trust for it instead of the system's",
    ),
    Option(
        name="server-fingerprint",
        kind=Kind.TEXT,
        topic=SERVER,
        help="SHA-256 of its public key or certificate, in hexadecimal or base64",
    ),
    Option(name="server-name", kind=Kind.TEXT, topic=SERVER, help="name its certificate has, if not the address's"),
    Option(
        name="insecure-http",
        kind=Kind.FLAG,
        also=("insecure",),
        topic=SERVER,
        help="[SECURITY RISK] plain http to another machine; TLS is verified always",
    ),
)
_CHECKS = (
    Option(
        name="max-role",
        kind=Kind.LIST,
        topic=CHECKS,
        help="role the certificate may have; may be repeated; by default those it had last time",
    ),
    Option(
        name="max-lifetime",
        kind=Kind.SECONDS,
        default=DEFAULT_MAX_LIFETIME,
        topic=CHECKS,
        help="longest validity accepted, such as 1h",
    ),
    Option(
        name="max-token-age",
        kind=Kind.SECONDS,
        default=DEFAULT_MAX_TOKEN_AGE,
        topic=CHECKS,
        help="age above which an ID token is refreshed first",
    ),
    Option(name="key-type", kind=Kind.TEXT, default="ed25519", topic=CHECKS, help="ed25519, p256 or server"),
    Option(name="accept-new-ca", kind=Kind.FLAG, topic=CHECKS, once=True, help="the Talos authority was rotated"),
    Option(name="accept-new-endpoints", kind=Kind.FLAG, topic=CHECKS, once=True, help="the nodes are others now"),
)
_PLACE = (
    CONTEXT,
    TALOSCONFIG,
    Option(
        name="use", kind=Kind.FLAG, also=("use-context",), topic=PLACE, once=True, help="make it the current context"
    ),
    Option(
        name="force",
        kind=Kind.FLAG,
        topic=PLACE,
        once=True,
        help="replace a context that no sign-in made; renew anyway",
    ),
)
_CALL = (
    Option(name="watch", kind=Kind.FLAG, topic="General", once=True, help="stay, and keep the certificate fresh"),
    Option(name="all", kind=Kind.FLAG, topic="General", once=True, help="log in with every profile"),
    VERBOSE,
)

LOGIN = (*_PROVIDER, *_SIGN_IN, *_SERVER, *_CHECKS, *_PLACE, *_CALL)
"""Options of ``login``."""
