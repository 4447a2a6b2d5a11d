"""The sign-in at glewlwyd without its pages, which are a program of their own: its interface is spoken to directly."""

import os
import sys
from urllib.parse import parse_qs, urlsplit

import requests


def main() -> None:
    url = sys.argv[1]
    place, asked = urlsplit(url), parse_qs(urlsplit(url).query)
    api = f"{place.scheme}://{place.netloc}/api"
    with requests.Session() as http:
        http.trust_env = False
        http.verify = os.environ["SIGN_IN_CA"]
        person = {"username": os.environ["SIGN_IN_USER"], "password": os.environ["SIGN_IN_PASSWORD"]}
        http.post(f"{api}/auth/", json=person, timeout=30).raise_for_status()
        (client,) = asked["client_id"]
        http.put(f"{api}/auth/grant/{client}", json={"scope": asked["scope"][0]}, timeout=30).raise_for_status()
        last = http.get(f"{url}&g_continue=", timeout=60)
    sys.stdout.write(f"sign-in: last page: {last.status_code}\n")


if __name__ == "__main__":
    main()
