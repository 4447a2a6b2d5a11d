"""The credential plugin that a kubeconfig's context starts (client authentication API, exec section of a user)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import kubeconfig
from kubelogin_py.kubernetes.kubeconfig_file import shown
from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members, Node, Scalar
from kubelogin_py.text import printable

_NAMED = "name the provider with --oidc-issuer-url and --oidc-client-id"


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """How kubectl would start a user's credential plugin.

    :param path: the kubeconfig the user is in.
    :param user: the user's name there.
    :param arguments: of the command.
    :param environment: variables that kubectl sets for it.
    """

    path: Path
    user: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


def find(paths: Sequence[Path], *, context: str) -> ExecPlugin:
    """Return the plugin of a context.

    :param paths: the kubeconfig files, the first one most.
    :param context: empty for the current one.
    :raises SettingsError: there is no such context, its user has no plugin, or a file is not a kubeconfig.
    """
    try:
        path, name, user = kubeconfig.find_user(paths, context=context, user="")
    except SettingsError as error:
        # What ``find_user`` advises is for a user of another kind.
        raise SettingsError(error.message, hint=f"{_NAMED}, or another --kubeconfig or --context") from None
    plugin = _member(user, "exec")
    if not isinstance(plugin, Members):
        raise SettingsError(
            f'user "{printable(name)}" in {shown(path)} has no exec section',
            hint=_NAMED,
        )
    arguments, variables = plugin.get("args"), plugin.get("env")
    words = tuple(_word(node) for node in arguments.values) if isinstance(arguments, Items) else ()
    pairs = tuple(_pair(node) for node in variables.values) if isinstance(variables, Items) else ()
    return ExecPlugin(path, name, words, tuple(pair for pair in pairs if pair[0]))


def _pair(node: Node) -> tuple[str, str]:
    return _word(_member(node, "name")), _word(_member(node, "value"))


def _member(node: Node | None, name: str) -> Node | None:
    return node.get(name) if isinstance(node, Members) else None


def _word(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not node.null else ""
