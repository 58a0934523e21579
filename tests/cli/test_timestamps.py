"""A checkpoint with a time stamp: asked for, kept beside it, and checked."""

from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builders import FIRST_ID, THREAD
from local.timestamp_authority import name, timestamp_authority


@pytest.fixture
def authority(tmp_path):
    with timestamp_authority() as authority:
        (tmp_path / "root.pem").write_bytes(authority.root_pem)
        yield authority


@pytest.fixture
def stamped(run, folder, authority):
    run("checkpoint", folder, "--output", "c.txt", "--timestamp", authority.address)
    return folder


def test_a_time_stamp_is_checked(run, stamped, tmp_path):
    out = run("verify", stamped, "--checkpoint", "c.txt", "--timestamp-ca", "root.pem")
    assert "VERIFIED" in out
    assert "the checkpoint was there on 20" in out
    assert "says CN=Local authority" in out


def test_without_roots_it_is_said_that_it_was_not_checked(run, stamped):
    out = run("verify", stamped, "--checkpoint", "c.txt")
    assert "the time stamp was not checked: --timestamp-ca" in out
    assert "VERIFIED" in out


def test_a_stamp_of_another_checkpoint_fails(run, stamped, tmp_path):
    text = (tmp_path / "c.txt").read_text()
    (tmp_path / "c.txt").write_text(text.replace("chat-archive", "other-name", 1))
    for more in ((), ("--timestamp-ca", "root.pem")):
        out = run("verify", stamped, "--checkpoint", "c.txt", *more, status=1)
        assert "it is a time stamp of other bytes" in out


def test_an_authority_that_nobody_trusts_fails(run, stamped, tmp_path):
    with timestamp_authority() as other:
        (tmp_path / "other.pem").write_bytes(other.root_pem)
    out = run(
        "verify", stamped, "--checkpoint", "c.txt", "--timestamp-ca", "other.pem",
        status=1,
    )  # fmt: skip
    assert "no authority that is trusted has signed it" in out


@pytest.mark.parametrize("at", range(10, 700, 97))
def test_any_byte_that_was_changed_fails(run, stamped, tmp_path, at):
    file = tmp_path / "c.txt.tsr"
    data = bytearray(file.read_bytes())
    data[at % len(data)] ^= 1
    file.write_bytes(data)
    out = run(
        "verify", stamped, "--checkpoint", "c.txt", "--timestamp-ca", "root.pem",
        status=None,
    )  # fmt: skip
    assert "the checkpoint was there on" not in out or data == b""
    assert "Traceback" not in out


def test_where_roots_are_named_a_stamp_has_to_be_there(run, stamped, tmp_path):
    (tmp_path / "c.txt.tsr").unlink()
    run("verify", stamped, "--checkpoint", "c.txt")
    out = run(
        "verify", stamped, "--checkpoint", "c.txt", "--timestamp-ca", "root.pem",
        status=1,
    )  # fmt: skip
    assert "there is no time stamp" in out
    (tmp_path / "c.txt.tsr").write_bytes(b"")
    out = run("verify", stamped, "--checkpoint", "c.txt", status=1)
    assert "it is no time stamp" in out


def test_an_authority_that_refuses_leaves_no_file(run, folder, authority, tmp_path):
    authority.status = 2
    arguments = ("checkpoint", folder, "--output", "c.txt", "--timestamp")
    out = run(*arguments, authority.address, status=2)
    assert "The authority refused it" in out
    authority.status = 1
    out = run(*arguments, authority.address, status=2)
    assert "The authority refused it" in out
    authority.status, authority.other_bytes = 0, True
    out = run(*arguments, authority.address, status=2)
    assert "other bytes" in out
    authority.other_bytes, authority.other_nonce = False, True
    out = run(*arguments, authority.address, status=2)
    assert "the answer to another request" in out
    out = run(*arguments, "http://127.0.0.1:1/", status=2)
    assert "did not answer" in out
    out = run(*arguments, "no address", status=2)
    assert "did not answer" in out
    assert not (tmp_path / "c.txt").exists()
    assert "--output" in run("checkpoint", folder, "--timestamp", "http://x", status=2)


def test_only_a_digest_is_sent(run, folder, monkeypatch, authority, tmp_path):
    queries = []
    answer = type(authority).answer
    monkeypatch.setattr(
        type(authority), "answer", lambda self, q: queries.append(q) or answer(self, q)
    )
    run("checkpoint", folder, "--output", "c.txt", "--timestamp", authority.address)
    (query,) = queries
    assert len(query) < 120
    assert b"chat-archive" not in query


def test_nobody_signs_in_the_name_of_another(run, folder, authority):
    """A certificate that only stands beside says nothing of who has signed."""
    authority.more_certificates = [
        authority.signed(name("Somebody great"), authority.root_key, is_root=False)
    ]
    run("checkpoint", folder, "--output", "c.txt", "--timestamp", authority.address)
    out = run("verify", folder, "--checkpoint", "c.txt", "--timestamp-ca", "root.pem")
    assert "says CN=Local authority" in out


def expired(authority):
    authority.days = (-9, -1)


def not_yet(authority):
    authority.days = (1, 9)


def other_use(authority):
    authority.use = ExtendedKeyUsageOID.CODE_SIGNING


@pytest.mark.parametrize("spoil", [expired, not_yet, other_use])
def test_a_certificate_that_may_not_give_it_fails(run, folder, authority, spoil):
    spoil(authority)
    authority.__post_init__()
    Path("root.pem").write_bytes(authority.root_pem)
    run("checkpoint", folder, "--output", "c.txt", "--timestamp", authority.address)
    out = run(
        "verify", folder, "--checkpoint", "c.txt", "--timestamp-ca", "root.pem",
        status=1,
    )  # fmt: skip
    assert "no authority that is trusted has signed it" in out


@pytest.mark.parametrize("answer", [b"", b"<html>busy</html>", b"0\x030\x01\x00"])
def test_what_is_no_answer_of_an_authority_leaves_no_file(
    run, folder, monkeypatch, authority, tmp_path, answer
):
    monkeypatch.setattr(type(authority), "answer", lambda *_: answer)
    arguments = ("checkpoint", folder, "--output", "c.txt", "--timestamp")
    assert "It is no time stamp" in run(*arguments, authority.address, status=2)
    assert not (tmp_path / "c.txt").exists()


def test_whom_to_trust_is_of_no_use_without_a_checkpoint(run, stamped):
    out = run("verify", stamped, "--timestamp-ca", "root.pem", status=2)
    assert "give --checkpoint with --timestamp-ca" in out


def test_a_proof_is_checked_against_a_stamped_checkpoint_too(run, stamped, tmp_path):
    run("prove", THREAD, FIRST_ID, stamped, "--output", "p.json")
    given = ("verify", "p.json", "--checkpoint", "c.txt")
    assert "was not checked" in run(*given)
    out = run(*given, "--timestamp-ca", "root.pem")
    assert "says CN=Local authority" in out
    (tmp_path / "c.txt.tsr").write_bytes(b"x")
    for more in ((), ("--timestamp-ca", "root.pem")):
        out = run(*given, *more, status=1)
        assert "it is no time stamp" in out
        assert "VERIFIED" not in out
