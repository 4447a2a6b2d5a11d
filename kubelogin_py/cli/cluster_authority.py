"""The authority of an API server: fetched over a connection that nobody vouches for, and confirmed by somebody."""

from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.terminal import is_lent
from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import authority
from kubelogin_py.kubernetes.authority import Authority
from kubelogin_py.text import printable
from kubelogin_py.wiring import setting_up

PATIENCE = 300.0
"""Seconds to compare a fingerprint."""


def confirmed(invocation: Invocation, server: str) -> str:
    """Return the PEM text of the authority; empty where the system's authorities vouch for the server.

    :raises SettingsError: the fingerprint is another one, or nobody confirmed it.
    :raises TransientError: the server can't be reached.
    """
    found = setting_up.fetch_certificates(server)
    if found.trusted and not invocation.parsed.text("ca-fingerprint"):
        invocation.stderr.line(f"{printable(server)} is trusted by this system's authorities; none is written")
        return ""
    chosen = authority.choose(found.chain, found.offered)
    invocation.stderr.lines(_shown(server, chosen))
    wanted = invocation.parsed.text("ca-fingerprint")
    if wanted:
        if not authority.is_known(chosen, wanted):
            raise SettingsError(
                "the API server's authority does not have the fingerprint of --ca-fingerprint; nothing was written",
                hint="somebody may be between you and the API server, or the fingerprint is of another cluster",
            )
    elif not _is_confirmed():
        raise SettingsError("the API server's authority was not confirmed; nothing was written")
    setting_up.check_certificates(server, chosen.pem)
    return chosen.pem


def _shown(server: str, chosen: Authority) -> list[str]:
    lines = [
        f"the API server at {printable(server)} shows this authority:",
        f"  subject      {chosen.subject}",
        f"  valid until  {chosen.valid_until}",
        f"  SHA-256      {chosen.fingerprint}",
    ]
    if chosen.is_server:
        lines.append("warning: it is the server's own certificate, and the next one it gets will not be trusted")
    return lines


def _is_confirmed() -> bool:
    if not is_lent():
        raise SettingsError(
            "there is nobody to confirm the fingerprint",
            hint="compare it with the cluster's own, and pass it with --ca-fingerprint",
        )
    answer = setting_up.ask("is that the fingerprint of your cluster's authority? (yes/no) ", patience=PATIENCE)
    return answer.strip().lower() in {"y", "yes"}
