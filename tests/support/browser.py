"""A headless Chromium, offline but for what a test allows it to open."""

from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from playwright.async_api import async_playwright

from local.chromium import AXE, CHROMIUM, environment

MISSING = f"there is no browser at {CHROMIUM}: `python -m local.chromium` brings it"


class Tab:
    """A page under test: what it asked for elsewhere, and what it complained of."""

    def __init__(self, page, origin):
        self.page = page
        self.origin = origin
        self.elsewhere = []
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self.note)
        # No route sees these, and no page has any.
        page.on("websocket", lambda socket: self.elsewhere.append(socket.url))

    def note(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    async def decide(self, route):
        if route.request.url.startswith(self.origin):
            await route.continue_()
        else:
            self.elsewhere.append(route.request.url)
            await route.abort()

    async def violations(self):
        """Return what axe-core finds, each with the first element that has it."""
        # As an isolated script, past the page's own policy.
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run(document, {preload: false})")
        return [
            f"{each['id']}: {each['nodes'][0]['html'][:100]}"
            for each in found["violations"]
        ]


@asynccontextmanager
async def tab(url, *, origin=None, scheme="light", scripts=True, **options):
    """Open an address in a browser of its own; fail on any request elsewhere.

    `origin` is what addresses have to begin with; by default what the address itself
    does: its folder for a file, its host for http.
    """
    assert CHROMIUM.exists(), MISSING
    parts = urlsplit(url)
    near = (
        url.rpartition("/")[0] + "/"
        if parts.scheme == "file"
        else f"{parts.scheme}://{parts.netloc}/"
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, chromium_sandbox=False, env=environment()
        )
        context = await browser.new_context(
            color_scheme=scheme, java_script_enabled=scripts, **options
        )
        page = await context.new_page()
        opened = Tab(page, origin or near)
        await context.route("**/*", opened.decide)
        await page.goto(url)
        yield opened
        await browser.close()
    assert opened.elsewhere == [], "a page asked elsewhere"
    assert opened.errors == []
