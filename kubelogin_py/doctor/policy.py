"""kuberc: the user's own rule on which plugins any kubeconfig may start (kubectl 1.35 and later).

Kubernetes documentation, "Customizing kubectl with kuberc"; client-go, ``exec.go``. Only the command is compared,
never its arguments: as it is written, or by the path at which it is found.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from kubelogin_py.doctor.finding import Finding, failed, passed
from kubelogin_py.doctor.known import Known
from kubelogin_py.errors import Error, SettingsError
from kubelogin_py.kubernetes import kubeconfig_context, kubeconfig_yaml, kuberc
from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members, Node, Scalar

_GROUP = "kubectl.config.k8s.io/"
_ALLOW_ALL, _DENY_ALL, _ALLOWLIST = "AllowAll", "DenyAll", "Allowlist"
_DOCUMENTS = re.compile(r"^---[ \t]*$", re.MULTILINE)


def plugin_policy(known: Known) -> Finding:
    """The policy lets kubectl start the command."""
    path = _path(known)
    if path is None:
        return passed("plugin-policy", "kuberc is switched off: every plugin may run")
    try:
        text = known.surroundings.text(path)
        preference = None if text is None else _preference(text)
    except Error as error:
        return failed("plugin-policy", error.message, "kubectl refuses to run with it", f"correct {path}, or remove it")
    if preference is None:
        return passed("plugin-policy", f"no policy in {path}: every plugin may run")
    return _judged(known, path, preference)


def _judged(known: Known, path: Path, preference: Members) -> Finding:
    policy = _word(preference.get("credentialPluginPolicy")) or _ALLOW_ALL
    command = kubeconfig_context.command_path(known.plugin.command, known.context.path)
    if policy == _ALLOW_ALL:
        return passed("plugin-policy", f"{path} lets every plugin run")
    if policy == _DENY_ALL:
        return failed(
            "plugin-policy",
            f"{path} forbids every plugin (DenyAll)",
            f'kubectl ends with: plugin "{command}" not allowed: policy set to "DenyAll"',
            kuberc.allowing(command),
        )
    if policy != _ALLOWLIST:
        return failed(
            "plugin-policy",
            f"credentialPluginPolicy of {path} is {policy}",
            "kubectl knows AllowAll, DenyAll and Allowlist alone",
            kuberc.allowing(command),
        )
    return _listed(known, path, tuple(_entries(preference)), command)


def _listed(known: Known, path: Path, entries: tuple[str, ...], command: str) -> Finding:
    odd = next((one for one in entries if "/" in one and os.path.normpath(one) != one), None)
    fault = "empty" if not entries else "wrong: an entry names no command" if "" in entries else ""
    fault = fault or (f"wrong: {odd} is no plain path" if odd else "")
    if fault:
        found = f"the allowlist of {path} is {fault}"
        return failed("plugin-policy", found, "kubectl refuses to run with it", kuberc.allowing(command))
    names = (command, *entries)
    # A bare name also stands for the program that is found by it, on both sides.
    wanted, *allowed = ({name, str(known.surroundings.program(name) or name)} for name in names)
    if any(wanted & one for one in allowed):
        return passed("plugin-policy", f"{path} lets {command} run")
    return failed(
        "plugin-policy",
        f"the allowlist of {path} has {', '.join(entries)}, and not {command}",
        f'kubectl ends with: plugin path "{command}" is not permitted by the credential plugin allowlist',
        kuberc.allowing(command),
    )


def _path(known: Known) -> Path | None:
    """Return where kubectl looks; ``None`` when it does not."""
    environment, home = known.surroundings.environment, known.subject.home
    if environment.get("KUBECTL_KUBERC", "").lower() == "false" or environment.get("KUBERC") == "off":
        return None
    named = environment.get("KUBERC", "")
    if named:
        return Path(named)
    return Path(home, ".kube", "kuberc") if home else None


def _preference(text: str) -> Members | None:
    """Return the first document that is a preference of kubectl."""
    for part in _DOCUMENTS.split(text):
        document = kubeconfig_yaml.parse(part) if part.strip() else None
        if isinstance(document, Scalar) and document.null:
            continue
        if document is not None and not isinstance(document, Members):
            raise SettingsError("kuberc is not a mapping")
        if document is not None and _word(document.get("apiVersion")).startswith(_GROUP):
            return document
    return None


def _entries(preference: Members) -> Iterator[str]:
    listed = preference.get("credentialPluginAllowlist")
    for entry in listed.values if isinstance(listed, Items) else ():
        # The key was `name` in kubectl 1.35.
        yield _word(entry.get("command") or entry.get("name")) if isinstance(entry, Members) else ""


def _word(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not node.null else ""
