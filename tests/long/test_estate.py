"""A big estate with everything that there can be, from the plan to the proof."""

import pytest
from estate_journey import STEPS, journey

pytestmark = [pytest.mark.long, pytest.mark.e2e]


@pytest.mark.timeout(1800)
def test_every_number_of_a_big_estate_is_true_after_two_kills(tmp_path, seed):
    with journey(tmp_path, users=300, threads=3000, seed=seed, longest=900) as estate:
        estate.go(STEPS)
