"""What is said of a failed request holds nothing that came from outside."""

from types import SimpleNamespace

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from shared.adapters.storage.failures import as_transient, describe
from shared.domain.errors import Transient

SECRET = "AccountKey=secret; the body of a message"


def refused(status):
    """Return the SDK's error for an answer that repeats what it should not."""
    answer = SimpleNamespace(
        status_code=status, reason=SECRET, headers={"x": SECRET}, text=lambda: SECRET
    )
    return HttpResponseError(message=SECRET, response=answer)


@pytest.mark.parametrize(
    "error",
    [refused(403), refused(503), ServiceRequestError(SECRET)],
    ids=["forbidden", "busy", "no answer"],
)
def test_a_failure_is_described_without_anything_from_outside(error):  # P9
    with pytest.raises(Transient) as raised, as_transient("read a segment"):
        raise error

    assert str(raised.value) == f"read a segment: {describe(error)}"
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_refusal_says_what_to_look_at():
    assert "a role is missing" in describe(refused(403))
    assert "403" in describe(refused(403))
