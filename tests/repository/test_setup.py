"""Setting up, before anything is installed and on whatever Python there is."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import setup

ROOT = Path(__file__).parents[2]
BEFORE_ANYTHING = ("local/__init__.py", "local/setup.py", "local/test.py")
BEFORE_ANYTHING += ("local/demo/__init__.py", "local/demo/__main__.py")
VERBS = ("setup", "demo", "test")


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_pythons_that_will_do(version):
    assert setup.wrong_python(version) == ""


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (3, 15), (4, 0)])
def test_another_python_hears_how_to_name_one_that_will_do(version):
    said = setup.wrong_python(version)

    assert "Python 3.11 to 3.14 is needed, and this is {}.{}".format(*version) in said
    assert "make setup PYTHON=python3.13" in said
    assert "py -3.13 -m local.setup" in said


@pytest.mark.parametrize("name", BEFORE_ANYTHING)
def test_an_old_python_can_read_what_tells_it_that_it_is_old(name):
    tree = ast.parse((ROOT / name).read_text("utf-8"), feature_version=(3, 7))

    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.partition(".")[0] for name in imported} <= {
        *sys.stdlib_module_names,
        "local",
    }
    assert {name for name in imported if name.startswith("local")} <= {"local.setup"}


def test_setup_takes_the_pythons_that_the_package_takes():
    project = (ROOT / "pyproject.toml").read_text("utf-8")

    oldest, newest = setup.OLDEST, setup.NEWEST
    assert f'requires-python = ">=3.{oldest[1]},<3.{newest[1] + 1}"' in project
    for minor in range(oldest[1], newest[1] + 1):
        assert f"Programming Language :: Python :: 3.{minor}" in project


def test_what_is_set_up_is_left_alone(tmp_path, capfd):
    (tmp_path / setup.STAMP).write_text(setup.digest_of_inputs())

    assert setup.set_up(tmp_path) == 0
    assert capfd.readouterr() == ("", "")
    assert [file.name for file in tmp_path.iterdir()] == [setup.STAMP]


def test_setup_says_that_there_is_nothing_to_do_and_which_python_there_is(
    tmp_path, capsys, monkeypatch
):
    (tmp_path / setup.STAMP).write_text(setup.digest_of_inputs())
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    monkeypatch.setenv("VENV", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["local.setup"])

    assert setup.main() == 0
    assert capsys.readouterr().out == f"{tmp_path} is up to date, with Python 3.12.1.\n"


def test_what_was_set_up_from_other_files_is_not_ready(tmp_path):
    (tmp_path / setup.STAMP).write_text("of another lock")

    assert not setup.is_ready(tmp_path)
    assert not setup.is_ready(tmp_path / "nothing")


def test_an_environment_whose_python_is_gone_is_made_new_and_nothing_else_is(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    python = setup.python_of(tmp_path)

    assert setup.create(tmp_path) == 0
    assert python.exists()
    assert (tmp_path / "letter.txt").exists()

    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert setup.create(tmp_path) == 0
    assert python.exists()


def test_the_environment_is_what_venv_names(tmp_path, monkeypatch):
    monkeypatch.setenv("VENV", ".venv-3.13")
    assert setup.environment() == ROOT / ".venv-3.13"

    monkeypatch.delenv("VENV")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert setup.environment() == ROOT / ".venv"

    (tmp_path / setup.STAMP).touch()
    assert setup.environment() == tmp_path


def test_the_tests_run_without_make(tmp_path):
    """In the environment of these tests, from another folder."""
    done = subprocess.run(
        [sys.executable, "-m", "local.test", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "pytest" in done.stdout + done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_make_calls_what_runs_without_it(verb):
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(f"{verb}:"))

    assert lines[at + 1] == f"\t@$(PYTHON) -m local.{verb}"
