"""What is special about the providers that people use, as data: one file each, with its sources and its date.

A profile only advises and fills in what nobody said. Which one it is, is told by the user or by the issuer, and where
that is any URL, by the endpoints in the provider's metadata. Nothing here is imported before it is asked for.
"""

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from kubelogin_py.errors import SettingsError
from kubelogin_py.settings import NO_PROFILE, PROFILE_BY_ISSUER, PROFILE_NAMES, Provider
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from kubelogin_py.providers.profile import Profile

NAMES = PROFILE_NAMES
"""The names of all profiles."""


class Endpoints(Protocol):
    """What a provider's metadata tells about its make."""

    @property
    def authorization_endpoint(self) -> str | None:
        """Where people sign in."""
        ...

    @property
    def token_endpoint(self) -> str:
        """Where tokens are issued."""
        ...

    @property
    def jwks_uri(self) -> str:
        """Where the keys are."""
        ...


def profile_for(issuer: str, name: str = PROFILE_BY_ISSUER, *, endpoints: Endpoints | None = None) -> "Profile | None":
    """Return the profile that the user named, else the one of this issuer, else ``None``.

    :param issuer: the issuer as the user wrote it, whatever that is.
    :param name: a name, ``auto`` or nothing for the one that the issuer tells, ``none`` for none at all.
    :param endpoints: of the provider's metadata, where they are known.
    :raises SettingsError: there is no profile of that name.
    """
    if name and name != PROFILE_BY_ISSUER:
        return None if name == NO_PROFILE else named(name)
    from kubelogin_py.providers import recognition  # noqa: PLC0415 -- for those who ask

    found = recognition.by_issuer(issuer)
    if not found and endpoints is not None:
        urls = (endpoints.authorization_endpoint or "", endpoints.token_endpoint, endpoints.jwks_uri)
        found = recognition.by_endpoints(issuer, *urls)
    return named(found) if found else None


def named(name: str) -> "Profile":
    """Return the profile of a name.

    :raises SettingsError: there is none.
    """
    if name not in NAMES:
        raise SettingsError(f'there is no provider profile "{printable(name)}"; there are: {", ".join(NAMES)}')
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    return cast("Profile", module.PROFILE)


def completed(provider: Provider, *, scopes_given: bool = False, params_given: bool = False) -> Provider:
    """Return a provider that the user named, with the scopes and parameters it recommends where the user gave none.

    A provider that only its issuer tells is returned as it is: nobody asked for anything to be added.

    :param scopes_given: the user chose the scopes, be it none.
    :param params_given: the user chose the extra parameters, be it none.
    """
    if provider.profile in (PROFILE_BY_ISSUER, NO_PROFILE):
        return provider
    profile = named(provider.profile)
    return replace(
        provider,
        extra_scopes=provider.extra_scopes if scopes_given else profile.unasked_scopes,
        extra_params=provider.extra_params if params_given else profile.params,
    )
