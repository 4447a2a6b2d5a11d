"""What is remembered of a context."""

import json
from dataclasses import replace

import pytest

from talos_cred import record
from talos_cred.checks import Known
from talos_cred.record import Record
from talos_cred.renewal import Validity

FULL = Record(
    "prod", {"server": "https://a", "max-role": ["os:reader"]}, "prod", "alice", "https://a",
    Known(("aa",), ("10.0.0.1",), ("os:reader",)), Validity(1.0, 2.0), "k", "t", "other",
)  # fmt: skip


@pytest.mark.parametrize("kept", [FULL, Record("oidc"), replace(FULL, validity=Validity(1, 2))])
def test_a_record_comes_back_as_it_was(kept: Record) -> None:
    assert record.read(record.render(kept)) == kept


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"context": 5}, {"options": []}, {"roles": "os:admin"}, {"endpoints": [1]},
        {"validity": [1]}, {"validity": "now"}, {"validity": [True, True]},
    ],
    ids=str,
)  # fmt: skip
def test_anything_else_is_no_record(change: dict[str, object]) -> None:
    members = {**json.loads(record.render(FULL)), **change}
    with pytest.raises(ValueError, match=r"without|version"):
        record.read(json.dumps(members).encode())
