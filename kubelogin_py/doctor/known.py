"""Everything that is known about a subject: each thing asked of the world once, when a check first needs it."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from kubelogin_py import providers
from kubelogin_py.doctor import probe
from kubelogin_py.doctor.subject import Subject
from kubelogin_py.doctor.surroundings import CacheState, PortState, Surroundings
from kubelogin_py.errors import Error, SettingsError
from kubelogin_py.kubernetes.kubeconfig_context import Context, ExecSection
from kubelogin_py.kubernetes.verdict_row import Published
from kubelogin_py.oidc import discovery, id_token
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.key_set import SIZE_LIMIT, KeySet
from kubelogin_py.providers.profile import Profile
from kubelogin_py.response import Response
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings

T = TypeVar("T")

_METADATA_LIMIT = 256 << 10
_REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_REVIEW = b'{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'


class Known:
    """What is known.

    A fact that may be missing is its value or the error that stands for it; a check looks which one it is.

    :param subject: what is examined.
    :param surroundings: the world.
    """

    def __init__(self, subject: Subject, surroundings: Surroundings) -> None:
        self.subject = subject
        self.surroundings = surroundings

    @property
    def settings(self) -> Settings:
        """The settings, for checks that come after the one that says they can be read."""
        if self.subject.settings is None:
            raise self.subject.settings_fault or SettingsError("the settings are not known")
        return self.subject.settings

    @property
    def context(self) -> Context:
        """The context, for checks that come after the one that says it can be read."""
        if self.subject.context is None:
            raise self.subject.context_fault or SettingsError("no kubeconfig is looked at")
        return self.subject.context

    @property
    def plugin(self) -> ExecSection:
        """The exec section, for checks that come after the one that says there is one."""
        if self.context.plugin is None:
            raise SettingsError("there is no exec section")
        return self.context.plugin

    @cached_property
    def now(self) -> float:
        """UTC seconds since 1970."""
        return self.surroundings.now()

    @property
    def profile(self) -> Profile | None:
        """What is known about the make of the provider, told by the settings, the issuer or the metadata."""
        provider = self.settings.provider
        return providers.profile_for(provider.issuer, provider.profile, endpoints=self.published.metadata)

    @property
    def published(self) -> Published:
        """What the provider publishes, as far as it was fetched for other checks: nothing is asked for it."""
        metadata, keys = self.__dict__.get("metadata"), self.__dict__.get("key_set")
        return Published(
            metadata=metadata if isinstance(metadata, Metadata) else None,
            key_set=keys if isinstance(keys, KeySet) else None,
        )

    @cached_property
    def metadata_response(self) -> Response | Error:
        """The answer from the address of the provider metadata."""
        settings = self.settings
        url = discovery.metadata_url(settings.provider.issuer)
        return attempted(lambda: self.surroundings.fetch(settings, url, _METADATA_LIMIT))

    @cached_property
    def metadata(self) -> Metadata | Error:
        """The provider metadata, checked."""
        response, issuer = self.metadata_response, self.settings.provider.issuer
        return response if isinstance(response, Error) else attempted(lambda: discovery.read_metadata(response, issuer))

    @cached_property
    def key_set(self) -> KeySet | Error:
        """The keys of the provider."""
        metadata, settings = self.metadata, self.settings
        if isinstance(metadata, Error):
            return metadata
        return attempted(lambda: KeySet.read(self.surroundings.fetch(settings, metadata.jwks_uri, SIZE_LIMIT + 1)))

    @cached_property
    def ports(self) -> tuple[PortState, ...] | Error:
        """Whether the listen addresses could be had now."""
        return attempted(lambda: self.surroundings.ports(self.settings))

    @cached_property
    def authorization_response(self) -> Response | Error:
        """What the provider says to an authorization request that must not ask anybody."""
        metadata, settings = self.metadata, self.settings
        if isinstance(metadata, Error):
            return metadata
        return attempted(lambda: self.surroundings.look(settings, probe.url(metadata, settings), probe.LIMIT))

    @cached_property
    def cache(self) -> CacheState | None:
        """The token cache directory."""
        return self.surroundings.cache(self.settings)

    @cached_property
    def keyring(self) -> str | Error:
        """What the keyring calls itself."""
        return attempted(self.surroundings.keyring)

    @cached_property
    def session(self) -> Session | Error | None:
        """The cached session."""
        return attempted(lambda: self.surroundings.session(self.settings))

    @property
    def claims(self) -> Claims | None:
        """The claims of the cached ID token, if it can be read."""
        session = self.session
        token = session.id_token if isinstance(session, Session) else None
        found = attempted(lambda: id_token.read_unverified(token)) if token else None
        return found if isinstance(found, Claims) else None

    @property
    def usable(self) -> Session | None:
        """The cached session while its token is good."""
        session = self.session
        if not isinstance(session, Session) or session.presented_token is None:
            return None
        return session if session.expires_at is None or session.expires_at > self.now else None

    @cached_property
    def cluster_response(self) -> Response | Error:
        """What the API server says to the cached token; without a good one, whether it answers at all."""
        cluster, session = self.context.cluster, self.usable
        if cluster is None:
            return SettingsError("there is no cluster")
        method, path, body = ("POST", _REVIEWS, _REVIEW) if session else ("GET", "/version", None)
        token = session.presented_token if session else None
        return attempted(lambda: self.surroundings.ask_cluster(cluster, method, path, token, body))

    def hint(self, symptom: str, otherwise: str) -> str:
        """Return what to do about a symptom at this provider.

        :param symptom: of ``providers.profile.Symptom``, or the code of an OAuth error.
        :param otherwise: what to do where nothing special is known about the provider.
        """
        found = self.profile.hint(symptom) if self.profile else None
        return f"{self.profile.title}: {found}" if self.profile and found else otherwise


def attempted(work: Callable[[], T]) -> T | Error:
    """Return what the work returns, or the error it ends in."""
    try:
        return work()
    except Error as error:
        return error
