"""The files that tell an API server about a provider, as each platform wants them."""

from collections.abc import Callable
from dataclasses import dataclass

from kubelogin_py.kubernetes import api_server_flags, authentication_configuration, yaml_documents
from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator
from kubelogin_py.kubernetes.platform import Platform, Style, Target

CONFIGURATION = "authentication.yaml"
AUTHORITY = "oidc-ca.pem"

_GATE = ("feature-gates", "AnonymousAuthConfigurableEndpoints=true")
_KUBERNETES = "/etc/kubernetes/authentication"
_PKI = "/etc/kubernetes/pki"


@dataclass(frozen=True, slots=True)
class File:
    """One file.

    :param name: of the file.
    :param text: what is in it.
    :param place: where it goes, on every node that runs an API server; empty for one that goes nowhere.
    :param merged: whether it is to be merged into what is at that place.
    :param private: whether nobody else should read it.
    """

    name: str
    text: str
    place: str = ""
    merged: bool = False
    private: bool = False


def check(target: Target, authenticator: JwtAuthenticator) -> None:
    """Make sure that it can be said on this platform.

    :raises SettingsError: it can't.
    """
    if target.style is Style.FLAGS:
        api_server_flags.check(authenticator, repeatable=target.platform is not Platform.TALOS)


def files(target: Target, authenticator: JwtAuthenticator) -> tuple[File, ...]:
    """Return the files, the one that the others name first."""
    return _MAKERS[target.platform](target, authenticator)


def _talos(target: Target, authenticator: JwtAuthenticator) -> tuple[File, ...]:
    name, place = "talos-patch.yaml", "a patch of the machine configuration of every control plane node"
    if target.style is Style.STRUCTURED:
        # Talos writes kind and version of the inner document itself. The document is replaced as a whole when patched,
        # so whatever it leaves out is gone.
        patch: dict[str, object] = {
            "apiVersion": "v1alpha1",
            "kind": "KubeAuthenticationConfig",
            "configuration": authentication_configuration.configuration(authenticator),
        }
        return (File(name, yaml_documents.document(patch, _heading(target), place)),)
    arguments = dict(api_server_flags.flags(authenticator))
    text = yaml_documents.document({"cluster": {"apiServer": {"extraArgs": arguments}}}, _heading(target), place)
    if authenticator.certificate_authority:
        # The API server trusts what the machine trusts.
        roots = {
            "apiVersion": "v1alpha1",
            "kind": "TrustedRootsConfig",
            "name": "oidc-provider",
            "certificates": authenticator.certificate_authority,
        }
        text += "---\n" + yaml_documents.document(roots)
    return (File(name, text),)


def _rancher(target: Target, authenticator: JwtAuthenticator) -> tuple[File, ...]:
    directory = f"/etc/rancher/{target.platform.value}"
    beside, flags = _beside(target, authenticator, directory, directory)
    text = yaml_documents.document(
        {"kube-apiserver-arg": [f"{name}={value}" for name, value in flags]},
        _heading(target),
        f"belongs into {directory}/config.yaml on every server",
    )
    return (*beside, File("config.yaml", text, f"{directory}/config.yaml", merged=True))


def _kubeadm(target: Target, authenticator: JwtAuthenticator) -> tuple[File, ...]:
    beside, flags = _beside(target, authenticator, _KUBERNETES, _PKI)
    # Until 1.30 kubeadm knows v1beta3 alone, whose arguments are a mapping.
    old = target.version is not None and target.version[:2] <= (1, 30)
    server: dict[str, object] = {
        "extraArgs": dict(flags) if old else [{"name": name, "value": value} for name, value in flags]
    }
    if target.style is Style.STRUCTURED:
        volume = {"name": "authentication", "hostPath": _KUBERNETES, "mountPath": _KUBERNETES}
        server["extraVolumes"] = [{**volume, "readOnly": True, "pathType": "Directory"}]
    patch = {
        "apiVersion": f"kubeadm.k8s.io/{'v1beta3' if old else 'v1beta4'}",
        "kind": "ClusterConfiguration",
        "apiServer": server,
    }
    text = yaml_documents.document(
        patch, _heading(target), "belongs into the ClusterConfiguration: an edited static pod is lost on upgrade"
    )
    return (*beside, File("kubeadm.yaml", text, "kubeadm-config", merged=True))


def _generic(target: Target, authenticator: JwtAuthenticator) -> tuple[File, ...]:
    beside, flags = _beside(target, authenticator, _KUBERNETES, _KUBERNETES)
    text = yaml_documents.document(
        [f"--{name}={value}" for name, value in flags], _heading(target), "arguments of every kube-apiserver"
    )
    return (*beside, File("kube-apiserver.yaml", text, "the arguments of kube-apiserver", merged=True))


def _beside(
    target: Target, authenticator: JwtAuthenticator, directory: str, authority_directory: str
) -> tuple[tuple[File, ...], tuple[tuple[str, str], ...]]:
    """Return the file that the flags name, if there is one, and the flags."""
    if target.style is Style.FLAGS:
        authority, ca_file = authenticator.certificate_authority, f"{authority_directory}/{AUTHORITY}"
        if not authority:
            return (), api_server_flags.flags(authenticator)
        return (File(AUTHORITY, authority, ca_file),), api_server_flags.flags(authenticator, ca_file=ca_file)
    document = authentication_configuration.document(
        authenticator, target.api_version, anonymous=target.knows_anonymous
    )
    place = f"{directory}/{CONFIGURATION}"
    comments = [_heading(target), f"{place} on every node that runs an API server"]
    text = yaml_documents.document(document, *comments)
    flags = (("authentication-config", place), *((_GATE,) if target.gates_anonymous else ()))
    return (File(CONFIGURATION, text, place),), flags


def _heading(target: Target) -> str:
    version = "" if target.version is None else " " + ".".join(str(part) for part in target.version if part is not None)
    return f"kubelogin setup for {target.platform.value}{version}"


_MAKERS: dict[Platform, Callable[[Target, JwtAuthenticator], tuple[File, ...]]] = {
    Platform.TALOS: _talos,
    Platform.K3S: _rancher,
    Platform.RKE2: _rancher,
    Platform.KUBEADM: _kubeadm,
    Platform.GENERIC: _generic,
}
