from shared.domain.log.event import Kind
from shared.domain.thread.participants import reader_candidates
from shared.domain.thread.transcript import Change, Participant


def participant(name, *, present=None, since="", came="", left=""):
    changes = [(came, Kind.PARTICIPANT_ADDED), (left, Kind.PARTICIPANT_REMOVED)]
    return Participant(
        id=f"8:acs:r_{name}",
        display_name=name,
        present=present,
        share_history_time=since,
        history=tuple(Change(kind=kind, on=on, by="") for on, kind in changes if on),
    )


def names(configured, *people):
    return [one.rpartition("_")[2] for one in reader_candidates(configured, people)]


def test_the_configured_archiver_comes_first():
    assert names(["8:acs:r_archiver"], participant("a")) == ["archiver", "a"]


def test_who_may_see_most_comes_before_who_may_see_less():
    late, early = participant("a", since="2026-02"), participant("b", since="2026-01")

    assert names([], late, early) == ["b", "a"]


def test_who_came_first_is_asked_first():
    assert names([], participant("b", came="2"), participant("a", came="1")) == [
        "a",
        "b",
    ]


def test_who_has_left_is_asked_last():
    left = participant("a", came="1", left="2")
    gone = participant("b", came="1", present=False)
    here = participant("c", came="3", left="4", present=True)

    assert names([], left, gone, here) == ["c", "a", "b"]


def test_nobody_can_act_for_a_phone_or_a_teams_user():
    people = [
        Participant(
            id=id, display_name="", present=None, share_history_time="", history=()
        )
        for id in ("4:+15550100", "8:orgid:x", "28:bot", "8:gcch-acs:r_gov")
    ]

    assert reader_candidates([], people) == ("8:gcch-acs:r_gov",)
