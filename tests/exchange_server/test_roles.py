"""Which roles somebody gets."""

from typing import Any

import pytest

from examples.exchange_server.roles import roles_for
from examples.exchange_server.settings import Rule, Settings
from tests.support import components

ADMINS = Rule("groups", "admins", ("os:admin", "os:reader"))
READERS = Rule("groups", "developers", ("os:reader", "os:etcd:backup"))
SRE = Rule("department", "sre", ("os:operator",))
NOTHING = Rule("groups", "suspended", ())
MAIL = Rule("email", "alice@example.test", ("os:admin",))


def given(claims: dict[str, Any], *rules: Rule, **settings: Any) -> tuple[str, ...]:
    return roles_for(claims, Settings(rules=rules or None, **settings))


def test_without_rules_everybody_gets_the_same() -> None:
    assert given({}) == ("os:admin",)
    assert given({}, roles=("os:reader",)) == ("os:reader",)
    assert given({}, roles=()) == ()


ROWS: dict[str, tuple[dict[str, Any], tuple[Rule, ...], tuple[str, ...]]] = {
    "a string that is equal": ({"groups": "admins"}, (ADMINS,), ("os:admin", "os:reader")),
    "a list that has it": ({"groups": ["x", "admins"]}, (ADMINS,), ("os:admin", "os:reader")),
    "several rules, united in order": (
        {"groups": ["developers", "admins"], "department": "sre"},
        (SRE, ADMINS, READERS),
        ("os:operator", "os:admin", "os:reader", "os:etcd:backup"),
    ),
    "no claim": ({}, (ADMINS,), ()),
    "another value": ({"groups": ["admin", "ADMINS", "admins2"]}, (ADMINS,), ()),
    "a word of a string": ({"groups": "admins developers"}, (ADMINS, READERS), ()),
    "a word of a list's string": ({"groups": ["the admins"]}, (ADMINS,), ()),
    "a name with a space": ({"groups": ["authentik Admins"]}, (Rule("groups", "authentik Admins", ("r",)),), ("r",)),
    "an empty list": ({"groups": []}, (ADMINS,), ()),
    "an object": ({"groups": {"admins": True}}, (ADMINS,), ()),
    "a list in a list": ({"groups": [["admins"]]}, (ADMINS,), ()),
    "numbers": ({"groups": [1, None, True]}, (Rule("groups", "1", ("r",)), Rule("groups", "True", ("r",))), ()),
    "true": ({"admin": True}, (Rule("admin", "true", ("r",)),), ()),
    "a matching rule that grants nothing": ({"groups": ["suspended"]}, (NOTHING,), ()),
    "nothing and something": ({"groups": ["suspended", "developers"]}, (NOTHING, READERS), READERS.roles),
    "a nested claim": ({"realm_access": {"roles": ["admins"]}}, (Rule("realm_access.roles", "admins", ("r",)),), ()),
    "a claim with a dot in its name": ({"a.b": "c"}, (Rule("a.b", "c", ("r",)),), ("r",)),
    "a verified address": ({"email": "alice@example.test", "email_verified": True}, (MAIL,), ("os:admin",)),
    "an address nobody speaks about": ({"email": "alice@example.test"}, (MAIL,), ("os:admin",)),
    "an unverified address": ({"email": "alice@example.test", "email_verified": False}, (MAIL,), ()),
    "an address verified in words": ({"email": "alice@example.test", "email_verified": "true"}, (MAIL,), ()),
}


@pytest.mark.parametrize(("claims", "rules", "roles"), ROWS.values(), ids=ROWS.keys())
def test_rules_decide(claims: dict[str, Any], rules: tuple[Rule, ...], roles: tuple[str, ...]) -> None:
    assert given(claims, *rules) == roles


def test_without_a_match_the_static_roles_are_given_if_they_were_written() -> None:
    assert given({"groups": ["x"]}, ADMINS, roles=("os:reader",)) == ("os:reader",)
    assert given({"groups": ["x"]}, ADMINS) == ()


def test_a_match_takes_the_static_roles_away() -> None:
    assert given({"groups": ["suspended"]}, NOTHING, roles=("os:reader",)) == ()
    assert given({"groups": ["developers"]}, READERS, roles=("os:admin",)) == READERS.roles


def test_each_rule_says_what_it_saw_to_who_is_debugging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "examples.exchange_server"):
        given({"groups": ["developers", "x\x1b"]}, ADMINS, READERS)
    first, second = (record.getMessage() for record in caplog.records)
    assert first == r"rule 'admins' in claim 'groups': False; the claim is ['developers', 'x\x1b']"
    assert "True" in second


def test_a_group_with_a_space_in_its_name_is_one_group(caplog: pytest.LogCaptureFixture) -> None:
    """T-13: whoever may name a group "guests admins" is in no group "admins"; the operator is told what to do."""
    assert given({"groups": "guests admins"}, ADMINS, READERS) == ()
    [said] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "send groups as a list, or" in said
    assert "rbac.split_strings" in said
    assert "guests" not in said
    for page in ("docs/talos.md", "examples/exchange_server/README.md"):
        text = " ".join((components.ROOT / page).read_text(encoding="utf-8").split())
        assert "send groups as a list" in text or "Use lists for groups" in text
    caplog.clear()
    assert given({"groups": ["guests admins"]}, ADMINS) == ()
    assert given({"groups": "guests admins"}, ADMINS, split_strings=True) == ADMINS.roles
    assert not caplog.records


@pytest.mark.parametrize(
    ("claim", "matches"),
    [
        ("developers admins", True),
        ("developers\tadmins\n", True),
        ("admins", True),
        (" admins ", False),
        ("xadmins y", False),
        (["the admins"], False),
    ],
)
def test_words_count_only_where_the_operator_says_so(claim: Any, matches: bool) -> None:
    assert bool(given({"groups": claim}, ADMINS, split_strings=True)) is matches
