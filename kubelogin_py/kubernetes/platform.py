"""The platforms a cluster may run on, and which way of configuration each version of them takes.

What is refused here would leave the API server not starting, on some platforms on every node at once.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from kubelogin_py.errors import SettingsError
from kubelogin_py.text import printable


class Platform(StrEnum):
    """What installs and starts the API server."""

    TALOS = "talos"
    K3S = "k3s"
    RKE2 = "rke2"
    KUBEADM = "kubeadm"
    GENERIC = "generic"


class Style(StrEnum):
    """How an API server is told about a provider."""

    STRUCTURED = "structured"
    """A file of kind ``AuthenticationConfiguration``."""
    FLAGS = "flags"
    """Its flags ``--oidc-…``."""


Version = tuple[int, int, int | None]
"""Major, minor and patch; without a patch the newest is meant."""

# The first releases that leave --anonymous-auth away when the file says it (k3s-io/k3s#12245, rancher/rke2#8137).
_ANONYMOUS_IN_FILE = {
    Platform.K3S: {31: 9, 32: 5, 33: 1},
    Platform.RKE2: {31: 10, 32: 6, 33: 2},
}
_TALOS_DOCUMENT = (1, 14)
_STRUCTURED = 30
_ANONYMOUS_GATED = 31
_STABLE = 34
_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[-+][0-9A-Za-z.+-]*)?")


@dataclass(frozen=True, slots=True)
class Target:
    """What is configured, and how.

    :param platform: what starts the API server.
    :param version: of Talos, else of Kubernetes; ``None`` when nobody said.
    :param style: how the API server is told.
    :param notes: what the person should know about the choice.
    """

    platform: Platform
    version: Version | None
    style: Style
    notes: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """The version of the ``AuthenticationConfiguration``; v1beta1 is read by newer API servers, too."""
        stable = self.version is not None and self.version[:2] >= (1, _STABLE)
        return f"apiserver.config.k8s.io/{'v1' if stable else 'v1beta1'}"

    @property
    def knows_anonymous(self) -> bool:
        """Whether the file may say who gets in without signing in (KEP-4633: from 1.31 on)."""
        return self.platform is Platform.TALOS or self.version is None or self.version[:2] > (1, _STRUCTURED)

    @property
    def gates_anonymous(self) -> bool:
        """Whether that needs a feature gate, as in 1.31."""
        return self.platform is not Platform.TALOS and self.version is not None and self.version[1] == _ANONYMOUS_GATED


def choose(platform: Platform, version: str = "", style: Style | None = None) -> Target:
    """Return what to configure.

    :param version: of Talos, else of Kubernetes, as the platform writes it; empty for not known.
    :param style: ``None`` for the better one.
    :raises SettingsError: it is no version, or this version does not take this style; with the reason.
    """
    read = _read(version)
    if platform is Platform.TALOS:
        return _talos(read, style)
    reason = _no_structured(platform, read)
    if style is Style.STRUCTURED and reason:
        raise SettingsError(f"style structured does not work there: {reason}", hint="use --style=flags")
    chosen = style or (Style.FLAGS if reason else Style.STRUCTURED)
    return Target(platform, read, chosen, _notes(platform, read, chosen, reason if style is None else ""))


def _read(text: str) -> Version | None:
    if not text:
        return None
    found = _VERSION.fullmatch(text)
    if not found or found[1] != "1":
        raise SettingsError(
            f"platform-version {printable(text, 60)} is no version",
            hint="write it as the platform does: 1.34, v1.33.1+k3s1, v1.14.0",
        )
    return int(found[1]), int(found[2]), int(found[3]) if found[3] else None


def _talos(version: Version | None, style: Style | None) -> Target:
    documents = version is None or version[:2] >= _TALOS_DOCUMENT
    if documents and style is Style.FLAGS:
        raise SettingsError(
            "style flags does not work there: Talos 1.14 and later refuses oidc flags beside KubeAPIServerConfig",
            hint="use --style=structured; a machine configuration that still has cluster.apiServer takes "
            "--platform-version=1.13",
        )
    if not documents and style is Style.STRUCTURED:
        raise SettingsError(
            "style structured does not work there: Talos before 1.14 sets --anonymous-auth=false, which may not meet "
            "a file with an anonymous block",
            hint="use --style=flags",
        )
    notes: tuple[str, ...] = ()
    if version is None:
        notes = ("for Talos 1.14 and later; for an earlier one say which: --platform-version=1.13",)
    elif documents:
        notes = ("a machine configuration that still has cluster.apiServer takes --platform-version=1.13 instead",)
    return Target(Platform.TALOS, version, Style.STRUCTURED if documents else Style.FLAGS, notes)


def _no_structured(platform: Platform, version: Version | None) -> str:
    """Return why the API server can't be given a file; empty when it can."""
    if version is None:
        return ""
    _, minor, patch = version
    if minor < _STRUCTURED:
        return f"Kubernetes reads such a file from 1.{_STRUCTURED} on"
    fixed = _ANONYMOUS_IN_FILE.get(platform)
    if not fixed:
        return ""
    # Releases older than these were never mended, newer ones never broken.
    first = fixed.get(minor, 0 if minor > max(fixed) else None)
    if first is None or (patch is not None and patch < first):
        mended = ", ".join(f"1.{number}.{least}" for number, least in fixed.items())
        return f"{platform.value} sets --anonymous-auth itself, which may not meet the file, before {mended}"
    return ""


def _notes(platform: Platform, version: Version | None, style: Style, reason: str) -> tuple[str, ...]:
    if reason:
        return (f"flags, because {reason}",)
    if style is Style.FLAGS:
        return ()
    if version is None:
        return ("for Kubernetes 1.32 and later; say which it is: --platform-version=1.34",)
    if version[1] == _STRUCTURED:
        return ("Kubernetes 1.30 knows no anonymous block: who gets in without signing in is up to --anonymous-auth",)
    if version[1] == _ANONYMOUS_GATED:
        return ("Kubernetes 1.31 reads the anonymous block with the feature gate AnonymousAuthConfigurableEndpoints",)
    return (
        (f"{platform.value} of this minor version needs its newest patch",) if _needs_patch(platform, version) else ()
    )


def _needs_patch(platform: Platform, version: Version) -> bool:
    return version[2] is None and version[1] in _ANONYMOUS_IN_FILE.get(platform, {})
