"""The order in which a cluster is changed, so that nobody locks themselves out: a way back first, the old way last."""

import shlex
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kubelogin_py.cli import client_registration
from kubelogin_py.kubernetes import role_bindings
from kubelogin_py.kubernetes.platform import Platform, Style, Target
from kubelogin_py.text import printable

NAME = "steps.txt"

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files are, and who tries them.

    :param directory: the files' directory, as it is typed; empty for the working directory.
    :param user: the name that whoever signs in has in Kubernetes.
    :param groups: and the groups.
    :param has_cluster: whether the kubeconfig knows the API server.
    """

    directory: str
    user: str
    groups: tuple[str, ...] = ()
    has_cluster: bool = True

    def file(self, name: str) -> str:
        """Return the path of a file for a shell."""
        return shlex.quote(f"{self.directory.rstrip('/')}/{name}" if self.directory else name)


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    :param title: what is done.
    :param commands: how; the words in capitals are yours to fill in.
    """

    title: str
    commands: tuple[str, ...] = ()


def steps(target: Target, place: Place, *, authority: bool = False) -> tuple[Step, ...]:
    """Return the steps, each of which leaves a way back.

    :param authority: whether the provider's authority is a file of its own.
    """
    return (
        Step(f"Register the client at the provider, as {place.file(client_registration.NAME)} says."),
        Step(
            "Keep a way in that needs no provider, away from ~/.kube/config, and see that it works.",
            _WAYS[target.platform],
        ),
        Step(
            "Bind the roles first: with the API server changed and no role bound, nobody may do anything.",
            _binding(place),
        ),
        *_APPLIED[target.platform](target, place, authority),
        Step(
            "See that the API server is back before you go on to the next node. If it is not: undo the step before, "
            "the old way in still works.",
            ("kubectl --kubeconfig=admin.kubeconfig get --raw=/readyz",),
        ),
        Step("Sign in the new way.", tuple(_trial(place))),
        Step("Only now hand the kubeconfig out, and put the old one into a safe; never throw it away."),
    )


def text(chosen: Sequence[Step]) -> str:
    """Return the steps as a text for people."""
    return "\n".join(_lines(chosen)) + "\n"


def _lines(chosen: Sequence[Step]) -> Iterator[str]:
    for number, step in enumerate(chosen, 1):
        yield from textwrap.wrap(f"{number}. {step.title}", _WIDTH, subsequent_indent="   ", break_on_hyphens=False)
        yield from (f"     {printable(command, len(command))}" for command in step.commands)


_WAYS = {
    Platform.TALOS: (
        "talosctl --nodes=NODE kubeconfig --force admin.kubeconfig",
        "kubectl --kubeconfig=admin.kubeconfig auth whoami",
    ),
    Platform.K3S: (
        "sudo sed s/127.0.0.1/SERVER/ /etc/rancher/k3s/k3s.yaml > admin.kubeconfig   # on a server",
        "kubectl --kubeconfig=admin.kubeconfig auth whoami",
    ),
    Platform.RKE2: (
        "sudo sed s/127.0.0.1/SERVER/ /etc/rancher/rke2/rke2.yaml > admin.kubeconfig   # on a server",
        "kubectl --kubeconfig=admin.kubeconfig auth whoami",
    ),
    Platform.KUBEADM: (
        "sudo cat /etc/kubernetes/admin.conf > admin.kubeconfig   # on a control plane node",
        "kubectl --kubeconfig=admin.kubeconfig auth whoami",
    ),
    Platform.GENERIC: (
        "kubectl config view --raw --minify --flatten > admin.kubeconfig",
        "kubectl --kubeconfig=admin.kubeconfig auth whoami",
    ),
}


def _binding(place: Place) -> tuple[str, ...]:
    groups = "".join(f" --as-group={shlex.quote(group)}" for group in place.groups)
    return (
        f"kubectl --kubeconfig=admin.kubeconfig apply -f {place.file(role_bindings.NAME)}",
        f"kubectl --kubeconfig=admin.kubeconfig auth can-i list pods --as={shlex.quote(place.user)}{groups}",
    )


def _trial(place: Place) -> Iterator[str]:
    if not place.has_cluster:
        config = f"kubectl config --kubeconfig={place.file('kubeconfig')}"
        yield f"{config} set-cluster kubernetes --server=URL --certificate-authority=FILE --embed-certs"
        yield f"{config} set-context oidc --cluster=kubernetes --user=oidc"
        yield f"{config} use-context oidc"
    yield f"kubectl --kubeconfig={place.file('kubeconfig')} auth whoami"
    yield f"kubectl --kubeconfig={place.file('kubeconfig')} get pods"


def _talos(_target: Target, place: Place, _authority: bool) -> tuple[Step, ...]:  # noqa: FBT001 -- one of a table
    patch = place.file("talos-patch.yaml")
    return (
        Step(
            "Patch the machine configuration of one control plane node, then of the others.",
            (
                f"talosctl --nodes=NODE patch machineconfig --dry-run --patch @{patch}",
                f"talosctl --nodes=NODE patch machineconfig --patch @{patch}",
            ),
        ),
    )


def _rancher(target: Target, place: Place, authority: bool) -> tuple[Step, ...]:  # noqa: FBT001 -- one of a table
    name = target.platform.value
    directory = f"/etc/rancher/{name}"
    copied = _copied(target, place, directory, authority)
    return (
        Step(
            f"On one server, then on the others. Where {directory}/config.yaml has a kube-apiserver-arg already, add "
            f"the lines below it by hand, and take {_former(target)} away that were there before.",
            (
                *copied,
                f"sudo tee -a {directory}/config.yaml < {place.file('config.yaml')}",
                f"sudo systemctl restart {_SERVICES[target.platform]}",
            ),
        ),
    )


_SERVICES = {Platform.K3S: "k3s", Platform.RKE2: "rke2-server"}


_CLUSTER_CONFIGURATION = (
    "kubectl --kubeconfig=admin.kubeconfig -n kube-system get configmap kubeadm-config "
    "-o jsonpath='{.data.ClusterConfiguration}' > cluster.yaml"
)


def _kubeadm(target: Target, place: Place, authority: bool) -> tuple[Step, ...]:  # noqa: FBT001 -- one of a table
    directory = "/etc/kubernetes/authentication" if target.style is Style.STRUCTURED else "/etc/kubernetes/pki"
    return (
        Step(
            "Put the apiServer part of kubeadm.yaml into the cluster's own configuration, where upgrades find it, and "
            f"take {_former(target)} away that were there before.",
            (
                _CLUSTER_CONFIGURATION,
                f"cat {place.file('kubeadm.yaml')}   # merge it into cluster.yaml",
                "sudo kubeadm init phase upload-config kubeadm --config=cluster.yaml",
            ),
        ),
        Step(
            "On one control plane node, then on the others:",
            (
                *_copied(target, place, directory, authority),
                "sudo kubeadm init phase control-plane apiserver --config=cluster.yaml",
            ),
        ),
    )


def _generic(target: Target, place: Place, authority: bool) -> tuple[Step, ...]:  # noqa: FBT001 -- one of a table
    return (
        Step(
            "On one API server, then on the others: add the arguments of kube-apiserver.yaml, take "
            f"{_former(target)} away that were there before, and restart.",
            (
                *_copied(target, place, "/etc/kubernetes/authentication", authority),
                f"cat {place.file('kube-apiserver.yaml')}",
            ),
        ),
    )


def _former(target: Target) -> str:
    """Return which arguments may not meet the new ones: the API server would not start."""
    if target.style is Style.FLAGS:
        return "other oidc arguments and authentication-config"
    return f"oidc arguments{' and anonymous-auth' if target.knows_anonymous else ''}"


def _copied(target: Target, place: Place, directory: str, authority: bool) -> tuple[str, ...]:  # noqa: FBT001 -- as above
    name = "authentication.yaml" if target.style is Style.STRUCTURED else "oidc-ca.pem" if authority else ""
    return (f"sudo install -D -m 0644 {place.file(name)} {directory}/{name}",) if name else ()


_APPLIED: dict[Platform, Callable[[Target, Place, bool], tuple[Step, ...]]] = {
    Platform.TALOS: _talos,
    Platform.K3S: _rancher,
    Platform.RKE2: _rancher,
    Platform.KUBEADM: _kubeadm,
    Platform.GENERIC: _generic,
}
