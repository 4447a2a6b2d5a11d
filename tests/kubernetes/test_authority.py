"""The authority of an API server is chosen by signatures alone, and named by fingerprints as people have them."""

import hashlib
import ssl
import subprocess
from pathlib import Path

import pytest

from examples.demo.certificates import Authority, Leaf
from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes.authority import choose, is_known


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "my cluster")


@pytest.fixture
def leaf(authority: Authority) -> Leaf:
    return authority.leaf()


def der(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


def fingerprint(path: Path) -> str:
    return hashlib.sha256(der(path)).hexdigest()


def test_the_one_that_signed_is_chosen(authority: Authority, leaf: Leaf, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "my cluster")
    chosen = choose([der(leaf.certificate)], [other.file.read_text(), "rubbish", authority.file.read_text()])
    assert chosen.pem == authority.file.read_text()
    assert chosen.subject == "CN=my cluster"
    assert not chosen.is_server
    assert chosen.fingerprint.replace(":", "").lower() == fingerprint(authority.file)


def test_it_may_come_in_the_handshake(authority: Authority, leaf: Leaf) -> None:
    assert choose([der(leaf.certificate), der(authority.file)], []).pem == authority.file.read_text()


@pytest.mark.parametrize("offered", ["", "namesake", "leaf"])
def test_without_it_the_server_s_own_is_chosen_and_that_is_said(leaf: Leaf, tmp_path: Path, offered: str) -> None:
    """Who only claims the name has signed nothing."""
    texts = {
        "": [],
        "namesake": [Authority(tmp_path / "other", "my cluster").file.read_text()],
        "leaf": [leaf.certificate.read_text()],
    }
    chosen = choose([der(leaf.certificate)], texts[offered])
    assert chosen.pem == leaf.certificate.read_text()
    assert chosen.is_server


@pytest.mark.parametrize("chain", [[], [b""], [b"\x30\x03\x02\x01\x01"]], ids=["none", "empty", "garbage"])
def test_what_can_not_be_read_is_refused(chain: list[bytes]) -> None:
    with pytest.raises(SettingsError):
        choose(chain, [])


def test_fingerprints_as_people_have_them(authority: Authority, leaf: Leaf) -> None:
    """From openssl, and from kubeadm, which names the public key."""
    chosen = choose([der(leaf.certificate)], [authority.file.read_text()])
    shown = subprocess.run(
        ["openssl", "x509", "-in", authority.file, "-noout", "-fingerprint", "-sha256"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    plain = fingerprint(authority.file)
    for text in (shown, shown.partition("=")[2], plain, plain.upper(), f"sha256:{plain}", f" SHA256:{plain}\n"):
        assert is_known(chosen, text), text
    assert is_known(chosen, fingerprint(leaf.certificate))
    pipe = (
        f"openssl x509 -pubkey -noout -in '{authority.file}' | openssl pkey -pubin -outform der | openssl dgst -sha256"
    )
    key = subprocess.run(["/bin/sh", "-ec", pipe], capture_output=True, text=True, check=True).stdout.split()[-1]
    assert is_known(chosen, f"sha256:{key}")
    assert not is_known(chosen, "0" * 64)


@pytest.mark.parametrize("text", ["", "abc", "0" * 63, "0" * 65, "g" * 64, "sha1:" + "0" * 64])
def test_what_is_no_sha_256_is_refused(authority: Authority, leaf: Leaf, text: str) -> None:
    chosen = choose([der(leaf.certificate)], [authority.file.read_text()])
    with pytest.raises(SettingsError, match="64 digits"):
        is_known(chosen, text)
