"""A real kubectl with a kubeconfig whose user is this plugin."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support import command
from tests.support.environment import BIN

KUBECTL = BIN / "kubectl"


def write_kubeconfig(
    path: Path,
    *,
    server: str,
    ca: Path,
    arguments: Sequence[str],
    plugin: str | Path = command.KUBELOGIN,
    env: Mapping[str, str] | None = None,
    api_version: str = "v1",
    interactive_mode: str | None = "IfAvailable",
    cluster_info: bool = False,
) -> Path:
    """Write a kubeconfig with one cluster and one user, and return its path.

    :param server: address of the API server.
    :param ca: its certificate authority, as PEM.
    :param arguments: of the plugin.
    :param env: variables that kubectl sets for the plugin.
    :param interactive_mode: ``None`` leaves it out, as kubectl before 1.22 wants.
    """
    exec_stanza: dict[str, Any] = {
        "apiVersion": f"client.authentication.k8s.io/{api_version}",
        "command": str(plugin),
        "args": list(arguments),
        "env": [{"name": name, "value": value} for name, value in (env or {}).items()] or None,
        "provideClusterInfo": cluster_info,
    }
    if interactive_mode:
        exec_stanza["interactiveMode"] = interactive_mode
    authority = base64.b64encode(ca.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": "oidc", "user": {"exec": exec_stanza}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "oidc"}}],
        "current-context": "test",
    }
    # JSON is YAML.
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
    return path


def kubectl(
    *arguments: str,
    kubeconfig: Path,
    home: Path,
    env: Mapping[str, str] | None = None,
    executable: Path = KUBECTL,
    deadline: float = command.DEADLINE,
) -> command.Result:
    """Run kubectl without a terminal, with its own home directory."""
    variables = {"KUBECONFIG": str(kubeconfig), **(env or {})}
    return command.run(*arguments, home=home, env=variables, command=executable, deadline=deadline)


def on_terminal(
    *arguments: str,
    kubeconfig: Path,
    home: Path,
    env: Mapping[str, str] | None = None,
    executable: Path = KUBECTL,
) -> command.Terminal:
    """Start kubectl on a terminal; its answer is the result's ``stdout``."""
    variables = {"KUBECONFIG": str(kubeconfig), **(env or {})}
    return command.Terminal(executable, *arguments, home=home, env=variables)
