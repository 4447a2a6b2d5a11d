"""The kubeconfig's entry: is there one, does it start this program, and does kubectl accept how it says so.

Kubernetes documentation, "client-go credential plugins"; client-go, ``clientcmd`` and ``exec.go``.
"""

import shlex
from pathlib import Path

from kubelogin_py.doctor.finding import Finding, failed, failed_by, passed, warned
from kubelogin_py.doctor.known import Known
from kubelogin_py.kubernetes import exec_credential, kubeconfig_context
from kubelogin_py.settings import GrantType

KUBECTL, PLUGIN_WORD, PLUGIN_FILE = "kubectl", "oidc-login", "kubectl-oidc_login"
_MODES = ("Never", "IfAvailable", "Always")
_REMOVED = "client.authentication.k8s.io/v1alpha1"
_INSTALL = "pipx install kubelogin-py"
_AT_TERMINAL = (GrantType.AUTHCODE_KEYBOARD, GrantType.PASSWORD)


def kubeconfig(known: Known) -> Finding:
    """There is a kubeconfig with the context and its user."""
    fault = known.subject.context_fault
    if fault is not None:
        cause = "kubectl does not know where to go, or as whom"
        if fault.message.startswith("there is no kubeconfig"):
            cure = "ask the cluster's administrator for one, or name it with --kubeconfig=FILE"
            return failed("kubeconfig", fault.message, cause, cure)
        return failed_by("kubeconfig", fault, cause, "correct it; `kubectl config view` shows what kubectl reads")
    context = known.context
    return passed("kubeconfig", f'context "{context.name}", user "{context.user}" in {context.path}')


def exec_section(known: Known) -> Finding:
    """The user has a credential plugin, and nothing that kubectl would take instead."""
    context = known.context
    who, others = f'user "{context.user}"', ", ".join(context.others)
    if context.plugin is None:
        if "auth-provider" in context.others:
            return failed(
                "exec-section",
                f"{who} has an auth-provider, and no exec section",
                "kubectl 1.26 and later ignore it",
                "kubelogin setup --convert puts an exec section in its place",
            )
        return failed(
            "exec-section",
            f"{who} has no exec section" + (f", but {others}" if others else ""),
            "kubectl never starts a plugin for this user",
            "kubelogin setup --write-kubeconfig adds it; or choose another context with --context",
        )
    if others:
        return warned(
            "exec-section",
            f"{who} has {others} beside the exec section",
            "kubectl identifies itself by that, and the plugin's token may never be used",
            f"kubectl config unset {shlex.quote(f'users.{context.user}.{context.others[0]}')}",
        )
    return passed("exec-section", f"{who} starts {context.plugin.command or 'nothing'}")


def command(known: Known) -> Finding:
    """The command is found where kubectl looks, and is this program."""
    plugin, context = known.plugin, known.context
    if not plugin.command:
        # As a guide has it that people follow.
        name = KUBECTL if PLUGIN_WORD in plugin.arguments[:1] else "kubelogin"
        return failed(
            "command",
            f'the exec section of user "{context.user}" has no command',
            "kubectl has nothing to start",
            f"kubectl config set-credentials {shlex.quote(context.user)} --exec-command={name}",
        )
    name = kubeconfig_context.command_path(plugin.command, context.path)
    found = known.surroundings.program(name)
    if found is None:
        return _missing(name)
    if Path(plugin.command).name.removesuffix(".exe") == KUBECTL and PLUGIN_WORD in plugin.arguments[:1]:
        found = known.surroundings.program(PLUGIN_FILE)
        if found is None:
            return failed(
                "command",
                f"kubectl finds no {PLUGIN_WORD} plugin: there is no {PLUGIN_FILE} on PATH",
                "kubectl looks for plugins on PATH only",
                f"{_INSTALL}, and see that its directory is on PATH (pipx ensurepath)",
            )
    if known.surroundings.is_ours(found) is False:
        return warned(
            "command",
            f"{found} is another program",
            "everything below is said of kubelogin-py, and that one may do otherwise",
            f"{_INSTALL}, and let its directory come first on PATH, or name it by its whole path",
        )
    return passed("command", f"kubectl starts {found}")


def api_version(known: Known) -> Finding:
    """The API version of the plugin is one that kubectl and this program speak."""
    version = known.plugin.api_version
    if version == exec_credential.V1:
        return passed("api-version", version)
    if version == exec_credential.V1BETA1:
        return passed("api-version", f"{version}, which kubectl still takes")
    reason = "kubectl removed it" if version == _REMOVED else "kubectl refuses the user"
    return failed(
        "api-version",
        f"apiVersion is {version or 'missing'}",
        reason,
        _set(known, f"--exec-api-version={exec_credential.V1}"),
    )


def interactive_mode(known: Known) -> Finding:
    """The interactive mode is one that kubectl accepts, and suits how somebody signs in."""
    plugin = known.plugin
    mode, cure = plugin.interactive_mode, _set(known, "--exec-interactive-mode=IfAvailable")
    if mode and mode not in _MODES:
        return failed(
            "interactive-mode", f"interactiveMode is {mode}", f"kubectl knows {', '.join(_MODES)} alone", cure
        )
    if not mode and plugin.api_version == exec_credential.V1:
        return failed("interactive-mode", "interactiveMode is missing", f"{exec_credential.V1} requires it", cure)
    settings = known.subject.settings
    asks = settings is not None and settings.login.chosen_grant in _AT_TERMINAL
    if mode == "Never" and asks:
        return failed(
            "interactive-mode",
            "interactiveMode is Never, and this sign-in asks on the terminal",
            "kubectl lends no terminal to the plugin",
            cure,
        )
    if mode == "Always":
        return warned(
            "interactive-mode",
            "interactiveMode is Always",
            "scripts and programs without a terminal never get a token, not even a cached one",
            cure,
        )
    return passed("interactive-mode", mode or "IfAvailable, as nobody said otherwise")


def _missing(name: str) -> Finding:
    if "/" in name or "\\" in name:
        return failed(
            "command",
            f"{name} does not exist, or is no program",
            "a path is taken from the directory of the kubeconfig; kubectl ends with: no such file or directory",
            f"{_INSTALL}, and write the path that `command -v kubelogin` shows",
        )
    return failed(
        "command",
        f"{name} is not on PATH",
        "kubectl ends with: executable not found",
        "install kubectl (https://kubernetes.io/docs/tasks/tools/)"
        if name == KUBECTL
        else f"{_INSTALL}, and see that its directory is on PATH (pipx ensurepath)",
    )


def _set(known: Known, option: str) -> str:
    return f"kubectl config set-credentials {shlex.quote(known.context.user)} {option}"
