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
BEFORE_ANYTHING += ("local/up/__init__.py", "local/up/__main__.py")
VERBS = ("setup", "demo", "up", "test")


def set_up_in(folder):
    """Make what looks like an environment that is up to date, with a Python."""
    python = setup.python_of(folder)
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (folder / setup.STAMP).write_text(setup.stamp_of(folder))


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

    # An old Python fails at `tuple[int, ...] | None` when it defines the function.
    evaluated = [
        annotation
        for node in ast.walk(tree)
        for annotation in (
            getattr(node, "returns", None), getattr(node, "annotation", None)
        )
        if annotation is not None
    ]  # fmt: skip
    assert all(isinstance(one, ast.Name | ast.Constant) for one in evaluated)
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
    set_up_in(tmp_path)
    before = sorted(file.name for file in tmp_path.iterdir())

    assert setup.set_up(tmp_path) == 0
    assert capfd.readouterr() == ("", "")
    assert sorted(file.name for file in tmp_path.iterdir()) == before


def test_setup_says_that_there_is_nothing_to_do_and_which_python_there_is(
    tmp_path, capsys, monkeypatch
):
    set_up_in(tmp_path)
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    monkeypatch.setattr(setup, "version_of", lambda _: (3, 12))
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


@pytest.mark.parametrize("named", ["", ".", "..", "tests"])
def test_no_environment_is_made_of_what_holds_something_else(named, monkeypatch, capfd):
    monkeypatch.setenv("VENV", named)
    monkeypatch.setattr(setup, "create", lambda venv: pytest.fail(f"{venv} is cleared"))
    monkeypatch.setattr(sys, "prefix", "/nowhere")
    venv = setup.environment()
    if not named:
        assert venv == ROOT / ".venv"
        return

    assert setup.set_up(venv) == 1
    assert "holds something else" in capfd.readouterr().err


def test_a_blank_home_sign_is_the_home(monkeypatch):
    monkeypatch.setenv("VENV", "~/x")

    assert setup.environment() == Path.home() / "x"


def made(monkeypatch):
    """Let setup note what it would do, in place of doing it."""
    done = []
    monkeypatch.setattr(setup, "create", lambda _: done.append("create") or 0)
    monkeypatch.setattr(setup, "run", lambda _: done.append("install") or 0)
    return done


def test_half_an_environment_is_made_again(tmp_path, monkeypatch):
    """It has a Python and no pip yet: somebody killed the first setup."""
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\n")
    done = made(monkeypatch)
    monkeypatch.setattr(setup, "version_of", lambda _: None)

    assert setup.set_up(tmp_path) == 0
    assert done == ["create", "install"]


def test_an_environment_of_an_old_python_is_made_again(tmp_path, monkeypatch):
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\n")
    done = made(monkeypatch)
    monkeypatch.setattr(setup, "version_of", lambda _: (3, 10))

    assert setup.set_up(tmp_path) == 0
    assert done == ["create", "install"]


def test_one_that_was_moved_is_made_again(tmp_path, monkeypatch):
    set_up_in(tmp_path / "old")
    (tmp_path / "old" / "pyvenv.cfg").touch()
    (tmp_path / "old").rename(tmp_path / "new")
    done = made(monkeypatch)

    assert not setup.is_ready(tmp_path / "new")
    assert setup.set_up(tmp_path / "new") == 0
    assert done == ["create", "install"]


def test_one_whose_python_is_gone_is_not_ready(tmp_path):
    set_up_in(tmp_path)
    setup.python_of(tmp_path).unlink()
    setup.python_of(tmp_path).symlink_to(tmp_path / "gone")

    assert not setup.is_ready(tmp_path)
    assert setup.version_of(tmp_path) is None
