"""The demo's provider, with a ledger of every token it gave and with wheels to turn: keys rotate, sessions end.

Run as the demo's ``provider.py``, with ``--ledger FILE`` besides: one JSON line per event. ``POST /soak/rotate`` signs
with a new key from then on, ``POST /soak/revoke`` ends every session.
"""

import base64
import hashlib
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

DEMO = Path(__file__).parents[2] / "examples/demo"
sys.path.insert(0, str(DEMO))

import flask  # noqa: E402 -- the provider's modules stand beside one another
import provider  # type: ignore[import-not-found]  # noqa: E402 -- the demo's
import provider_endpoints  # type: ignore[import-not-found]  # noqa: E402 -- the demo's
from joserfc.jwk import KeySet, RSAKey  # noqa: E402 -- as above


class Ledger:
    """Writes down what the provider gave to whom; a session's tokens are of one family."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._families: dict[str, int] = {}
        self._newest: dict[int, str] = {}
        self._count = 0

    def write(self, event: str, **members: object) -> None:
        """Add a line."""
        self._file.write(json.dumps({"at": time.time(), "event": event, **members}) + "\n")
        self._file.flush()

    def note(self, form: dict[str, str], status: int, answer: dict[str, Any]) -> None:
        """Note an answer of the token endpoint."""
        with self._lock:
            sent = form.get("refresh_token", "")
            family = self._families.get(sent, 0)
            if status != 200:
                if sent:
                    reused = bool(family) and self._newest.get(family) != sent
                    self.write("reuse" if reused else "refused", family=family)
                return
            if not sent:
                self._count += 1
                family = self._count
            given = answer.get("refresh_token", sent)
            self._families[given], self._newest[family] = family, given
            token = hashlib.sha256(answer["id_token"].encode()).hexdigest()
            payload = answer["id_token"].split(".")[1]
            user = json.loads(base64.urlsafe_b64decode(payload + "=="))["sub"]
            known = {"family": family, "token": token, "scope": answer["scope"], "user": user}
            self.write("refresh" if sent else "login", **known)


def install(path: Path) -> None:
    """Let every provider of this process keep a ledger."""
    ledger = Ledger(path)
    original = provider_endpoints.Endpoints.__init__

    def wired(self: Any, app: flask.Flask, settings: Any) -> None:
        original(self, app, settings)

        @app.after_request
        def note(response: flask.Response) -> flask.Response:
            if flask.request.path == "/token":
                ledger.note(flask.request.form.to_dict(), response.status_code, response.get_json(silent=True) or {})
            if flask.request.path == "/authorize" and flask.request.method == "GET":
                ledger.write("page")
            return response

        @app.post("/soak/rotate")
        def soak_rotate() -> str:
            with self._store.lock:
                key = RSAKey.generate_key(2048, {"kid": f"soak-{time.time_ns()}", "alg": "RS256", "use": "sig"})
                # The one before stays published for a while, as providers do.
                self._store.keys = KeySet([key, *self._store.keys.keys[:6]])
            ledger.write("rotated")
            return ""

        @app.post("/soak/revoke")
        def soak_revoke() -> str:
            with self._store.lock:
                for sign_in in self._store.refresh_tokens.values():
                    sign_in.revoked = True
            ledger.write("revoked")
            return ""

    provider_endpoints.Endpoints.__init__ = wired


def main() -> None:
    place = sys.argv.index("--ledger")
    path = Path(sys.argv[place + 1])
    del sys.argv[place : place + 2]
    install(path)
    provider.main()


if __name__ == "__main__":
    main()
