"""Progress is a line a minute where there is no terminal, and nothing for programs."""

import pytest

from shared.cli import progress
from shared.domain.inventory.facts import ThreadFound, UserMet
from shared.domain.inventory.state import Inventory


@pytest.fixture
def inventory():
    inventory = Inventory()
    inventory.apply(UserMet("8:acs:a", "users.txt"))
    inventory.apply(ThreadFound("19:one", "8:acs:a"))
    return inventory


def test_a_pipe_gets_a_line_when_it_is_time(inventory, capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)

    with progress.backfill_bars(silent=False) as show:
        show(inventory)

    assert "0 of 1 users asked, 0 of 1 threads done" in capsys.readouterr().err


@pytest.mark.parametrize(("silent", "every"), [(True, 0.0), (False, 60.0)])
def test_programs_and_the_impatient_get_nothing(
    inventory, capsys, monkeypatch, silent, every
):
    monkeypatch.setattr(progress, "LINE_EVERY", every)

    with progress.backfill_bars(silent=silent) as show:
        show(inventory)

    assert capsys.readouterr().err == ""
