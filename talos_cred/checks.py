"""Whether an exchange server's answer may be used: every check, on values, before anything is written.

The server chooses the certificate, its authority and the nodes that talosctl will talk to. Somebody who could swap
them would be sent machine secrets by the next ``talosctl apply-config``; so they are compared with what was seen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kubelogin_py.secret import Secret
from kubelogin_py.text import printable
from talos_cred.certificate import Certificate, KeyPair, anchor, read_certificates, read_key
from talos_cred.endpoints import check_endpoints
from talos_cred.errors import CertificateError, ChangedError
from talos_cred.exchange import Answer
from talos_cred.settings import Policy

IMPERSONATOR = "os:impersonator"
MIN_REMAINING = 3.0
"""Seconds that a certificate must be good for, still."""

_SHORT_WAIT = 60.0
_MAX_ROLES = 32
_ROLE_LENGTH = 128
_LONG = 3600.0
_TTL_SLACK = 90.0
_CLOCK_HINT = "compare this machine's clock with the server's; both should be set by NTP"
_ROLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Known:
    """What was seen before in a context; empty tuples where nothing was.

    :param authorities: SHA-256 of the authorities' certificates, hexadecimal.
    :param endpoints: nodes the server named.
    :param roles: roles of the last certificate.
    """

    authorities: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credential:
    """A checked client certificate for Talos.

    :param ca: PEM of the authorities, without anything around them.
    :param certificate: PEM of the certificate and its intermediates.
    :param key: PEM of its private key, PKCS#8.
    :param endpoints: nodes; empty when the server named none.
    :param roles: Talos roles.
    :param not_before: UTC seconds.
    :param not_after: UTC seconds.
    :param authorities: SHA-256 of each authority, hexadecimal.
    :param own_key: whether the key was made here.
    :param warnings: what the person should know.
    """

    ca: str
    certificate: str
    key: Secret
    endpoints: tuple[str, ...]
    roles: tuple[str, ...]
    not_before: float
    not_after: float
    authorities: tuple[str, ...]
    own_key: bool
    warnings: tuple[str, ...] = field(default=())

    @property
    def known(self) -> Known:
        """What to compare the next answer with."""
        return Known(self.authorities, self.endpoints, self.roles)


def check(answer: Answer, own: KeyPair | None, policy: Policy, known: Known, *, now: float) -> Credential:
    """Return the credential in an answer, all checks passed; whether it is valid *yet* is left to ``wait_for``.

    :param own: the key pair whose public half was sent.
    :param known: what was seen before.
    :param now: UTC seconds.
    :raises ChangedError: a person must agree to a change.
    :raises CertificateError: anything else.
    """
    leaf, *between = read_certificates(answer.certificate, "cert of the answer")
    authorities = read_certificates(answer.ca, "ca of the answer")
    key, is_own = _key(answer, own, leaf)
    _check_leaf(leaf, policy, now)
    _check_roles(leaf.roles)
    endpoints = check_endpoints(answer.endpoints)
    credential = Credential(
        ca="".join(authority.pem for authority in authorities),
        certificate="".join(certificate.pem for certificate in (leaf, *between)),
        key=key,
        endpoints=endpoints,
        roles=tuple(dict.fromkeys(leaf.roles)),
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        authorities=_chained(leaf, between, authorities, now),
        own_key=is_own,
    )
    compare(credential, known, policy)
    return replace(credential, warnings=_warnings(credential, answer, now))


def compare(credential: Credential, known: Known, policy: Policy) -> None:
    """Make sure that nothing changed without a person's word.

    :raises ChangedError: naming what, with both values.
    """
    allowed = policy.max_roles or known.roles
    more = [role for role in credential.roles if allowed and role not in allowed]
    if more:
        raise ChangedError(
            f"the certificate has roles that it may not have: {', '.join(more)} (allowed: {', '.join(allowed)})",
            step="roles",
            flag="max-role",
            found=credential.roles,
            hint=f"if you expect that, add {' '.join(f'--max-role={role}' for role in credential.roles)}",
        )
    changed = set(credential.authorities) - set(known.authorities)
    if known.authorities and changed and not policy.accept_new_ca:
        raise ChangedError(
            f"the Talos authority changed from {', '.join(known.authorities)} to {', '.join(credential.authorities)}: "
            "a rotation, or somebody who wants your machine secrets",
            step="authority",
            flag="accept-new-ca",
            found=credential.authorities,
            hint="ask whoever runs the cluster; if it was rotated, add --accept-new-ca",
        )
    if known.endpoints and credential.endpoints and set(credential.endpoints) - set(known.endpoints):
        if policy.accept_new_endpoints:
            return
        raise ChangedError(
            f"the nodes changed from {', '.join(known.endpoints)} to {', '.join(credential.endpoints)}",
            step="endpoints",
            flag="accept-new-endpoints",
            found=credential.endpoints,
            hint="ask whoever runs the cluster; if that is right, add --accept-new-endpoints",
        )


def wait_for(credential: Credential, now: float) -> float:
    """Return the seconds until a credential is valid, 0 for one that is.

    :raises CertificateError: more than a minute: that is a clock, not a moment.
    """
    seconds = credential.not_before - now
    if seconds > _SHORT_WAIT:
        raise CertificateError(
            f"the certificate is not valid for another {seconds:.0f} s: two clocks disagree",
            step="validity",
            hint=_CLOCK_HINT,
        )
    return max(0.0, seconds)


def _key(answer: Answer, own: KeyPair | None, leaf: Certificate) -> tuple[Secret, bool]:
    """Return the private key that fits the certificate, and whether it is ours."""
    if own is not None and own.public == leaf.public:
        return own.pem, True
    if answer.key is None:
        raise CertificateError("the certificate is for another key than the one made here", step="key")
    key = read_key(answer.key)
    if key.public != leaf.public:
        raise CertificateError("the certificate and the key of the answer do not belong together", step="key")
    return key.pem, False


def _check_leaf(leaf: Certificate, policy: Policy, now: float) -> None:
    if leaf.is_ca:
        raise CertificateError("the certificate is an authority's, not a client's", step="usage")
    if not leaf.is_client_only:
        raise CertificateError("the certificate is not for client authentication only", step="usage")
    remaining = leaf.not_after - now
    if remaining <= 0:
        raise CertificateError(
            f"the certificate expired {-remaining:.0f} s ago, when it was issued: two clocks disagree",
            step="validity",
            hint=_CLOCK_HINT,
        )
    if remaining < MIN_REMAINING:
        raise CertificateError(f"the certificate is good for {remaining:.0f} s only", step="validity", hint=_CLOCK_HINT)
    if leaf.not_after - max(now, leaf.not_before) > policy.max_lifetime:
        raise CertificateError(
            f"the certificate is good for {_span(remaining)}, more than {_span(policy.max_lifetime)}: "
            "Talos can't revoke one",
            step="lifetime",
            hint="lower cert_ttl at the exchange server, or allow more with --max-lifetime",
        )


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _LONG else f"{seconds / 3600:.1f} hours"


def _check_roles(roles: Sequence[str]) -> None:
    if not roles:
        raise CertificateError(
            "the certificate has no role: Talos would refuse every call",
            step="roles",
            hint="the exchange server's rules must give you at least one, such as os:reader",
        )
    odd = [role for role in roles if not _ROLE.fullmatch(role) or len(role) > _ROLE_LENGTH]
    if odd or len(roles) > _MAX_ROLES:
        found = printable(odd[0], 80) if odd else f"{len(roles)} roles"
        raise CertificateError(f"the certificate has roles that can't be right: {found}", step="roles")
    if IMPERSONATOR in roles:
        raise CertificateError(
            f"the certificate has the role {IMPERSONATOR}, whose holder can be anybody",
            step="roles",
            hint="the exchange server must not give this role to people",
        )


def _chained(
    leaf: Certificate, between: Sequence[Certificate], authorities: Sequence[Certificate], now: float
) -> tuple[str, ...]:
    for authority in authorities:
        if not authority.is_ca:
            raise CertificateError(f"{printable(authority.subject)} is no authority", step="authority")
    good = [authority for authority in authorities if _holds(authority, now)]
    if not good:
        state = "has expired" if min(authority.not_after for authority in authorities) <= now else "is not valid yet"
        raise CertificateError(f"the Talos authority of the answer {state}", step="authority", hint=_CLOCK_HINT)
    if anchor(leaf, [step for step in between if _holds(step, now)], good) is None:
        raise CertificateError("the certificate was not signed by the authority of the answer", step="chain")
    return tuple(authority.fingerprint for authority in authorities)


def _holds(certificate: Certificate, now: float) -> bool:
    """Return whether an authority's certificate is valid now, or in the moment that a leaf's own is waited for."""
    return certificate.not_before - _SHORT_WAIT <= now < certificate.not_after


def _warnings(credential: Credential, answer: Answer, now: float) -> tuple[str, ...]:
    found = []
    if credential.not_after - now > _LONG:
        found.append(
            f"the certificate is good for {(credential.not_after - now) / 3600:.1f} hours and can't be revoked"
        )
    if answer.ttl is not None and abs(answer.ttl - (credential.not_after - now)) > _TTL_SLACK:
        found.append(f"the server says {answer.ttl:.0f} s, the certificate {credential.not_after - now:.0f} s")
    return tuple(found)
