"""What the plugin is told: can it be understood, and does it mean what its author wanted."""

import re

from kubelogin_py.doctor.finding import Finding, failed, failed_by, passed, warned
from kubelogin_py.doctor.known import Known
from kubelogin_py.errors import Error
from kubelogin_py.oidc import authorization
from kubelogin_py.oidc.urls import check_issuer, host_of, is_loopback, without_query

_PLACEHOLDER = re.compile(r"<[^<>]*>|\$\{?[A-Z_]+\}?|ISSUER_URL|YOUR_CLIENT_(?:ID|SECRET)|[A-Z]*CHANGE_?ME[A-Z]*")
_SECRETS = {"oidc-client-secret": "the client secret", "password": "the password"}


def arguments(known: Known) -> Finding:
    """The options are understood, and hold values instead of what a guide wrote in their place."""
    fault = known.subject.settings_fault
    if fault is not None:
        cause = "the plugin ends with this message each time kubectl starts it"
        return failed_by("arguments", fault, cause, "correct the args; `kubelogin help get-token` lists the options")
    provider = known.settings.provider
    for option, value in (("--oidc-issuer-url", provider.issuer), ("--oidc-client-id", provider.client_id)):
        if _PLACEHOLDER.search(value):
            return failed(
                "arguments",
                f"{option} is {value}",
                "a guide's placeholder was left in place",
                f"put the value of your provider in {option}",
            )
    if provider.client_id.startswith(("https://", "http://")):
        return failed(
            "arguments",
            f"--oidc-client-id is the URL {without_query(provider.client_id)}",
            "a client ID is the name that the provider gave to this client, not an address",
            "copy the client ID from the provider's page of the client",
        )
    try:
        authorization.check_extra_params(provider.extra_params)
    except Error as error:
        cure = "leave it out of --oidc-auth-request-extra-params"
        return failed("arguments", error.message, "the sign-in would be refused", cure)
    return passed("arguments", f"client {provider.client_id} of {host_of(provider.issuer)}, scope {provider.scope}")


def secrets(known: Known) -> Finding:
    """No secret stands in the arguments, where the list of processes shows it."""
    found = [name for option, name in _SECRETS.items() if option in known.subject.given]
    if not found:
        return passed("secrets", "no secret among the arguments")
    return warned(
        "secrets",
        f"{' and '.join(found)} can be read in the arguments",
        "whoever sees the kubeconfig, or the list of processes of this machine, has it",
        "make the client public at the provider and leave it out, or put it in a file: --oidc-client-secret-file=FILE"
        if "oidc-client-secret" in known.subject.given
        else "leave it out: it is asked for on the terminal",
    )


def issuer_url(known: Known) -> Finding:
    """The issuer is a URL that tokens may be trusted from (Discovery section 3)."""
    issuer = known.settings.provider.issuer
    try:
        check_issuer(issuer)
    except Error as error:
        cure = known.hint("issuer", error.hint or "write the issuer as the provider names it")
        return failed("issuer-url", error.message, "nothing is sent to such an address", cure)
    if issuer.lower().startswith("http://") and is_loopback(host_of(issuer)):
        return warned(
            "issuer-url",
            f"{issuer} is http",
            "the Kubernetes API server trusts https issuers alone",
            "give the provider a certificate and an https URL",
        )
    return passed("issuer-url", issuer)
