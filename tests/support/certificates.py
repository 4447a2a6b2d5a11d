"""Certificates of the tests: one good server and two that a client must refuse, under one private authority."""

from dataclasses import dataclass
from pathlib import Path

from examples.demo.certificates import Authority, Leaf

__all__ = ["Authority", "Certificates", "Leaf", "make_certificates"]


@dataclass(frozen=True, slots=True)
class Certificates:
    """A private authority and what it signed.

    :param ca: the authority's certificate, as PEM.
    :param server: good for localhost, 127.0.0.1 and ::1.
    :param wrong_host: good for another host only.
    :param expired: ended an hour ago.
    :param other_ca: an authority that signed none of these.
    """

    ca: Path
    server: Leaf
    wrong_host: Leaf
    expired: Leaf
    other_ca: Path


def make_certificates(directory: Path) -> Certificates:
    """Make a set of certificates in the directory."""
    authority = Authority(directory, "kubelogin-py test CA")
    return Certificates(
        ca=authority.file,
        server=authority.leaf("server"),
        wrong_host=authority.leaf("wrong-host", ("wrong.example.test",)),
        expired=authority.leaf("expired", expired=True),
        other_ca=Authority(directory / "other", "kubelogin-py other CA").file,
    )
