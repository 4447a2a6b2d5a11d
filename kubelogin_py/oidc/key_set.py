"""A provider's key set, and the one key of it that may verify a token (RFC 7517, Core section 10.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from kubelogin_py.errors import MetadataError, UnknownKeyError
from kubelogin_py.oidc.documents import read_document
from kubelogin_py.oidc.jose import Jws, check_algorithm
from kubelogin_py.oidc.public_key import PublicKey
from kubelogin_py.oidc.strict_json import kind
from kubelogin_py.response import Response
from kubelogin_py.text import printable

SIZE_LIMIT = 512 << 10
"""Bytes of a key set document accepted."""

KEYS_LIMIT = 100
"""Keys of a key set accepted."""

_NAME_LENGTH = 60
_NAMED_AT_MOST = 5
_SIGNING_KEY_HINT = "let the provider sign with RS256 or ES256; Authentik publishes no key until one is selected"
# RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1: what must never be published.
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class Key:
    """A usable key of a key set.

    :param key_id: its ``kid``.
    :param algorithm: its ``alg``: the only algorithm it may be used with, or ``None`` for any that fits.
    :param public: the key itself.
    """

    key_id: str | None
    algorithm: str | None
    public: PublicKey

    @classmethod
    def read(cls, jwk: object) -> Self:
        """Return the key of one element of a key set; a member that is ``null`` counts as absent.

        :raises ValueError: it is not meant for signatures or can't serve; the message is a short printable reason.
        """
        if not isinstance(jwk, dict):
            raise ValueError(kind(jwk))  # noqa: TRY004 -- a bad value of a document
        if jwk.get("use") is not None and jwk["use"] != "sig":
            raise ValueError("not for signatures (use)")
        operations = jwk.get("key_ops")
        if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
            raise ValueError("not for verifying (key_ops)")
        return cls(_text(jwk, "kid"), _text(jwk, "alg"), PublicKey.read(jwk))

    def fits(self, algorithm: str) -> bool:
        """Whether the key may verify a signature of this algorithm."""
        return self.public.fits(algorithm) and self.algorithm in {None, algorithm}


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one provider.

    :param keys: at least one.
    :param source: where it came from, without query.
    :param skipped: one line for each key that can't be used, with the reason.
    :param warnings: what the provider should be told about.
    """

    keys: tuple[Key, ...]
    source: str
    skipped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(cls, response: Response, *, kept: bool = False) -> Self:
        """Return the key set in a response of the ``jwks_uri``; keys that can't be used are skipped.

        :param kept: the response was read before, and kept: nobody computes with the keys' numbers again until there
            is a signature. Numbers that are no key verify none.
        :raises TransientError: the provider answered 408, 429 or 5xx.
        :raises MetadataError: it is not a key set, has too many keys, or none that is usable.
        """
        entries = _entries(response)
        keys: list[Key] = []
        skipped: list[str] = []
        for jwk in entries:
            try:
                key = Key.read(jwk)
                if not kept and not key.public.is_sound():
                    raise ValueError("its numbers are not a public key")  # noqa: TRY301 -- as every other reason
                keys.append(key)
            except ValueError as error:
                skipped.append(f"{_named(jwk)}: {error}")
        if not keys:
            raise MetadataError(
                f"the key set at {response.url} has no usable key{_examples(skipped)}",
                hint=_SIGNING_KEY_HINT,
            )
        return cls(tuple(keys), response.url, tuple(skipped), tuple(_warnings(entries, response.url)))

    def verify(self, jws: Jws, algorithms: frozenset[str], *, what: str = "ID token") -> None:
        """Verify the signature with the one key that may have made it; every other outcome is an error.

        :param algorithms: the algorithms allowed; never anything outside ``jose.ALGORITHMS``.
        :param what: what to call the token in messages.
        :raises VerificationError: step ``algorithm``.
        :raises UnknownKeyError: step ``key`` when not exactly one key fits, ``signature`` when it did not sign this.
        """
        check_algorithm(jws.algorithm, algorithms, what=what)
        if not self._select(jws, what).public.verifies(jws):
            raise UnknownKeyError(
                f"the signature of the {what} was not made with {_wanted(jws)} of {self.source}",
                step="signature",
                hint="try again; if it stays so, the issuer URL and the provider's keys do not belong together",
            )

    def _select(self, jws: Jws, what: str) -> Key:
        fitting = [key for key in self.keys if key.fits(jws.algorithm)]
        if jws.key_id is not None:
            fitting = [key for key in fitting if key.key_id == jws.key_id]
        if len(fitting) == 1:
            return fitting[0]
        # Trying several keys in turn would let the weakest of them decide.
        found = f"{len(fitting)} keys" if fitting else "no key"
        raise UnknownKeyError(
            f"the key set at {self.source} has {found} for an {what} signed by {_wanted(jws)}{_examples(self.skipped)}",
            step="key",
        )


def _entries(response: Response) -> list[Any]:
    if len(response.body) > SIZE_LIMIT:
        raise MetadataError(f"the key set at {response.url} is larger than {SIZE_LIMIT >> 10} KiB")
    document = read_document(response, "key set")
    entries = document.get("keys")
    if not isinstance(entries, list):
        found = f"keys is {kind(entries)}" if "keys" in document else "it has no keys"
        raise MetadataError(f"the document at {response.url} is not a key set: {found}", hint=_SIGNING_KEY_HINT)
    if len(entries) > KEYS_LIMIT:
        raise MetadataError(f"the key set at {response.url} has {len(entries)} keys, more than {KEYS_LIMIT}")
    return entries


def _warnings(entries: list[Any], source: str) -> Iterator[str]:
    exposed = [_named(jwk) for jwk in entries if isinstance(jwk, dict) and not _PRIVATE_MEMBERS.isdisjoint(jwk)]
    if exposed:
        yield (
            f"the key set at {source} publishes private parts of {', '.join(exposed[:_NAMED_AT_MOST])}: "
            "everybody can sign in this provider's name; tell its operator"
        )


def _text(jwk: dict[str, Any], name: str) -> str | None:
    value = jwk.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"its {name} is {kind(value)}")
    return value


def _wanted(jws: Jws) -> str:
    named = f" {_quoted(jws.key_id)}" if jws.key_id is not None else " key"
    return f"{jws.algorithm}{named}"


def _named(jwk: object) -> str:
    key_id = jwk.get("kid") if isinstance(jwk, dict) else None
    return _quoted(key_id if isinstance(key_id, str) else None)


def _quoted(key_id: str | None) -> str:
    return "a key without kid" if key_id is None else f'key "{printable(key_id, _NAME_LENGTH)}"'


def _examples(skipped: list[str] | tuple[str, ...]) -> str:
    """Return the first reasons in brackets, or nothing when there are none."""
    shown = "; ".join(skipped[:_NAMED_AT_MOST])
    more = "; …" if len(skipped) > _NAMED_AT_MOST else ""
    return f" (skipped: {shown}{more})" if skipped else ""
