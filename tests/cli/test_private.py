"""What is written is the user's alone, and no password leaves an address."""

import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from builders import FIRST_ID, THREAD
from shared.bootstrap.address import without_secrets

ROOT = Path(__file__).parents[2]
WHY = ("--reason", "case 7")
SECRET = "pa55word"


@pytest.fixture(autouse=True)
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder):
    return {
        path.relative_to(folder.parent): stat.S_IMODE(path.stat().st_mode)
        for path in (folder, *folder.rglob("*"))
    }


def assert_private(folder):
    found = modes(folder)
    assert found
    for path, mode in found.items():
        is_folder = (folder.parent / path).is_dir()
        assert mode == (0o700 if is_folder else 0o600), path


def test_an_export_is_the_users_alone(run, folder, tmp_path):
    run("export", folder, "--format", "md", "--output", "deep/out")

    assert_private(tmp_path / "deep")


def test_a_package_is_the_users_alone(run, folder, tmp_path):
    run("export", folder, "--package", "given", "--all", *WHY)
    run("export", folder, "--package", "given.zip", "--all", *WHY)

    assert_private(tmp_path / "given")
    assert stat.S_IMODE((tmp_path / "given.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "given.zip") as file:
        names = {info.filename for info in file.infolist()}
    given = tmp_path / "given"
    assert names == {
        f"given/{p.relative_to(given)}" for p in given.rglob("*") if p.is_file()
    }


def test_a_proof_is_the_users_alone(run, folder, tmp_path):
    run("prove", THREAD, FIRST_ID, folder, "--output", "proof.json")

    assert stat.S_IMODE((tmp_path / "proof.json").stat().st_mode) == 0o600


def test_what_an_erasure_and_a_hold_write_is_the_users_alone(run, folder, tmp_path):
    before = modes(folder)

    run("hold", "add", folder, "--thread", THREAD, *WHY)
    hold = run("hold", "list", folder).split()[0]
    run("hold", "remove", hold, folder, *WHY)
    run("erase", folder, "--message", FIRST_ID, *WHY, "--execute")

    new = {path: mode for path, mode in modes(folder).items() if path not in before}
    assert set(new.values()) == {0o600}
    assert_private(tmp_path / f"{folder.name}-control")


@pytest.mark.parametrize("name", ["given", "given.zip"])
def test_what_a_killed_packing_left_is_removed_by_the_next(run, folder, tmp_path, name):
    slow = (
        "import asyncio, shared.usecases.reading.package as package\n"
        "async def sleep(*_): await asyncio.sleep(60)\n"
        "package.Package.put_own = sleep\n"
        "from shared.cli.main import main\nmain()"
    )
    arguments = ["export", folder, "--package", name, "--all", *WHY]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", slow, *arguments], cwd=tmp_path, env=env
    )
    left = tmp_path / f".packing-{name}"
    deadline = time.monotonic() + 30
    while not list(left.rglob("manifest.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    busy = run(*arguments, status=2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "being made by another process" in busy
    assert list(left.rglob("manifest.json"))
    assert not (tmp_path / name).exists()

    run(*arguments)

    assert not left.exists()
    assert (tmp_path / name).exists()


def test_a_packing_that_fails_leaves_nothing(run, folder, tmp_path, monkeypatch):
    async def fail(*_):
        raise OSError

    monkeypatch.setattr("shared.usecases.reading.package.Package.put_own", fail)

    run("export", folder, "--package", "given", "--all", *WHY, status=2)

    assert {path.name for path in tmp_path.iterdir()} == {folder.name}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("s3://bucket/a/b", "s3://bucket/a/b"),
        ("s3://id:pa55word@bucket/a", "s3://bucket/a"),
        ("s3://id:pa55/word@bucket/a", "s3://bucket/a"),
        ("sftp://dana:p@55word@host:22/a@b", "sftp://host:22/a@b"),
        ("sftp://pa55word@host/a", "sftp://host/a"),
        ("abfs://box@acme.dfs.core.windows.net/a", "abfs://box@acme.dfs.core.windows.net/a"),
        ("abfs://box:pa55word@acme.net/a", "abfs://acme.net/a"),
        ("simplecache::s3://id:pa55word@bucket/a", "simplecache::s3://bucket/a"),
        ("zip://a.zip::ftp://u:pa55word@host/a", "zip://a.zip::ftp://host/a"),
        ("https://acme.blob.core.windows.net/box?sv=1&sig=pa55word", "https://acme.blob.core.windows.net/box"),
        ("https:/acme.blob.core.windows.net/box?sig=pa55word", "https:/acme.blob.core.windows.net/box"),
        ("https://u:pa55word@[::1]/x", "https://[::1]/x"),
        ("gs://bucket/a#pa55word", "gs://bucket/a"),
        ("file:///srv/archive", "file:///srv/archive"),
        ("/srv/a@b/archive", "/srv/a@b/archive"),
        ("", ""),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_what_is_secret(address, shown):
    assert without_secrets(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        f"memory://user:{SECRET}@nowhere/archive",
        f"nothing://user:{SECRET}@host/archive",
        f"sftp://user:{SECRET}@127.0.0.1:9/archive",
        f"ftp://user:{SECRET}@127.0.0.1:x/archive",
        f"ftp://user:{SECRET}@[127.0.0.1/archive",
        f"https://acme.blob.core.windows.net?sig={SECRET}",
        f"https:/acme.blob.core.windows.net/box?sig={SECRET}",
        f"http://user:{SECRET}@127.0.0.1:9/account/box",
        f"http://127.0.0.1:9/account/box?sig={SECRET}",
    ],
)
@pytest.mark.parametrize("look", [("verify",), ("list",), ("checkpoint",)])
def test_no_message_says_a_password(run, address, look, caplog):
    status = 0 if look == ("checkpoint",) and address.startswith("memory") else None

    text = run(*look, address, status=status)

    assert SECRET not in text
    assert SECRET not in caplog.text


def test_no_checkpoint_and_no_package_holds_a_password(run, files, tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    for path, data in files.items():
        memory.pipe_file(f"/nowhere/archive/{path}", data)
    address = f"memory://user:{SECRET}@nowhere/archive?key={SECRET}"
    where = memory._strip_protocol(address)
    for path, data in files.items():
        memory.pipe_file(f"{where}/{path}", data)

    assert SECRET not in run("checkpoint", address)
    assert SECRET not in run(
        "checkpoint", address, "--origin", f"s3://user:{SECRET}@bucket"
    )
    assert SECRET not in run("prove", THREAD, FIRST_ID, address, "--output", "proof")
    run("export", address, "--package", "given", "--all", *WHY)

    everything = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()]
    assert len(everything) > 10
    assert not [data for data in everything if SECRET.encode() in data]
