"""One context of a kubeconfig as kubectl would use it: the cluster, the user, and the plugin that is to be started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import kubeconfig
from kubelogin_py.kubernetes.kubeconfig_file import shown
from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members, Node, Scalar
from kubelogin_py.shell_word import shell_word
from kubelogin_py.text import printable

_CREDENTIALS = ("auth-provider", "token", "tokenFile", "client-certificate", "client-certificate-data", "username")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a context leads; a text that is missing is empty.

    :param name: in the kubeconfig.
    :param server: URL of the API server.
    :param certificate_authority: PEM file, as an absolute path.
    :param certificate_authority_data: base64 of PEM; it wins over the file.
    :param insecure: any certificate is accepted.
    :param server_name: name that the certificate must have.
    :param proxy: URL of the proxy; the environment has no say then.
    """

    name: str
    server: str
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure: bool = False
    server_name: str = ""
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class ExecSection:
    """How kubectl starts a user's plugin (client authentication API); a text that is missing is empty."""

    command: str = ""
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str = ""
    interactive_mode: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """One context.

    :param name: in the kubeconfig.
    :param path: the file that the user is in.
    :param user: the user's name there.
    :param plugin: the user's exec section; ``None`` when there is none.
    :param others: what else the user has to identify with, which kubectl would prefer or never use.
    :param cluster: where it leads; ``None`` when there is no such cluster.
    :param cluster_name: what the context calls it.
    """

    name: str
    path: Path
    user: str
    plugin: ExecSection | None
    others: tuple[str, ...]
    cluster: Cluster | None
    cluster_name: str


def find(paths: Sequence[Path], *, context: str) -> Context:
    """Return a context.

    :param paths: the kubeconfig files, the first one most.
    :param context: empty for the current one.
    :raises SettingsError: there is no such context or user, or a file is not a kubeconfig.
    :raises StorageError: a file can't be read.
    """
    documents = kubeconfig.read(paths)
    name = context or kubeconfig.current_context(documents)
    if not name:
        raise SettingsError("no current context is set", hint="kubectl config use-context NAME")
    found = kubeconfig.entry(documents, "contexts", name)
    if found is None:
        raise SettingsError(f'context "{printable(name)}" does not exist', hint="kubectl config get-contexts")
    inside = _member(found[1], "context")
    user, cluster = _word(_member(inside, "user")), _word(_member(inside, "cluster"))
    entry = kubeconfig.entry(documents, "users", user)
    if entry is None:
        where = ", ".join(shown(path) for path, _ in documents)
        raise SettingsError(
            f'user "{printable(user)}" of context "{printable(name)}" does not exist in {where}',
            hint=f"kubectl config set-context {shell_word(name)} --user=NAME",
        )
    path, node = entry[0], _member(entry[1], "user")
    return Context(
        name=name,
        path=path,
        user=user,
        plugin=_plugin(_member(node, "exec")),
        others=tuple(key for key in _CREDENTIALS if _member(node, key) is not None),
        cluster=_cluster(cluster, kubeconfig.entry(documents, "clusters", cluster)),
        cluster_name=cluster,
    )


def command_path(command: str, kubeconfig_path: Path) -> str:
    """Return what kubectl starts: a bare name as it is, a relative path from the directory of the kubeconfig."""
    if "/" not in command and "\\" not in command:
        return command
    return str(Path(kubeconfig_path.absolute().parent, command))


def merged(environment: Mapping[str, str], plugin: ExecSection) -> dict[str, str]:
    """Return the environment that kubectl gives to the plugin."""
    return {**environment, **dict(plugin.environment)}


def _plugin(node: Node | None) -> ExecSection | None:
    if not isinstance(node, Members):
        return None
    arguments, variables = node.get("args"), node.get("env")
    pairs = [(_word(_member(one, "name")), _word(_member(one, "value"))) for one in _listed(variables)]
    return ExecSection(
        command=_word(node.get("command")),
        arguments=tuple(_word(one) for one in _listed(arguments)),
        environment=tuple(pair for pair in pairs if pair[0]),
        api_version=_word(node.get("apiVersion")),
        interactive_mode=_word(node.get("interactiveMode")),
    )


def _cluster(name: str, entry: tuple[Path, Members] | None) -> Cluster | None:
    if entry is None:
        return None
    path, node = entry[0], _member(entry[1], "cluster")
    authority = _word(_member(node, "certificate-authority"))
    return Cluster(
        name=name,
        server=_word(_member(node, "server")),
        certificate_authority=str(Path(path.absolute().parent, authority)) if authority else "",
        certificate_authority_data=_word(_member(node, "certificate-authority-data")),
        insecure=_word(_member(node, "insecure-skip-tls-verify")).lower() == "true",
        server_name=_word(_member(node, "tls-server-name")),
        proxy=_word(_member(node, "proxy-url")),
    )


def _listed(node: Node | None) -> tuple[Node, ...]:
    return node.values if isinstance(node, Items) else ()


def _member(node: Node | None, name: str) -> Node | None:
    return node.get(name) if isinstance(node, Members) else None


def _word(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not node.null else ""
