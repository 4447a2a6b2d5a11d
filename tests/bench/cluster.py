"""What a plugin adds to a real kubectl command."""

import json
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.installation import Installation
from tests.bench.scene import Distant
from tests.bench.timing import Command, Timed
from tests.support.api_server import ApiServer, start_api_server
from tests.support.components import find
from tests.support.kubectl import write_kubeconfig

STATIC = "kubectl with a static token"
OURS = "kubectl with ours"


def kubectl_commands(
    installation: Installation, distant: Distant, server: ApiServer, upstream: str | None
) -> list[Command]:
    """Return the same kubectl command with different plugins, the first with none.

    :raises subprocess.CalledProcessError: a person could not sign in.
    """
    arguments = distant.arguments("kubectl")
    version = "client.authentication.k8s.io/v1"
    info = {"kind": "ExecCredential", "apiVersion": version, "spec": {"interactive": False}}
    told = {**installation.environ, "KUBERNETES_EXEC_INFO": json.dumps(info, separators=(",", ":")) + "\n"}
    plugins: dict[str, tuple[str, Sequence[str]]] = {}
    for name, program in (("ours", installation.kubelogin), ("int128/kubelogin", upstream)):
        if program:
            distant.sign_in(program, arguments, told)
            plugins[f"kubectl with {name}"] = program, arguments
    printed = subprocess.run([installation.kubelogin, *arguments], env=told, check=True, capture_output=True).stdout
    credential = distant.directory / "credential.json"
    credential.write_bytes(printed)
    plugins["kubectl with cat as the plugin"] = "/bin/cat", [str(credential)]
    module = ["-I", "-c", "from kubelogin_py.__main__ import main; main()", *arguments]
    plugins["kubectl with ours, Python fast path"] = installation.python, module
    token = str(json.loads(printed)["status"]["token"])
    commands = [_command(STATIC, installation.environ, _static(distant.directory, server, token))]
    for name, (program, words) in plugins.items():
        config = write_kubeconfig(
            distant.directory / f"config{len(commands)}",
            server=server.url,
            ca=server.ca,
            arguments=words,
            plugin=program,
            interactive_mode="Never",
        )
        commands.append(_command(name, installation.environ, config))
    return commands


def start(distant: Distant) -> ApiServer:
    """Start an API server that trusts the provider."""
    return start_api_server(distant.directory / "api-server", distant.provider, distant.certificates)


def added(timed: Mapping[str, Timed], name: str) -> float:
    """Return the median of what a plugin adds to the static token's time in the same round, in milliseconds."""
    pairs = zip(timed[name].walls, timed[STATIC].walls, strict=True)
    return statistics.median(one - base for one, base in pairs)


def _static(directory: Path, server: ApiServer, token: str) -> Path:
    config = write_kubeconfig(directory / "static", server=server.url, ca=server.ca, arguments=[])
    content = json.loads(config.read_text(encoding="utf-8"))
    content["users"][0]["user"] = {"token": token}
    config.write_text(json.dumps(content), encoding="utf-8")
    return config


def _command(name: str, environ: Mapping[str, str], config: Path) -> Command:
    program = str(find("kubectl"))
    return Command(name, program, [program, "get", "--raw", "/version"], {**environ, "KUBECONFIG": str(config)}, b"{")
