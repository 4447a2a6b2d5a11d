"""Names of int128/kubelogin's sessions, against names its own encoder made."""

import hashlib
import os
from dataclasses import fields, replace
from itertools import combinations, permutations

import pytest

from kubelogin_py.compat import gob, upstream_keys
from kubelogin_py.compat.upstream_keys import MOST_KEYS, UpstreamOptions, cache_keys
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType, Login, PkceMethod, Provider, Renegotiation, Settings, Tls

PLAIN = UpstreamOptions("https://issuer.example.com", "YOUR_CLIENT_ID")
EVERYTHING = UpstreamOptions(
    "https://i",
    "c",
    Secret("s"),
    scopes=("a",),
    redirect_url="http://localhost:1/",
    pkce=PkceMethod.S256,
    use_access_token=True,
    request_headers=(("H", "v"),),
    certificate_authorities=("/f",),
    certificate_authority_data=("d",),
    insecure_skip_tls_verify=True,
    renegotiation=Renegotiation.ONCE,
    username="u",
    extra_params=(("p", "q"),),
)

# The first eight are names of files that the real program made; the others come from Go's encoder on its structs.
VECTORS = {
    "nothing else": (PLAIN, "b777b49f502e5fbd70ef10adc8d0e426c528df5c078a254a3db1a4a5d823cf75"),
    "secret and scopes": (
        replace(PLAIN, client_secret=Secret("S"), scopes=("email", "profile")),
        "65711c79ea013d7e4ea26f320b6470f4c9e91eb9b3f472562fc9563d949073ab",
    ),
    "redirect, S256, access token": (
        replace(PLAIN, redirect_url="http://localhost:8000/callback", pkce=PkceMethod.S256, use_access_token=True),
        "07076ba9e94095ad13dfff36817293584218d9866656243df8ef2ecae9d8bd28",
    ),
    "ca file, skip verify, renegotiation once": (
        replace(
            PLAIN,
            certificate_authorities=("/path/ca.crt",),
            insecure_skip_tls_verify=True,
            renegotiation=Renegotiation.ONCE,
        ),
        "00e8b6799651b2a329db657308acb819ca507c2a750c593bbf3933979fac2418",
    ),
    "username": (
        replace(PLAIN, username="USER"),
        "97675e65b03876b5f77a632d235e265e0c52da98504f97707a06c6214feda262",
    ),
    "one param": (
        replace(PLAIN, extra_params=(("audience", "api"),)),
        "48e84ce4d4f835099c75356c59c7407eea9e7e6cbb5bf86c8a4c268aedb877c5",
    ),
    "one header": (
        replace(PLAIN, request_headers=(("Origin", "localhost"),)),
        "6df07f3d26146ef31935db5e45b14727d7492206269dd2303a633c1a06323b03",
    ),
    "empty map of params": (
        replace(PLAIN, extra_params=()),
        "e2b820ed592291da09a9e717c60c9f52e08dc1424b1d5f9e9bc869f296eaab7d",
    ),
    "scopes as given": (
        replace(PLAIN, scopes=("openid", "email profile", "email", "email", "", " groups")),
        "efb811277d92e2884e1f84ccf4c0d460993dffe266b3bfbac1398a7c9cd4fd3c",
    ),
    "secret of 200 bytes, no pkce": (
        replace(PLAIN, client_secret=Secret("é" * 100), pkce=PkceMethod.NO),
        "1c35737ae8afc6adfefec86f10c0d2529e4e16ec734ed00a7fd4d2598c0e0af6",
    ),
    "path that is not UTF-8, long ca data, renegotiation freely": (
        replace(
            PLAIN,
            certificate_authorities=("/a", os.fsdecode(b"/b\xff")),
            certificate_authority_data=("A" * 70000,),
            renegotiation=Renegotiation.FREELY,
        ),
        "f41eca7632fc2e28433f7427a6b10c9011b4e75937d6994688f6e66b4f47b65a",
    ),
    "everything": (EVERYTHING, "9a13985da3f10d690f8aa8a44d47443c8c1c0f7209bc629a625f71f86dca0871"),
}


@pytest.mark.parametrize(("options", "key"), [pytest.param(*vector, id=name) for name, vector in VECTORS.items()])
def test_name_is_the_one_kubelogin_gives(options, key):
    assert cache_keys(options) == (key,)


def test_the_type_definitions_are_those_of_the_real_program():
    prefix = gob.definitions(upstream_keys.KEY)

    assert len(prefix) == 398
    assert hashlib.sha256(prefix).hexdigest() == "adbceff8d95e0d2eb7edb076f713ad27bcde11159cd18951c4d9a25d62c079de"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        pytest.param(PLAIN, "679e71383bf4183e62085ee8f82fe913109b9bc7d07c2653226d501f7be7db33", id="plain"),
        pytest.param(EVERYTHING, "cdbbc886554ec759b45c6eaacdcc5220dc29e236973487b03923be6b8526e1fc", id="everything"),
    ],
)
def test_name_from_a_toolchain_that_counts_types_from_65(options, key):
    """Made by Go's encoder with its counter moved by one."""
    assert cache_keys(options, first_type_id=65) == (key,)


def test_three_params_try_the_three_orders_that_go_writes_first_and_then_the_others():
    options = replace(PLAIN, extra_params=(("a", "1"), ("b", "2"), ("c", "3")))

    keys = cache_keys(options)

    assert keys[:3] == (
        "ea3b9d20f57f93508870fa665b51456d62989790ebd167500e90581493be95b7",
        "9f666864dcc8b2f018a5cf455d55aba1705952f566a8d7a15706b8622aec2b67",
        "a434581b77a492f0c63f31b80c8d0061804ecd141dbf43bc8c82186be8b87cd1",
    )
    assert len(set(keys)) == len(keys) == 6


def test_both_maps_are_tried_in_every_order():
    """The four names that Go gave to one choice of two headers and two params."""
    options = replace(PLAIN, request_headers=(("A", "1"), ("B", "2")), extra_params=(("x", ""), ("y", "z")))

    assert set(cache_keys(options)) == {
        "f193255208a2c418cd92c36c5346533ae8c4d28bdb0c9e6a54bbfbb50d58d18a",
        "84f4f2170c4f45b838fc44155af39d9fa5750f0a8aaf8aee6315c680a6e9e2e8",
        "bc08836263d9cf11439b06794796022c8575a24b14651e12625c69007ab421a5",
        "ad5c232b97dafacae7da8b3b4714dccedc1952a272265e0ba9f2b777c3d87788",
    }


def test_the_order_given_does_not_change_the_set_of_names():
    pairs = (("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"))
    sets = {frozenset(cache_keys(replace(PLAIN, extra_params=order))) for order in permutations(pairs)}

    assert len(sets) == 1


@pytest.mark.parametrize(("headers", "params"), [(0, 6), (3, 5), (2, 8), (0, 30), (40, 40)])
def test_names_are_bounded_and_the_rotations_are_among_them(headers, params):
    given = tuple((f"p{number}", "v") for number in range(params))
    options = replace(
        PLAIN, request_headers=tuple((f"h{number}", "v") for number in range(headers)), extra_params=given
    )

    keys = cache_keys(options)

    assert len(keys) == len(set(keys)) == MOST_KEYS
    assert cache_keys(replace(options, extra_params=given[1:] + given[:1]))[0] in keys


def test_the_last_of_two_equal_names_counts():
    twice = replace(PLAIN, extra_params=(("a", "1"), ("a", "2")))

    assert cache_keys(twice) == cache_keys(replace(PLAIN, extra_params=(("a", "2"),)))


def test_what_no_command_line_can_hold_has_no_name():
    assert cache_keys(replace(PLAIN, client_id="\ud800")) == ()


CHANGES = {
    "issuer": ["https://issuer.example.com/", "https://issuer.example.org"],
    "client_id": ["your_client_id", "YOUR_CLIENT_ID "],
    "client_secret": [Secret("a"), Secret("b")],
    "scopes": [("a", "b"), ("b", "a"), ("a b",), ("a", "a", "b"), ("a",), ("openid",), ("",)],
    "redirect_url": ["http://localhost", "http://localhost/"],
    "pkce": [PkceMethod.NO, PkceMethod.S256],
    "use_access_token": [True],
    "request_headers": [(("a", "b"),), (("b", "a"),), (("a", ""),)],
    "certificate_authorities": [("a",), ("a", "b"), ("a,b",)],
    "certificate_authority_data": [("a",), ("a", "b")],
    "insecure_skip_tls_verify": [True],
    "renegotiation": [Renegotiation.ONCE, Renegotiation.FREELY],
    "username": ["a", "b"],
    "extra_params": [(), (("a", "b"),), (("b", "a"),), (("ab", ""),)],
}


def test_every_option_has_changes_to_try():
    assert set(CHANGES) == {field.name for field in fields(UpstreamOptions)}


def test_every_change_of_one_option_or_two_changes_the_name():
    single = [(name, value) for name, values in CHANGES.items() for value in values]
    choices = [{}, *(dict([change]) for change in single)]
    choices += [dict(pair) for pair in combinations(single, 2) if pair[0][0] != pair[1][0]]

    keys = [cache_keys(replace(PLAIN, **changes))[0] for changes in choices]

    assert len(choices) > 300
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("name", "empty"), [("client_secret", Secret("")), ("redirect_url", "")])
def test_empty_and_unset_have_one_name(name, empty):
    assert cache_keys(replace(PLAIN, **{name: empty})) == cache_keys(PLAIN)


def settings(*, grant=GrantType.AUTO, username=None, params=()):
    return Settings(
        provider=Provider(PLAIN.issuer, PLAIN.client_id, extra_params=params),
        login=Login(grant_type=grant, username=username),
    )


PARAMS = (("audience", "api"),)


@pytest.mark.parametrize(
    ("given", "username", "params"),
    [
        pytest.param(settings(), "", None, id="auto"),
        pytest.param(settings(params=PARAMS), "", PARAMS, id="auto with params"),
        pytest.param(settings(username="u", params=PARAMS), "u", None, id="auto with a user name is password"),
        pytest.param(settings(grant=GrantType.PASSWORD, username="u"), "u", None, id="password"),
        pytest.param(settings(grant=GrantType.PASSWORD), "", None, id="password, prompted for the name"),
        pytest.param(settings(grant=GrantType.AUTHCODE, username="u", params=PARAMS), "", PARAMS, id="authcode"),
        pytest.param(settings(grant=GrantType.AUTHCODE_KEYBOARD, params=PARAMS), "", PARAMS, id="keyboard"),
        pytest.param(settings(grant=GrantType.DEVICE_CODE, username="u", params=PARAMS), "", None, id="device code"),
        pytest.param(settings(grant=GrantType.CLIENT_CREDENTIALS), "", (), id="client credentials"),
        pytest.param(
            settings(grant=GrantType.CLIENT_CREDENTIALS, params=PARAMS), "", PARAMS, id="client credentials, params"
        ),
    ],
)
def test_username_and_params_count_only_for_the_grants_that_use_them(given, username, params):
    options = UpstreamOptions.from_settings(given, scopes=())

    assert (options.username, options.extra_params) == (username, params)


def test_settings_carry_over_field_by_field():
    given = Settings(
        provider=Provider(
            EVERYTHING.issuer,
            EVERYTHING.client_id,
            EVERYTHING.client_secret,
            extra_scopes=("normalised",),
            redirect_url=EVERYTHING.redirect_url,
            pkce=EVERYTHING.pkce,
            use_access_token=True,
            request_headers=EVERYTHING.request_headers,
        ),
        tls=Tls(EVERYTHING.certificate_authorities, EVERYTHING.certificate_authority_data, True, Renegotiation.ONCE),
        login=Login(grant_type=GrantType.PASSWORD, username="u"),
    )

    options = UpstreamOptions.from_settings(given, scopes=["a"])

    assert options == replace(EVERYTHING, extra_params=None)
