"""kubectl's own preferences (kuberc), as far as they say which credential plugins may run (kubectl 1.35 and later)."""

import shlex

from kubelogin_py.text import printable


def allowlist_lines(command: str) -> list[str]:
    """Return what to do where kubectl's policy forbids plugins, for one command.

    :param command: as the kubeconfig has it; kubectl compares it, and none of its arguments.
    """
    quoted = printable(shlex.quote(f"command={command}"))
    name = printable(command)
    return [
        "where kubectl's kuberc forbids credential plugins, allow this one:",
        f"  kubectl kuberc set --section credentialplugin --policy Allowlist --allowlist-entry {quoted}",
        f"  (kubectl 1.35, in the file itself: credentialPluginAllowlist: [{{name: {name}}}])",
    ]
