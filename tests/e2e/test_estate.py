"""An estate with everything that there can be, from the plan to the proof."""

from estate_journey import STEPS, journey


def test_every_number_of_a_small_estate_is_true_after_two_kills(tmp_path):
    with journey(tmp_path, users=20, threads=60, seed=1) as estate:
        estate.go(STEPS)
