"""The demo's provider as a guide has it: under an issuer with a path, and with clients of the guide's own names.

``start`` runs this file as a program, with the flags below.
"""

import argparse
import os
import socket
import ssl
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.support import processes
from tests.support.certificates import Certificates
from tests.support.environment import clean
from tests.support.providers import DEMO, EMBEDDED, Provider


def start(
    directory: Path,
    certificates: Certificates,
    *,
    path: str = "",
    clients: Mapping[str, str],
    algorithm: str = "RS256",
    groups_with_profile: bool = False,
) -> Provider:
    """Start a provider over https and return it once it answers.

    :param path: of the issuer, byte for byte, with or without a slash at its end.
    :param clients: ids and their secrets; an empty secret is a public client.
    :param groups_with_profile: whether the scope ``profile`` releases the groups, too.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "requests.log"
    log.touch()
    leaf = certificates.server
    command: list[str | Path] = [sys.executable, "-m", "tests.support.guide_provider"]
    command += ["--path", path, "--log", log, "--algorithm", algorithm]
    command += ["--tls-cert", leaf.certificate, "--tls-key", leaf.key]
    if groups_with_profile:
        command.append("--groups-with-profile")
    for client, secret in clients.items():
        command += ["--client", f"{client}={secret}"]
    env = clean(directory / "home", PYTHONPATH=f"{DEMO.parents[1]}{os.pathsep}{DEMO}")
    component = processes.start(command, log=directory / "provider.log", env=env)
    provider = Provider(EMBEDDED, component, log, certificates.ca)
    provider.load_metadata()
    return provider


def under(path: str, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the application under a path; one slash too many after it does no harm, as at real providers."""
    prefix = path.rstrip("/")

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = environ["PATH_INFO"]
        if not asked.startswith(f"{prefix}/"):
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        environ["PATH_INFO"] = "/" + asked.removeprefix(prefix).lstrip("/")
        environ["SCRIPT_NAME"] = prefix
        return app(environ, start_response)

    return application


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The demo's provider under a path.")
    parser.add_argument("--path", default="")
    parser.add_argument("--client", action="append", default=[], metavar="ID=SECRET")
    parser.add_argument("--algorithm", default="RS256")
    parser.add_argument("--groups-with-profile", action="store_true")
    parser.add_argument("--tls-cert", required=True)
    parser.add_argument("--tls-key", required=True)
    parser.add_argument("--log", type=Path, required=True)
    return parser.parse_args()


def main() -> None:
    import flask
    from joserfc.errors import SecurityWarning
    from provider import serve
    from provider_endpoints import Endpoints
    from provider_model import ACCOUNTS, SCOPES, Settings

    chosen = _arguments()
    warnings.filterwarnings("ignore", category=SecurityWarning)
    if chosen.groups_with_profile:
        SCOPES["profile"] = (*SCOPES["profile"], "groups")
    for client in chosen.client:
        name, _, secret = client.partition("=")
        proof = {"client_secret": secret, "token_endpoint_auth_method": "client_secret_basic"} if secret else {}
        ACCOUNTS["clients"].append({"client_id": name, **proof})
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chosen.tls_cert, chosen.tls_key)
    issuer = f"https://localhost:{listener.getsockname()[1]}{chosen.path}"
    app = flask.Flask("provider")
    Endpoints(app, Settings(issuer, algorithm=chosen.algorithm))
    app.wsgi_app = under(chosen.path, app.wsgi_app)  # type: ignore[method-assign]
    server = serve(app, listener, tls, chosen.log.open("a", encoding="utf-8"))
    print(f"READY {issuer}", flush=True)  # noqa: T201 -- what whoever started it waits for
    server.serve_forever()


if __name__ == "__main__":
    main()
