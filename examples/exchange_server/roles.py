"""Which roles somebody gets: rules on claims, or the same roles for everybody."""

import logging
from collections.abc import Mapping
from typing import Any

from .settings import Rule, Settings

logger = logging.getLogger(__name__)


def roles_for(claims: Mapping[str, Any], settings: Settings) -> tuple[str, ...]:
    """Return the roles of all rules that match, in their order, or the static ones when none does; empty denies.

    A rule that matches and grants nothing counts as a match, so that it takes the static roles away.
    """
    matched = [rule for rule in settings.rules or () if matches(rule, claims, split=settings.split_strings)]
    if not matched:
        return settings.static_roles
    return tuple(dict.fromkeys(role for rule in matched for role in rule.roles))


def matches(rule: Rule, claims: Mapping[str, Any], *, split: bool) -> bool:
    """Return whether the claim is the rule's value, or a list that has it.

    :param split: whether one of several words of a string is enough. Group names may have spaces, and whoever may
        choose the name of a group could add words to it: providers that send a list need no splitting.
    """
    claim = claims.get(rule.claim)
    found = False
    if rule.claim == "email" and claims.get("email_verified", True) is not True:
        # An address that nobody proved is a name the user chose; Kubernetes treats it the same way.
        logger.debug("rule on email: the address is not verified")
    elif isinstance(claim, str):
        words = claim.split()
        is_word = len(words) > 1 and rule.value in words
        found = claim == rule.value or (split and is_word)
        if is_word and not found:
            logger.warning(
                "rule %a: claim %a is one text that has it as a word, which is no match: let the provider send %s as a "
                "list, or set rbac.split_strings",
                rule.value,
                rule.claim,
                rule.claim,
            )
    elif isinstance(claim, list):
        found = any(isinstance(item, str) and item == rule.value for item in claim)
    logger.debug("rule %a in claim %a: %s; the claim is %.300a", rule.value, rule.claim, found, claim)
    return found
