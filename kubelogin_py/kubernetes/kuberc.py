"""kubectl's own preferences (kuberc), as far as they say which credential plugins may run (kubectl 1.35 and later)."""

from kubelogin_py.shell_word import shell_word
from kubelogin_py.text import printable


def allowing(command: str) -> str:
    """Return the command of kubectl that lets a plugin run, for a shell.

    :param command: as the kubeconfig has it; kubectl compares it, and none of its arguments.
    """
    entry = shell_word(f"command={command}")
    return f"kubectl kuberc set --section credentialplugin --policy Allowlist --allowlist-entry {entry}"


def allowlist_lines(command: str) -> list[str]:
    """Return what to do where kubectl's policy forbids plugins, for one command; see ``allowing``."""
    name = printable(command)
    return [
        "where kubectl's kuberc forbids credential plugins, allow this one:",
        f"  {allowing(command)}",
        f"  (kubectl 1.35, in the file itself: credentialPluginAllowlist: [{{name: {name}}}])",
    ]
