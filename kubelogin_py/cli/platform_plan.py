"""What ``setup --platform`` is asked for, checked before anybody signs in."""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import platform_files, role_bindings
from kubelogin_py.kubernetes.api_server_flags import NO_PREFIX
from kubelogin_py.kubernetes.jwt_authenticator import RESERVED, JwtAuthenticator
from kubelogin_py.kubernetes.platform import Platform, Style, Target, choose
from kubelogin_py.kubernetes.role_bindings import Bound
from kubelogin_py.oidc import urls
from kubelogin_py.settings import Settings, Tls
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from kubelogin_py.compat.flag_values import Pairs
    from kubelogin_py.providers.profile import Profile

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----")
_AUTHORITY_LIMIT = 1 << 20
# Claims that are there whatever the scopes are.
_UNSCOPED = frozenset({"sub", "oid"})
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for.

    :param target: what is configured, and how.
    :param authenticator: what the API server is told.
    :param admins: who may do everything.
    :param viewers: who may see everything but secrets.
    :param directory: where the files go; ``None`` for standard output.
    """

    target: Target
    authenticator: JwtAuthenticator
    admins: Bound
    viewers: Bound
    directory: Path | None

    def signed_with(self, algorithm: object) -> JwtAuthenticator:
        """Return what the API server is told, once it is known what tokens are signed with.

        A file takes every algorithm that Kubernetes knows; flags take RS256 unless they say another one.
        """
        if self.target.style is not Style.FLAGS:
            return self.authenticator
        known = algorithm if algorithm in self.authenticator.algorithms else "RS256"
        return replace(self.authenticator, algorithms=frozenset({str(known)}))


def target_of(parsed: Parsed) -> Target:
    """Return what is configured, and how.

    :raises SettingsError: there is no such platform, or this version of it does not take that.
    """
    platform, style = parsed.text("platform"), parsed.text("style")
    for name, value, known in (("platform", platform, Platform), ("style", style, (*Style, ""))):
        if value not in [*known]:
            raise SettingsError(f"{name} must be one of ({'|'.join(filter(None, known))})")
    return choose(Platform(platform), parsed.text("platform-version"), Style(style) if style else None)


def plan(parsed: Parsed, settings: Settings, profile: "Profile | None") -> Plan:
    """Return what is asked for, with what suits the provider where nothing was said.

    :raises SettingsError: something does not go together, or would lock somebody out; nothing was done yet.
    """
    _check_issuer(settings.provider.issuer)
    target = target_of(parsed)
    authenticator = _authenticator(parsed, settings, profile)
    admins = Bound(_texts(parsed, "admin-user"), _texts(parsed, "admin-group"))
    viewers = Bound(groups=_texts(parsed, "view-group"))
    role_bindings.check(authenticator, admins, viewers)
    platform_files.check(target, authenticator)
    directory = "" if parsed.flag("dry-run") else parsed.text("write")
    return Plan(target, authenticator, admins, viewers, Path(directory).absolute() if directory else None)


def _check_issuer(issuer: str) -> None:
    if not issuer.startswith("https://"):
        raise SettingsError(
            f"{printable(issuer)} is no https URL, and no API server takes another as issuer",
            hint="give the provider a certificate, be it of a private authority: --certificate-authority",
        )
    urls.check_issuer(issuer)


def _authenticator(parsed: Parsed, settings: Settings, profile: "Profile | None") -> JwtAuthenticator:
    username = parsed.text("username-claim")
    if not username:
        if "username-claim" in parsed.given:
            raise SettingsError("username-claim is empty, and every user needs a name", hint="use --username-claim=sub")
        advised = profile.username_claim if profile else "sub"
        username = advised if settings.provider.extra_scopes or advised in _UNSCOPED else "sub"
    groups = parsed.text("groups-claim")
    if profile and "groups-claim" not in parsed.given:
        groups = profile.groups_claim
    found = JwtAuthenticator(
        settings.provider.issuer,
        _texts(parsed, "audience") or (settings.provider.client_id,),
        username_claim=username,
        username_prefix=_prefix(parsed, "username-prefix"),
        groups_claim=groups,
        groups_prefix=_prefix(parsed, "groups-prefix"),
        required_claims=cast("Pairs", parsed.values["required-claim"]),
        certificate_authority=_authority(settings.tls),
    )
    named = (*found.audiences, username, groups, found.username_prefix, found.groups_prefix)
    _check_printable((*named, *(text for pair in found.required_claims for text in pair)))
    return found


def _prefix(parsed: Parsed, name: str) -> str:
    # As the API server's flags have it, a dash means none.
    text = parsed.text(name)
    return "" if text == NO_PREFIX else text


def _texts(parsed: Parsed, name: str) -> tuple[str, ...]:
    found = cast("tuple[str, ...]", parsed.values[name])
    _check_printable(found)
    return tuple(dict.fromkeys(found))


def _check_printable(texts: Iterable[str]) -> None:
    for text in texts:
        if not text.isprintable():
            raise SettingsError(f'"{printable(text, _SHOWN)}" has characters that can\'t be shown')


def _authority(tls: Tls) -> str:
    """Return the authority that vouches for the provider, as the API server takes it; empty for the system's.

    :raises SettingsError: there is none where one was promised.
    """
    texts = [_read(path) for path in tls.certificate_authorities]
    texts += [_decoded(data) for data in tls.certificate_authority_data]
    found = dict.fromkeys(match[0].replace("\r", "") for text in texts for match in _CERTIFICATE.finditer(text))
    if texts and not found:
        raise SettingsError("certificate-authority holds no certificate in PEM form")
    return "".join(f"{one}\n" for one in found)


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(_AUTHORITY_LIMIT).decode("ascii", "replace")
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise SettingsError(f"--certificate-authority: {printable(path)}: {reason}") from None


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode("ascii", "replace")
    except (binascii.Error, ValueError):
        raise SettingsError("--certificate-authority-data is not base64") from None


def suggested(authenticator: JwtAuthenticator, groups: Sequence[str], name: str) -> Bound:
    """Return whom to bind when nobody was named: the first group of whoever signed in, else that user."""
    usable = [group for group in groups if group and not group.startswith(RESERVED)]
    return Bound(groups=(usable[0],)) if usable and authenticator.groups_claim else Bound(users=(name,))
