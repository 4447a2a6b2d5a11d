"""Options that say whom to trust."""

from kubelogin_py.cli import option_values
from kubelogin_py.cli.option import SIGNING_IN, TOLD_THE_PROVIDER, Option, Topic
from kubelogin_py.compat.flag_values import BOOL, STRING, STRING_ARRAY

SECURITY_OPTIONS = (
    Option(
        name="oidc-pkce-method",
        kind=STRING,
        default="auto",
        help="Proof key for the code exchange; auto sends S256, too",
        topic=Topic.SECURITY,
        commands=TOLD_THE_PROVIDER,
        choices=("auto", "no", "S256"),
        meanings=("S256", "leave it out", "S256"),
        field="provider.pkce",
        convert=option_values.pkce_method,
    ),
    Option(
        name="oidc-use-pkce",
        kind=BOOL,
        default=False,
        help="Force the PKCE method S256",
        topic=Topic.SECURITY,
        commands=TOLD_THE_PROVIDER,
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
        commands=SIGNING_IN,
        path=True,
        field="tls.certificate_authorities",
    ),
    Option(
        name="certificate-authority-data",
        kind=STRING_ARRAY,
        default=(),
        help="The same as base64 of the PEM text; may be repeated",
        topic=Topic.SECURITY,
        commands=SIGNING_IN,
        field="tls.certificate_authority_data",
    ),
    Option(
        name="insecure-skip-tls-verify",
        kind=BOOL,
        default=False,
        help="[SECURITY RISK] Accept any certificate of the provider",
        topic=Topic.SECURITY,
        commands=SIGNING_IN,
        field="tls.insecure_skip_tls_verify",
    ),
)
