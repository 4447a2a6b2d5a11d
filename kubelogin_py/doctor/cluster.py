"""The API server: does it answer, and whom does it take the holder of the cached token for.

One request: ``SelfSubjectReview`` with the token (authentication.k8s.io/v1, Kubernetes 1.28 and later), which creates
nothing; without a token, its version.
"""

import shlex
from collections.abc import Mapping

from kubelogin_py.doctor.finding import Finding, failed, passed, skipped, warned
from kubelogin_py.doctor.known import Known
from kubelogin_py.doctor.provider import cause_of
from kubelogin_py.doctor.token import refusal
from kubelogin_py.errors import Error, SettingsError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.response import Response
from kubelogin_py.text import printable

_OK = frozenset({200, 201})
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _SERVER_ERROR = 401, 403, 404, 500
_GROUPS_SHOWN = 10


def cluster(known: Known) -> Finding:
    """The API server answers, with a certificate that the kubeconfig's authority signed."""
    context = known.context
    where = context.cluster
    if where is None or not where.server:
        what = "has no server" if where else "does not exist"
        return failed(
            "cluster",
            f'cluster "{context.cluster_name}" of context "{context.name}" {what}',
            "kubectl does not know where to go, and tries localhost:8080",
            f"kubectl config set-cluster {shlex.quote(context.cluster_name or 'NAME')} --server=https://HOST:6443",
        )
    response = known.cluster_response
    if isinstance(response, SettingsError):
        return failed(
            "cluster",
            response.message.removeprefix("--"),
            f'what the kubeconfig says of cluster "{where.name}" can\'t be used',
            "correct it; `kubectl config view` shows what kubectl reads",
        )
    if isinstance(response, Error):
        certificate = "certificate" in response.message or "authority" in response.message
        return failed(
            "cluster",
            response.message,
            "the certificate-authority in the kubeconfig is not the one that signed it, or it is for another name"
            if certificate
            else cause_of(response.message),
            "take certificate-authority-data from the cluster's administrator, not from the connection"
            if certificate
            else "check the server in the kubeconfig, and this machine's network, VPN and proxy: kubectl cluster-info",
        )
    if where.insecure:
        return warned(
            "cluster",
            f"{where.server} answers, and its certificate is not verified",
            "whoever sits on the network path gets your token (insecure-skip-tls-verify)",
            f"kubectl config set-cluster {shlex.quote(where.name)} --certificate-authority=FILE --embed-certs",
        )
    return passed("cluster", f"{where.server} answers")


def api_server(known: Known) -> Finding:
    """The API server takes the cached token, and says for whom."""
    response = known.cluster_response
    if known.usable is None:
        return skipped("api-server", f"there is no token to show to it: {known.subject.command('login')} gets one")
    if isinstance(response, Error):
        raise response
    if response.status in _OK:
        return passed("api-server", _taken_for(response))
    said = printable(_member(response, "message"), 300)
    if response.status == _UNAUTHORIZED:
        cause, cure = refusal(known)
        return failed("api-server", "the API server refuses the cached token (401 Unauthorized)", cause, cure)
    if response.status == _FORBIDDEN:
        return warned(
            "api-server",
            f"the API server takes the token, and forbids to ask for whom: {said}",
            "the role system:basic-user is usually bound to everybody who is signed in",
            "bind a role to the user or a group: kubectl create clusterrolebinding (see docs/getting-started.md)",
        )
    if response.status == _NOT_FOUND:
        return passed("api-server", "it takes the token, and is too old to say for whom (before Kubernetes 1.28)")
    cause = (
        "it is out of order, or what stands before it"
        if response.status >= _SERVER_ERROR
        else "no API server does that"
    )
    return warned("api-server", f"it answers with status {response.status} {said}", cause, "kubectl cluster-info")


def _taken_for(response: Response) -> str:
    status = _member(response, "status")
    user = status.get("userInfo") if isinstance(status, Mapping) else None
    if not isinstance(user, Mapping) or not isinstance(user.get("username"), str):
        return "it takes the token, and does not say for whom"
    listed = user.get("groups")
    groups = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    shown = ", ".join(groups[:_GROUPS_SHOWN]) + (
        f" and {len(groups) - _GROUPS_SHOWN} more" if len(groups) > _GROUPS_SHOWN else ""
    )
    return f'it takes you for "{user["username"]}", groups: {shown or "none"}'


def _member(response: Response, name: str) -> object:
    try:
        return read_object(response.body).get(name) or ""
    except ValueError:
        return ""
