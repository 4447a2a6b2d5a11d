"""Canaille over https, run by the Python of its own environment: ``canaille_server.py CERT KEY LOG CALLBACK SECRET``.

A person, two groups, a public and a confidential client, all in memory. Says ``READY <issuer>``; a line for each
request goes to LOG. CALLBACK is the port of the clients' redirect URI.
"""

import argparse
import datetime as dt
import ssl
import sys
from pathlib import Path

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from werkzeug.serving import WSGIRequestHandler, make_server


def make(callback: int, secret: str) -> None:
    """Make the person, their groups and the clients."""
    store = Backend.instance
    with store.session():
        alice = models.User(
            user_name="alice",
            formatted_name="Alice Archer",
            family_name="Archer",
            emails=["alice@example.test"],
            password="wonderland",
        )
        store.save(alice)
        for name in ("developers", "admins"):
            store.save(models.Group(display_name=name, members=[alice]))
        for name, proof in (("kubernetes", ""), ("kubernetes-basic", secret)):
            client = models.Client(
                client_id=name,
                client_name=name,
                # A client of the house: nobody is asked for consent.
                client_uri="https://kubernetes.localhost",
                client_id_issued_at=dt.datetime.now(dt.UTC),
                client_secret=proof or None,
                redirect_uris=[f"http://localhost:{callback}"],
                token_endpoint_auth_method="client_secret_basic" if proof else "none",
                scope=["openid", "email", "profile", "groups"],
                grant_types=["authorization_code", "refresh_token"],
                response_types=["code"],
            )
            store.save(client)
            # It can be found by its name only now.
            client.audience = [client]
            store.save(client)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("certificate")
    parser.add_argument("key")
    parser.add_argument("log", type=Path)
    parser.add_argument("callback", type=int)
    parser.add_argument("secret")
    chosen = parser.parse_args()
    log = chosen.log.open("a", encoding="utf-8")

    class Handler(WSGIRequestHandler):
        def log_request(self, code: object = "-", size: object = "-") -> None:
            log.write(f"{self.command} {self.path.partition('?')[0]} {int(code)}\n")
            log.flush()

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chosen.certificate, chosen.key)
    server = make_server("127.0.0.1", 0, None, threaded=True, ssl_context=tls, request_handler=Handler)
    place = f"localhost:{server.server_port}"
    server.app = app = create_app(
        config={
            "SECRET_KEY": "only for tests, and only here",
            "SERVER_NAME": place,
            "PREFERRED_URL_SCHEME": "https",
            "CANAILLE": {"DATABASE": "memory"},
            "CANAILLE_OIDC": {},
        }
    )
    with app.app_context():
        make(chosen.callback, chosen.secret)
    sys.stdout.write(f"READY https://{place}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
