"""What is known about the provider at hand, where it helps: in the hint of an error, and at verbosity 1."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kubelogin_py.documents import Documents
from kubelogin_py.errors import (
    DeniedError,
    Error,
    MetadataError,
    OAuthError,
    TransientError,
    UnansweredError,
    VerificationError,
)
from kubelogin_py.oidc import discovery
from kubelogin_py.oidc.urls import host_of
from kubelogin_py.settings import NO_PROFILE, PROFILE_BY_ISSUER, Provider
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from kubelogin_py.providers.profile import Profile

_MEMBERS = {
    "issuer": "issuer",
    "token_endpoint": "unreachable",
    "jwks_uri": "unreachable",
    "device_authorization_endpoint": "no_device_flow",
    "id_token_signing_alg_values_supported": "algorithm",
}
_STEPS = {
    "algorithm": "algorithm",
    "encryption": "encryption",
    "issuer": "issuer",
    "audience": "audience",
    "authorized_party": "audience",
}


class Advice:
    """Advice about one provider.

    Everything is looked up when it is needed: a run that goes well loads no profile.

    :param provider: what the user chose.
    :param documents: whose metadata tells the provider's make, once it is read.
    """

    def __init__(self, provider: Provider, documents: Documents) -> None:
        self._provider = provider
        self._documents = documents

    @property
    def profile(self) -> "Profile | None":
        """The profile, as far as it can be told by now."""
        from kubelogin_py.providers import profile_for  # noqa: PLC0415 -- for those who need advice

        return profile_for(self._provider.issuer, self._provider.profile, endpoints=self._documents.read)

    def line(self) -> str:
        """Return which profile it is, and why that one."""
        profile = self.profile
        if self._provider.profile not in (PROFILE_BY_ISSUER, NO_PROFILE):
            why = "as --provider says"
        else:
            why = "as its issuer or its metadata tells"
        return f"provider profile: {profile.title}, {why}" if profile else "provider profile: none"

    def about(self, symptom: str) -> str | None:
        """Return what to do about a symptom at this provider, and who that is; ``None`` for nothing special."""
        profile = self.profile
        hint = profile.hint(symptom) if profile else None
        return f"{profile.title}: {hint}" if profile and hint else None

    def extended(self, text: str, symptom: str) -> str:
        """Return a text with what to do about a symptom at this provider."""
        about = self.about(symptom)
        return f"{text}; {about}" if about else text

    @contextmanager
    def given(self) -> Iterator[None]:
        """Let every error that is a known symptom say what to do about it at this provider, once."""
        try:
            yield
        except Error as error:
            error.hint = self._hint(error)
            raise

    def _hint(self, error: Error) -> str | None:
        if isinstance(error, TransientError):
            return self._about_host(error)
        symptom = _symptom(error)
        about = self.about(symptom) if symptom else None
        # What is said about an OAuth error is general; what is said about anything else is about this very case.
        is_general = error.hint is None or isinstance(error, OAuthError)
        if about and about in (error.hint or ""):
            return error.hint
        return about if about and is_general else "; ".join(text for text in (error.hint, about) if text) or None

    def _about_host(self, error: TransientError) -> str | None:
        """Name the origin of a host that nobody typed: a person looks for it in vain in the kubeconfig."""
        metadata = self._documents.read
        own = host_of(self._provider.issuer)
        for url in (metadata.token_endpoint, metadata.jwks_uri) if metadata else ():
            host = host_of(url)
            if host != own and host in error.message:
                text = f"{printable(host)} is named by the metadata at {discovery.metadata_url(self._provider.issuer)}"
                return self.extended(text, "unreachable")
        return error.hint


def _symptom(error: Error) -> str | None:
    match error:
        case OAuthError():
            return "redirect_uri" if "redirect" in error.message.lower() else error.error
        case MetadataError():
            return _MEMBERS.get(error.member)
        case VerificationError():
            return _STEPS.get(error.step)
        case DeniedError():
            return "access_denied"
        case UnansweredError():
            return "redirect_uri"
    return None
