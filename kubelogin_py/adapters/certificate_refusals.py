"""Words for certificates and protocols that were refused."""

import re
import ssl
from collections.abc import Sequence

from kubelogin_py.adapters import trust
from kubelogin_py.text import printable

_OLD_PROTOCOL = "PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|WRONG_SSL_VERSION"
# X509_V_ERR_* of OpenSSL.
_REASONS = {
    7: "is signed by an unknown authority, which has the name of a known one",
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed and not trusted",
    19: "is signed by an unknown authority, which signed itself",
    20: "is signed by an unknown authority",
    21: "is signed by an unknown authority",
    23: "was revoked",
}
_DATES = frozenset({9, 10})


def refusal(
    error: BaseException, host: str, names: Sequence[str] = (), *, wanted: str | None = None
) -> tuple[str, str] | None:
    """Return what is wrong with a server's TLS and what to do, or ``None`` for a fault that may pass by itself.

    :param error: what ended the handshake.
    :param host: the server, for the message.
    :param names: names in its certificate, where known.
    :param wanted: name that its certificate must have, where that is not the host.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_refusal(error, host, names, wanted or host)
    reason = str(getattr(error, "reason", None) or "")
    if re.search(_OLD_PROTOCOL, reason):
        return f"{host} offers no TLS 1.2 or later", "the provider must be upgraded to TLS 1.2 or later"
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return f"{host} does not speak TLS on this port", "check the port of the URL, or whether it must be http"
    return None


def _certificate_refusal(
    error: ssl.SSLCertVerificationError, host: str, names: Sequence[str], wanted: str
) -> tuple[str, str]:
    code = getattr(error, "verify_code", 0)
    option = f"a private authority is given with {trust.CA_OPTION}=FILE"
    if trust.is_wrong_name(error):
        valid = f"valid for {printable(', '.join(names))}, " if names else ""
        return (
            f"the certificate of {host} is {valid}not for {printable(wanted)}",
            f"check the host in the URL; {option}",
        )
    if code in _DATES:
        hint = f"the provider must renew it, or the clock of this machine is wrong; {option}"
    else:
        hint = f"give the authority that signed it with {trust.CA_OPTION}=FILE"
    reason = _REASONS.get(code) or f"is not trusted: {printable(getattr(error, 'verify_message', '') or error)}"
    return f"the certificate of {host} {reason}", hint
