from shared.domain.log.event import Kind
from shared.domain.thread.participants import reader_candidates
from shared.domain.thread.transcript import Change, Participant

AT = [f"2026-11-22T12:00:0{second}Z" for second in range(5)]


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
    late, early = participant("a", since=AT[2]), participant("b", since=AT[1])

    assert names([], late, early) == ["b", "a"]


def test_who_came_first_is_asked_first():
    assert names([], participant("b", came=AT[2]), participant("a", came=AT[1])) == [
        "a",
        "b",
    ]


def test_who_has_left_is_asked_last():
    left = participant("a", came=AT[1], left=AT[2])
    gone = participant("b", came=AT[1], present=False)
    here = participant("c", came=AT[3], left=AT[4], present=True)

    assert names([], left, gone, here) == ["c", "a", "b"]


def test_nobody_can_act_for_a_phone_or_a_teams_user():
    people = [
        Participant(
            id=id, display_name="", present=None, share_history_time="", history=()
        )
        for id in ("4:+15550100", "8:orgid:x", "28:bot", "8:gcch-acs:r_gov")
    ]

    assert reader_candidates([], people) == ("8:gcch-acs:r_gov",)
