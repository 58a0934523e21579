"""An archive in a folder, and the command as its users run it."""

import asyncio

import pytest
from click.testing import CliRunner

from shared.cli.main import main
from verifying import small_world, write


@pytest.fixture(scope="module")
def files():
    return dict(asyncio.run(small_world()).archive.files)


@pytest.fixture
def folder(files, tmp_path):
    write(tmp_path / "archive-copy", files)
    return tmp_path / "archive-copy"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAT_STORAGE", raising=False)

    def run(*arguments, status=0, **env):
        result = CliRunner(env=env).invoke(main, [str(one) for one in arguments])
        assert status is None or result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return result.output

    return run
