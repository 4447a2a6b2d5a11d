"""The device authorization grant: sign in on another device, confirm a code there (RFC 8628)."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kubelogin_py.errors import DeniedError, ProviderError, SignInError, TransientError
from kubelogin_py.oidc import pkce
from kubelogin_py.oidc.authorization import check_extra_params
from kubelogin_py.oidc.error_response import error_code, read_answer
from kubelogin_py.oidc.tokens import Form, TokenSet, number, read_token_response
from kubelogin_py.oidc.urls import check_browser_url, host_of
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret

INTERVAL = (1.0, 60.0)
"""Seconds between two polls: least and most accepted of a provider, and most for a back-off."""

LIFETIME = (30.0, 1800.0)
"""Seconds a device code is waited for: least and most."""

_DEFAULT_INTERVAL = 5.0
_SLOW_DOWN = 5.0
_DOUBLINGS = 10
_WHAT = "device authorization request"

# A person compares this code on two screens, so nothing may be in it that looks like something else or moves the
# cursor (RFC 8628 section 6.1 advises plain letters or digits).
_USER_CODE = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9]+(?:[-_. ][A-Za-z0-9]+)*")
_DEVICE_CODE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """One device sign-in under way (RFC 8628 section 3.2).

    :param device_code: what is polled with.
    :param user_code: what the person compares or types; plain characters only.
    :param verification_uri: where the person goes; checked.
    :param verification_uri_complete: the same with the code filled in, if there is one that passes the check.
    :param expires_in: seconds until polling ends, within ``LIFETIME``.
    :param interval: seconds before each poll, the first included, within ``INTERVAL``.
    """

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in: float
    interval: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait ``seconds``, then poll again and hand the outcome with this value to ``next_poll``.

    :param interval: seconds between polls as the provider wants them by now.
    :param failures: polls in a row that got no answer; each doubles the wait (RFC 8628 section 3.5).
    :param at_least: seconds the provider asked for with ``Retry-After``.
    """

    interval: float
    failures: int = 0
    at_least: float = 0.0

    @property
    def seconds(self) -> float:
        """Seconds until the next poll."""
        # Doubling stops where the most is reached anyway, so that a long outage can't overflow a float.
        backed_off = min(self.interval * 2.0 ** min(self.failures, _DOUBLINGS), max(INTERVAL[1], self.interval))
        return max(backed_off, min(self.at_least, INTERVAL[1]))


@dataclass(frozen=True, slots=True)
class Done:
    """The person has confirmed.

    :param tokens: what was issued; the ID token has no nonce in this flow.
    """

    tokens: TokenSet


def authorization_form(
    client_id: str, scope: str, *, code_challenge: str | None = None, extra_params: Sequence[tuple[str, str]] = ()
) -> Form:
    """Return the fields of the device authorization request (RFC 8628 section 3.1).

    :param code_challenge: binds the polls to this process where the provider supports it (RFC 7636).
    :param extra_params: added as they are.
    :raises SettingsError: an extra parameter that the sign-in itself sets.
    """
    check_extra_params(extra_params)
    form: Form = [("client_id", client_id), ("scope", scope)]
    if code_challenge is not None:
        form += [("code_challenge", code_challenge), ("code_challenge_method", pkce.METHOD)]
    return [*form, *extra_params]


def read_device_authorization(response: Response) -> DeviceAuthorization:
    """Return the answer to the device authorization request.

    :raises TransientError: 408, 429 or a 5xx.
    :raises OAuthError: the provider's error.
    :raises ProviderError: a member is missing, malformed or not safe to show.
    """
    document = read_answer(response, _WHAT)
    http_loopback = response.url.lower().startswith("http:")
    uri = document.get("verification_uri") or document.get("verification_url")
    return DeviceAuthorization(
        device_code=Secret(_text(document, "device_code", _DEVICE_CODE, response)),
        user_code=_text(document, "user_code", _USER_CODE, response),
        verification_uri=check_browser_url(
            uri, f"verification_uri of {host_of(response.url)}", http_loopback=http_loopback
        ),
        verification_uri_complete=_complete(document, http_loopback=http_loopback),
        expires_in=_seconds(document, "expires_in", None, LIFETIME, response),
        interval=_seconds(document, "interval", _DEFAULT_INTERVAL, INTERVAL, response),
    )


def next_poll(outcome: Response | TransientError, wait: Wait) -> Wait | Done:
    """Return what a poll's outcome leads to: another wait, or the tokens (RFC 8628 section 3.5).

    The caller keeps the deadline and sleeps ``wait.seconds`` before every poll, the first included; that one comes
    from ``Wait(authorization.interval)``.

    :param outcome: the response, or the network fault there was in its place.
    :param wait: the wait that came before this poll.
    :raises SignInError: the person said no, or took too long.
    :raises OAuthError: any other error code; polling is over.
    :raises ProviderError: an answer that can't be used; polling is over.
    """
    if isinstance(outcome, TransientError):
        return Wait(wait.interval, wait.failures + 1, outcome.retry_after or 0.0)
    host = host_of(outcome.url)
    match error_code(outcome):
        case "authorization_pending":
            return Wait(wait.interval)
        case "slow_down":
            return Wait(wait.interval + _SLOW_DOWN)
        case "access_denied":
            raise DeniedError(f"sign-in was denied or cancelled at {host}", hint="run the command again to try anew")
        case "expired_token":
            raise SignInError(
                f"the code for {host} expired before the sign-in was confirmed",
                hint="run the command again, and confirm the new code in time",
            )
    try:
        return Done(read_token_response(outcome, what="device token request"))
    except TransientError as error:
        return Wait(wait.interval, wait.failures + 1, error.retry_after or 0.0)


def _complete(document: dict[str, Any], *, http_loopback: bool) -> str | None:
    """Return the URI with the code in it; a convenience, so an unsafe one is as if absent."""
    with suppress(ProviderError):
        return check_browser_url(document.get("verification_uri_complete"), http_loopback=http_loopback)
    return None


def _text(document: dict[str, Any], name: str, pattern: re.Pattern[str], response: Response) -> str:
    value = document.get(name)
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    fault = "no" if value is None or value == "" else "a malformed"
    raise ProviderError(f"{_WHAT}: answer of {host_of(response.url)} has {fault} {name}")


def _seconds(
    document: dict[str, Any], name: str, default: float | None, bounds: tuple[float, float], response: Response
) -> float:
    value = document.get(name)
    seconds = default if value is None else number(value)
    if seconds is None or seconds < 0:
        raise ProviderError(f"{_WHAT}: answer of {host_of(response.url)} has no usable {name}")
    return min(max(seconds, bounds[0]), bounds[1])
