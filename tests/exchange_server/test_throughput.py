"""That the measurement measures whole exchanges; no test here depends on how many there are."""

import pytest

from tests.exchange_server import throughput


@pytest.mark.long
@pytest.mark.required("wrk")
def test_every_exchange_that_is_counted_is_a_certificate_on_record() -> None:
    found = throughput.measure(seconds=2, connections=4)
    assert [one.scheme for one in found] == ["https", "http"]
    for one in found:
        assert one.rate > 0
        assert 0 < one.median <= one.slowest
        assert one.certificates >= one.rate * 0.5


@pytest.mark.required("wrk")
def test_a_refusal_is_no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ten tokens a second they come again, and a server that takes a token once refuses them."""
    monkeypatch.setattr(throughput, "FASTEST", 10)
    with pytest.raises(throughput.NotWholeError, match="certificates"):
        throughput.measure(seconds=1, connections=4)
