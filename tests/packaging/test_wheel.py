"""What is published is the command alone, and it works where nothing else is."""

import asyncio
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest

from builders import THREAD
from shared import __version__
from shared.formats.site_search.writer import SCRIPTS
from verifying import small_world, write

ROOT = Path(__file__).parents[2]
MADE_OF = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")
DATA = (
    "formats/page/page.css",
    "formats/page/page.js",
    "cli/report.css",
    *(f"formats/site_search/{name}" for name in SCRIPTS),
)
NAME = f"acs_chat_archiver-{__version__}"


def run(*command, cwd):
    """Run a command that knows nothing of this repository; return what it did."""
    ours = ("CHAT_", "ACS_", "PYTHON", "VIRTUAL_ENV")
    return subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith(ours)},
        capture_output=True,
        check=False,
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Return a folder with what `python -m build` makes, of a copy of the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in MADE_OF:
        shutil.copy(ROOT / name, source)
    for name in ("shared", "local"):  # one that belongs in it, one that does not
        shutil.copytree(
            ROOT / name,
            source / name,
            ignore=shutil.ignore_patterns("__pycache__", "node_modules"),
        )
    done = run(sys.executable, "-m", "build", cwd=source)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return source / "dist"


@pytest.fixture(scope="module")
def wheel(published):
    return published / f"{NAME}-py3-none-any.whl"


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return the command in an environment that has nothing but the wheel."""
    folder = tmp_path_factory.mktemp("user")
    assert run(sys.executable, "-m", "venv", "v", cwd=folder).returncode == 0
    scripts = folder / "v" / ("Scripts" if os.name == "nt" else "bin")
    done = run(scripts / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr.decode()
    return scripts / "chat-archive"


@pytest.fixture(scope="module")
def answer(installed, tmp_path_factory):
    """Run the installed command beside an archive; return what it says."""
    folder = tmp_path_factory.mktemp("reader")
    write(folder / "archive", dict(asyncio.run(small_world()).archive.files))

    def answer(*words, status=0):
        done = run(installed, *words, cwd=folder)
        assert done.returncode == status, done.stderr.decode()
        return done.stdout.decode("utf-8")

    answer.folder = folder
    return answer


def test_the_wheel_holds_the_package_and_the_command_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entries = archive.read(f"{NAME}.dist-info/entry_points.txt").decode()

    assert {name.partition("/")[0] for name in names} == {"shared", f"{NAME}.dist-info"}
    assert {f"shared/{name}" for name in DATA} <= names
    ours = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("shared/**/*.py")}
    assert {name for name in names if name.endswith(".py")} == ours
    assert entries.split() == [
        "[console_scripts]",
        "chat-archive",
        "=",
        "shared.cli.main:main",
    ]


def test_the_wheel_says_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        said = BytesParser().parsebytes(archive.read(f"{NAME}.dist-info/METADATA"))

    assert said["Version"] == __version__
    assert said["License-Expression"] == "MIT"
    assert said.get_all("License-File") == ["LICENSE"]
    assert said.get_all("Provides-Extra") == ["parquet", "xlsx", "fsspec", "mcp", "ai",
                                            "timestamp"]  # fmt: skip
    assert said["Description-Content-Type"] == "text/markdown"


def test_the_source_distribution_makes_the_same_wheel(published):
    with tarfile.open(published / f"{NAME}.tar.gz") as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]

    assert not [name for name in names if name.startswith(("tests", "local"))]
    assert {f"shared/{name}" for name in DATA} <= set(names)


def test_the_command_needs_nothing_of_the_app(installed):
    done = run(installed.with_name("python"), "-m", "pip", "list", cwd=installed.parent)

    assert b"acs-chat-archiver" in done.stdout
    for name in (b"azure-functions", b"azure-monitor", b"pytest", b"pyarrow"):
        assert name not in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--help", "Work with the archives"),
        ("--version", __version__),
        ("formats", "html"),
        ("list archive", THREAD[:20]),
        (f"show {THREAD} archive", THREAD),
        (f"cat {THREAD} archive", "👩"),
        ("verify archive", "VERIFIED 2 threads"),
        ("backfill --help", "--users"),
    ],
)
def test_the_installed_command_reads_an_archive(answer, words, said):
    assert said in answer(*words.split())


def test_the_installed_command_reports_on_an_archive(answer):
    answer(
        *["report", "archive", "--format", "html", "--output", "page.html"], status=1
    )

    assert "<style>" in (answer.folder / "page.html").read_text("utf-8")


def test_the_installed_command_exports_an_archive(answer):
    answer("export", "archive", "--format", "md", "--format", "html", "--output", "out")

    (page,) = answer.folder.glob("out/thread=*acsV1_a*/**/*.md")
    assert "hello" in page.read_text("utf-8")
