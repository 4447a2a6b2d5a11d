"""ID tokens: from a sign-in through ``kubelogin_py``, or from a file or variable where no person is."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from kubelogin_py.errors import SettingsError, SignInError, TransientError, VerificationError
from kubelogin_py.oidc import id_token
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.ports import Clock
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import GrantType, Settings
from kubelogin_py.text import printable
from talos_cred.errors import SignInNeededError
from talos_cred.ports import Person, Token

_FILE_LIMIT = 64 << 10
_AGE_MARGIN = 30.0
"""Seconds before a token counts as too old for the server: it still has to travel."""


class Credential(Protocol):
    """What a sign-in gives to this room."""

    @property
    def token(self) -> Secret:
        """The ID token."""
        ...

    @property
    def claims(self) -> Claims | None:
        """Its claims."""
        ...

    @property
    def session(self) -> Session:
        """What is kept of the sign-in."""
        ...

    @property
    def session_key(self) -> str:
        """The key it is kept under."""
        ...


class SignInTokens:
    """Tokens of a person's session, kept and refreshed by ``kubelogin_py``.

    :param settings: the sign-in.
    :param sign_in: ``kubelogin_py.sign_in``.
    :param max_age: seconds since its issue that the server takes a token.
    :param attended: whether a browser may be opened; otherwise a needed sign-in is an error.
    """

    def __init__(
        self,
        settings: Settings,
        sign_in: Callable[[Settings], Credential],
        *,
        max_age: float,
        clock: Clock,
        person: Person,
        attended: bool,
    ) -> None:
        self._settings = settings if attended else unattended(settings)
        self._sign_in = sign_in
        self._max_age = max_age
        self._clock = clock
        self._person = person
        self._attended = attended

    def obtain(self, *, used: str) -> Token:
        """Return a token that is fresh where a refresh can make it so; see ``ports.Tokens``."""
        credential = self._obtained(force_refresh=False)
        age = self._clock.now() - _claims(credential).issued_at
        stale = _digest(credential.token) == used or age > self._max_age - min(_AGE_MARGIN, self._max_age / 2)
        # Without a refresh token the kept one is tried as it is: most servers take it until it expires.
        if stale and credential.session.refresh_token is not None:
            try:
                credential = self._obtained(force_refresh=True)
            except TransientError as error:
                self._person.detail(1, f"{error.message}; using the token at hand")
        return _token(credential)

    def renew(self, refused: Token) -> Token | None:
        """Return another token in place of a refused one, by refresh or a new sign-in."""
        token = _token(self._obtained(force_refresh=True))
        return None if token.digest == refused.digest else token

    def _obtained(self, *, force_refresh: bool) -> Credential:
        login = replace(self._settings.login, force_refresh=force_refresh, asked_for=self._attended)
        try:
            return self._sign_in(replace(self._settings, login=login))
        except SignInError as error:
            if self._attended:
                raise
            raise SignInNeededError(
                f"the session at {self._settings.provider.issuer} can't be continued without a person"
            ) from error


class GivenTokens:
    """A token that something else obtains, such as a CI system.

    :param path: file that holds it, read anew each time; ``None`` when it is given as a value.
    :param value: the token itself.
    """

    def __init__(self, path: str | None, value: Secret | None, *, clock: Clock) -> None:
        self._path = path
        self._value = value
        self._clock = clock

    def obtain(self, *, used: str) -> Token:
        """Return the token that is there now; one that was used before is the server's to judge."""
        del used
        text = self._value if self._value is not None else self._read(self._path or "")
        try:
            claims = id_token.read_unverified(text)
        except VerificationError as error:
            raise SettingsError(
                f"the ID token of {self._place} can't be used: {error.message}",
                hint="give an ID token, not another one",
            ) from None
        if claims.expires_at <= self._clock.now():
            raise SignInNeededError(
                f"the ID token of {self._place} has expired", hint="let the CI system issue a new one"
            )
        return Token(text, _digest(text), claims.person)

    def renew(self, refused: Token) -> Token | None:
        """Return the token that is there now, if it is another one."""
        token = self.obtain(used=refused.digest)
        return None if token.digest == refused.digest else token

    @property
    def _place(self) -> str:
        return "TALOS_CRED_ID_TOKEN" if self._path is None else printable(self._path, 100)

    def _read(self, path: str) -> Secret:
        try:
            with open(path, "rb") as file:  # noqa: PTH123 -- one call is enough to read with a limit
                contents = file.read(_FILE_LIMIT + 1)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "not a path").lower()
            raise SettingsError(f"--id-token-file {printable(path, 100)}: {reason}") from None
        if len(contents) > _FILE_LIMIT:
            raise SettingsError(f"--id-token-file {printable(path, 100)}: larger than {_FILE_LIMIT} bytes")
        return Secret(os.fsdecode(contents).strip())


def unattended(settings: Settings) -> Settings:
    """Return the settings of a sign-in that ends where a person would be needed.

    It may use the cache and refresh. The authorization code grant with nowhere to listen fails before it opens a
    browser or shows anything.
    """
    login = replace(
        settings.login,
        grant_type=GrantType.AUTHCODE,
        listen_addresses=(),
        skip_open_browser=True,
        browser_command=None,
        interactive=False,
    )
    return replace(settings, login=login)


def _token(credential: Credential) -> Token:
    text = credential.token
    return Token(text, _digest(text), _claims(credential).person, credential.session_key)


def _claims(credential: Credential) -> Claims:
    if credential.claims is None:
        raise SettingsError("the exchange server needs an ID token", hint="leave --oidc-use-access-token out")
    return credential.claims


def _digest(token: Secret) -> str:
    return hashlib.sha256(token.reveal().encode("utf-8", "surrogatepass")).hexdigest()
