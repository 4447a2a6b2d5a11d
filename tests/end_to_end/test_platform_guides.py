"""The guides for the platforms, command by command: what can be had is real, what installs API servers is played."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support.api_server import ApiServer, start_configured_api_server
from tests.support.certificates import Certificates
from tests.support.environment import BIN, clean
from tests.support.processes import free_port
from tests.support.providers import Provider, sign_in_script

pytestmark = pytest.mark.required("kubectl")

GUIDES = Path(__file__).parents[2] / "docs/platforms"
CONFIGURATION = {
    "k3s": "etc/rancher/k3s/authentication.yaml",
    "kubeadm": "etc/kubernetes/authentication/authentication.yaml",
}

# Whoever installs an API server plays with files below a directory of ours.
SUDO = """\
#!/bin/sh
case $1 in
  systemctl | kubeadm) exit 0 ;;
esac
for word; do
  shift
  case $word in /etc/*) word=$ROOT$word && mkdir -p "${word%/*}" ;; esac
  set -- "$@" "$word"
done
exec "$@"
"""
# The patch goes where Talos would take it from.
TALOSCTL = """\
#!/bin/sh
case "$*" in
  *--dry-run*) ;;
  *--patch\\ @*) cp "${*##*@}" "$ROOT/talos-patch.yaml" ;;
  *kubeconfig*) : > admin.kubeconfig ;;
esac
"""


def commands(guide: Path) -> list[str]:
    """Return the commands of a guide in their order."""
    text = guide.read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [one for block in blocks for one in re.findall(r"(?m)^\$ (.*(?:\n    .*)*)", block)]


class Follower:
    """Somebody who follows a guide in an empty directory.

    :param issuer: of the provider, as the guide has it.
    """

    def __init__(
        self,
        directory: Path,
        certificates: Certificates,
        provider: Provider,
        *,
        issuer: str = "https://id.example.com",
    ) -> None:
        self.directory = directory
        self._certificates = certificates
        self._port = free_port()
        browser = sign_in_script(directory / "browser", ca=provider.ca)
        here = f"--certificate-authority={provider.ca} --browser-command={browser}"
        here += f" --listen-address=127.0.0.1:{free_port()}"
        self._put = {
            f"--oidc-issuer-url={issuer} ": f"--oidc-issuer-url={provider.issuer} {here} ",
            "--server=https://api.example.com:6443": f"--server=https://localhost:{self._port} "
            f"--cluster-certificate-authority={certificates.ca}",
        }
        self.root = directory / "root"
        self.root.mkdir()
        tools = directory / "tools"
        tools.mkdir()
        for name, text in (("sudo", SUDO), ("talosctl", TALOSCTL), ("ssh", "#!/bin/sh\n")):
            (tools / name).write_text(text, encoding="utf-8")
            (tools / name).chmod(0o755)
        self._env = clean(directory / "home", ROOT=str(self.root), EDITOR="true")
        self._env["PATH"] = f"{tools}:{BIN}:{self._env['PATH']}"

    def put(self, old: str, new: str) -> None:
        """Let something in the guide's commands be called otherwise here."""
        self._put[old] = new

    def run(self, line: str) -> "subprocess.CompletedProcess[str]":
        """Type a command, with the names of this provider and this API server in place of the examples."""
        for old, new in self._put.items():
            line = line.replace(old, new)
        return subprocess.run(
            ["/bin/sh", "-ec", line],
            cwd=self.directory,
            env=self._env,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def leads_to_whoami(self, guide: Path, platform: str) -> None:
        """Type every command of a guide, with the API server started between the files and the last two."""
        lines = commands(guide)
        last = [line for line in lines if line.startswith("kubectl --kubeconfig=oidc/kubeconfig")]
        assert len(last) == 2
        for line in lines[: lines.index(last[0])]:
            # The old way in needs a real cluster: its commands are read for what they name, and not run.
            if line.startswith("kubectl --kubeconfig=admin.kubeconfig"):
                named = re.findall(r"-f (\S+)", line)
                assert all((self.directory / name).exists() for name in named), line
                continue
            done = self.run(line)
            assert done.returncode == 0, (line, done.stderr)
        server = self.api_server(platform)
        try:
            whoami, pods = (self.run(line) for line in last)
        finally:
            server.stop()
        assert whoami.returncode == 0, (whoami.stderr, server.refusals())
        assert "oidc:alice" in whoami.stdout
        assert "oidc:admins" in whoami.stdout
        assert "Running" in pods.stdout, pods.stderr

    def api_server(self, guide: str) -> ApiServer:
        """Start the API server as the files say that the guide has put into place."""
        if guide == "talos":
            document = yaml.safe_load((self.root / "talos-patch.yaml").read_text(encoding="utf-8"))
            # Talos stamps kind and version of its own.
            stamped = {"apiVersion": "apiserver.config.k8s.io/v1beta1", "kind": "AuthenticationConfiguration"}
            file = self.root / "authentication.yaml"
            file.write_text(yaml.safe_dump({**stamped, **document["configuration"]}), encoding="utf-8")
        else:
            file = self.root / CONFIGURATION[guide]
        bindings = self.directory / "oidc/role-bindings.yaml"
        return start_configured_api_server(
            self.directory / "api", self._certificates, file, role_bindings=bindings, port=self._port
        )


@pytest.mark.parametrize("guide", ["talos", "k3s", "kubeadm"])
def test_the_guide_leads_to_whoami(
    started_provider: Callable[..., Provider], certificates: Certificates, tmp_path: Path, guide: str
) -> None:
    follower = Follower(tmp_path, certificates, started_provider("embedded"))
    follower.leads_to_whoami(GUIDES / f"{guide}.md", guide)


def test_k3s_is_told_of_the_file(
    started_provider: Callable[..., Provider], certificates: Certificates, tmp_path: Path
) -> None:
    follower = Follower(tmp_path, certificates, started_provider("embedded"))
    shutil.copytree(Path(__file__).parents[1] / "kubernetes/golden/k3s-1.33", tmp_path / "oidc")
    for line in commands(GUIDES / "k3s.md"):
        if line.startswith("sudo"):
            assert follower.run(line).returncode == 0, line
    told = yaml.safe_load((follower.root / "etc/rancher/k3s/config.yaml").read_text(encoding="utf-8"))
    (argument,) = told["kube-apiserver-arg"]
    assert (follower.root / argument.partition("=/")[2]).exists()


@pytest.mark.parametrize("guide", ["talos", "k3s", "kubeadm"])
def test_the_guide_has_six_steps(guide: str) -> None:
    """The guides that people follow today have twelve (Talos with Pocket ID) and eleven (K3s with authentik)."""
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## (\d)\.", text) == [*"123456"]
