"""Drives two real providers with habits of their own: glewlwyd, from Debian, and Canaille, from PyPI."""

import gzip
import json
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support import components, processes
from tests.support.certificates import Certificates
from tests.support.environment import clean
from tests.support.providers import ACCOUNTS, Provider, sign_in_script

SUPPORT = Path(__file__).parent
GLEWLWYD, CANAILLE = "glewlwyd", "canaille"
SECRET = "plain-secret"
"""Of the confidential clients: Canaille does not decode what RFC 6749 section 2.3.1 has encoded."""

SCOPES = ("openid", "email", "groups")
_ADMIN = {"username": "admin", "password": "password"}
"""As Debian's initial database has it."""
_PROOF = {"confidential": True, "password": SECRET, "token_endpoint_auth_method": ["client_secret_basic"]}


def start_canaille(directory: Path, certificates: Certificates, callback: int) -> Provider:
    """Start Canaille over https and return it once it answers.

    :param callback: port of the clients' redirect URI.
    """
    log = _log(directory)
    python = components.find(CANAILLE) or Path("canaille")
    leaf = certificates.server
    command: list[str | Path] = [
        python,
        SUPPORT / "canaille_server.py",
        leaf.certificate,
        leaf.key,
        log,
        str(callback),
        SECRET,
    ]
    component = processes.start(command, log=directory / "canaille.log", env=clean(directory / "home"))
    provider = Provider(CANAILLE, component, log, certificates.ca)
    provider.load_metadata()
    return provider


def start_glewlwyd(directory: Path, certificates: Certificates, callback: int) -> Provider:
    """Start glewlwyd over https, configure it over its interface, and return it; it logs no requests.

    :param callback: port of the clients' redirect URI.
    """
    log = _log(directory)
    port = processes.free_port()
    origin = f"https://localhost:{port}"
    configuration = _configuration(directory, port, certificates)
    with (directory / "glewlwyd.log").open("ab") as output:
        process = subprocess.Popen(
            [str(components.find(GLEWLWYD)), f"--config-file={configuration}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=clean(directory / "home"),
        )
    component = processes.Component(process, f"{origin}/api/oidc", directory / "glewlwyd.log")
    try:
        _set_up(f"{origin}/api", certificates, callback)
        provider = Provider(GLEWLWYD, component, log, certificates.ca)
        provider.load_metadata()
    except BaseException:
        component.stop()
        raise
    return provider


STARTS = {GLEWLWYD: start_glewlwyd, CANAILLE: start_canaille}


def browser(path: Path, provider: Provider) -> Path:
    """Write an executable that signs in at one of them, for ``--browser-command``, and return its path."""
    return sign_in_script(path, ca=provider.ca, program=SUPPORT / f"sign_in_{provider.kind}.py")


def _log(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "requests.log"
    log.touch()
    return log


def _configuration(directory: Path, port: int, certificates: Certificates) -> Path:
    """Write glewlwyd's configuration and its database, with a claim of ours for people, and return the former."""
    database = directory / "glewlwyd.db"
    schema = Path("/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz")
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(gzip.decompress(schema.read_bytes()).decode())
        (parameters,) = connection.execute("SELECT gumi_parameters FROM g_user_module_instance").fetchone()
        changed = json.loads(parameters)
        changed["data-format"]["groups"] = {"multiple": True, "read": True, "write": True}
        connection.execute("UPDATE g_user_module_instance SET gumi_parameters = ?", [json.dumps(changed)])
        connection.commit()
    modules = "\n".join(
        f'{kind}_module_path="/usr/lib/glewlwyd/{folder}"'
        for kind, folder in {
            "user": "user",
            "user_middleware": "user_middleware",
            "client": "client",
            "user_auth_scheme": "scheme",
            "plugin": "plugin",
        }.items()
    )
    path = directory / "glewlwyd.conf"
    path.write_text(
        f"""port={port}
bind_address="127.0.0.1"
external_url="https://localhost:{port}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="console"
log_level="INFO"
cookie_secure=1
session_key="GLEWLWYD2_SESSION_ID"
login_api_enabled=true
admin_scope="g_admin"
profile_scope="g_profile"
{modules}
use_secure_connection=true
secure_connection_key_file="{certificates.server.key}"
secure_connection_pem_file="{certificates.server.certificate}"
hash_algorithm="SHA512"
database = {{ type = "sqlite3"; path = "{database}" }};
""",
        encoding="utf-8",
    )
    return path


def _set_up(api: str, certificates: Certificates, callback: int) -> None:
    """Make what a provider needs: scopes, the person, the client, and at last the OpenID Connect plug-in."""
    with requests.Session() as http:
        http.trust_env = False
        http.verify = str(certificates.ca)
        _signed_in(http, api)
        for scope in SCOPES[1:]:
            _made(http, f"{api}/scope/", {"name": scope, "display_name": scope, "password_required": False})
        _made(http, f"{api}/user/", _person())
        _made(http, f"{api}/client/", _client("kubernetes", callback))
        _made(http, f"{api}/client/", {**_client("kubernetes-basic", callback), **_PROOF})
        _made(http, f"{api}/mod/plugin/", _plug_in(api))


def _signed_in(http: requests.Session, api: str) -> None:
    until = time.monotonic() + processes.STARTED_WITHIN
    while True:
        try:
            _made(http, f"{api}/auth/", _ADMIN)
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _made(http: requests.Session, url: str, document: dict[str, Any]) -> None:
    response = http.post(url, json=document, timeout=30)
    assert response.status_code == 200, f"{url}: {response.status_code} {response.text}"


def _person() -> dict[str, Any]:
    return {
        "username": "alice",
        "name": "Alice Archer",
        "email": "alice@example.test",
        "password": ACCOUNTS["users"]["alice"]["password"],
        "groups": ["developers", "admins"],
        "scope": [*SCOPES, "g_profile"],
        "enabled": True,
    }


def _client(name: str, callback: int) -> dict[str, Any]:
    return {
        "client_id": name,
        "name": name,
        "confidential": False,
        "enabled": True,
        "scope": list(SCOPES),
        "redirect_uri": [f"http://localhost:{callback}"],
        "authorization_type": ["code", "refresh_token", "device_authorization"],
        "token_endpoint_auth_method": ["none"],
    }


def _plug_in(api: str) -> dict[str, Any]:
    key = rsa.generate_private_key(65537, 2048)
    parameters = {
        "iss": f"{api}/oidc",
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ).decode(),
        "cert": key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "access-token-duration": 3600,
        "refresh-token-duration": 86400,
        "code-duration": 600,
        "refresh-token-rolling": True,
        "refresh-token-one-use": "always",
        "allow-non-oidc": False,
        "auth-type-code-enabled": True,
        "auth-type-code-revoke-replayed": True,
        "auth-type-device-enabled": True,
        "auth-type-refresh-enabled": True,
        "device-authorization-expiration": 600,
        "device-authorization-interval": 5,
        "pkce-allowed": True,
        "pkce-method-plain-allowed": False,
        "email-claim": "mandatory",
        "introspection-revocation-allowed": True,
        "introspection-revocation-allow-target-client": True,
        # Switched on, this ends Debian's build at the first authorization.
        "session-management-allowed": False,
        "allowed-scope": list(SCOPES),
        "claims": [{"name": "groups", "user-property": "groups", "type": "string", "mandatory": True}],
    }
    return {"module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "parameters": parameters}
