"""The kubeconfig of ``setup --platform``: a new one, for everybody who is to sign in to this cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubelogin_py.cli import client_secret, setup_kubeconfig
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.kubernetes import kubeconfig, kuberc, yaml_documents
from kubelogin_py.kubernetes.exec_user import exec_user
from kubelogin_py.kubernetes.kubeconfig_yaml import Members
from kubelogin_py.kubernetes.platform_files import File
from kubelogin_py.kubernetes.yaml_writing import value_of
from kubelogin_py.secret import Secret

if TYPE_CHECKING:
    from kubelogin_py.providers.profile import Profile

NAME = "kubeconfig"

_CLUSTER = "kubernetes"
_NO_SERVER = "no API server is known: name it with --server"
_COMMENTS = (
    "For everybody who signs in to this cluster: no secret is in here.",
    "On another machine the command may be elsewhere; kubelogin alone is looked for on PATH.",
)
_AUTHORITY = "certificate-authority"
# What of somebody's own cluster entry is for others, too.
_SHARED = ("server", "tls-server-name", "proxy-url", "insecure-skip-tls-verify", _AUTHORITY, f"{_AUTHORITY}-data")


@dataclass(frozen=True, slots=True)
class Made:
    """A kubeconfig, not yet written.

    :param file: the file.
    :param has_cluster: whether it knows the API server.
    :param notes: what is left to be done by hand, in lines.
    :param secret: of the client, and the file it goes to.
    """

    file: File
    has_cluster: bool
    notes: tuple[str, ...] = ()
    secret: tuple[Path, Secret] | None = None

    def keep_secret(self) -> None:
        """Put the client secret where the kubeconfig says it is."""
        if self.secret:
            client_secret.keep(*self.secret)


def absolute(invocation: Invocation) -> Invocation:
    """Return the call with absolute paths: kubectl starts the plugin in any directory."""
    return replace(invocation, parsed=setup_kubeconfig.absolute(invocation))


def with_advice(invocation: Invocation, profile: "Profile | None") -> Invocation:
    """Return the call with the scopes and parameters that suit the provider, where the user said nothing of them.

    They are written into the kubeconfig: what works is then no matter of what is known about a provider later.
    """
    if profile is None:
        return invocation
    advice: dict[str, Any] = {
        "oidc-extra-scope": profile.unasked_scopes,
        "oidc-auth-request-extra-params": profile.params,
    }
    parsed = invocation.parsed
    new = {name: value for name, value in advice.items() if value and name not in parsed.given}
    return replace(invocation, parsed=replace(parsed, values={**parsed.values, **new}, given=(*parsed.given, *new)))


def make(invocation: Invocation) -> Made:
    """Return the kubeconfig, with the API server of ``--server``, else of the kubeconfig that is in use.

    :raises SettingsError: something does not go together.
    """
    plan = setup_kubeconfig.plan(invocation)
    body = plan.body or _cluster_in_use(invocation)
    cluster = plan.cluster or _CLUSTER
    context = plan.context or f"{plan.user}@{cluster}"
    document: dict[str, object] = {"apiVersion": "v1", "kind": "Config"}
    if body:
        document["clusters"] = [{"name": cluster, "cluster": dict(body)}]
        document["contexts"] = [{"name": context, "context": {"cluster": cluster, "user": plan.user}}]
        document["current-context"] = context
    document["users"] = [{"name": plan.user, "user": exec_user(plan.command, plan.arguments)}]
    notes = [f"note: {note}" for note in (*plan.notes, *(() if body else (_NO_SERVER,)))]
    text = yaml_documents.document(document, *_COMMENTS)
    lines = (*notes, *kuberc.allowlist_lines(plan.command))
    return Made(File(NAME, text, private=True), bool(body), lines, plan.secret)


def _cluster_in_use(invocation: Invocation) -> Mapping[str, object]:
    """Return the cluster of the current context, without anything of its user; nothing when there is none."""
    paths = [path for path in setup_kubeconfig.files(invocation) if path.exists()]
    documents = kubeconfig.read(paths) if paths else []
    context = _body(kubeconfig.entry(documents, "contexts", kubeconfig.current_context(documents)), "context")
    entry = kubeconfig.entry(documents, "clusters", str(context.get("cluster", "")))
    cluster = _body(entry, "cluster")
    if entry is None or not cluster.get("server"):
        return {}
    found = {name: value for name, value in cluster.items() if name in _SHARED}
    if isinstance(found.get(_AUTHORITY), str):
        # Who gets this kubeconfig does not have the file.
        found.update(setup_kubeconfig.authority_data([str(entry[0].parent / found.pop(_AUTHORITY))]))
    return found


def _body(entry: tuple[Path, Members] | None, member: str) -> dict[str, Any]:
    """Return what an entry has beside its name."""
    node = entry[1].get(member) if entry else None
    value = None if node is None else value_of(node)
    return value if isinstance(value, dict) else {}
