"""The flags of an API server about a provider, where it is not told by a file."""

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes.jwt_authenticator import FLAG_ALGORITHMS, JwtAuthenticator
from kubelogin_py.text import printable

NO_PREFIX = "-"
"""The username prefix that means none."""


def check(authenticator: JwtAuthenticator, *, repeatable: bool = True) -> None:
    """Make sure that flags can say it.

    :param repeatable: whether one flag may be given several times on this platform.
    :raises SettingsError: they can't.
    """
    if len(authenticator.audiences) > 1:
        raise SettingsError("style flags takes one audience, not several", hint="use --style=structured where it works")
    if len(authenticator.required_claims) > 1 and not repeatable:
        raise SettingsError("this platform takes one required claim in flags, not several", hint="demand one alone")
    for claim, _ in authenticator.required_claims:
        if "=" in claim:
            raise SettingsError(f'style flags can\'t name the claim "{printable(claim, 60)}": it has an equals sign')


def flags(authenticator: JwtAuthenticator, *, ca_file: str = "") -> tuple[tuple[str, str], ...]:
    """Return names, without dashes, and values.

    :param ca_file: where the provider's authority is on the API server's machine; empty when it needs none.
    """
    algorithms = ",".join(sorted(authenticator.algorithms))
    found = [
        ("oidc-issuer-url", authenticator.issuer),
        ("oidc-client-id", authenticator.audiences[0]),
        ("oidc-username-claim", authenticator.username_claim),
        # Left out, the issuer would be the prefix; empty, it would be taken for left out.
        ("oidc-username-prefix", authenticator.username_prefix or NO_PREFIX),
    ]
    if authenticator.groups_claim:
        found.append(("oidc-groups-claim", authenticator.groups_claim))
        found += [("oidc-groups-prefix", authenticator.groups_prefix)] if authenticator.groups_prefix else []
    if authenticator.algorithms != FLAG_ALGORITHMS:
        found.append(("oidc-signing-algs", algorithms))
    found += [("oidc-required-claim", f"{claim}={value}") for claim, value in authenticator.required_claims]
    return (*found, *((("oidc-ca-file", ca_file),) if ca_file else ()))
