"""The head of a page: what the thread is, how far it can be relied on, the tools."""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files as resources

from shared.domain.people import PeopleDirectory
from shared.domain.thread.message import CHECKED
from shared.domain.thread.transcript import Change, Participant, Transcript
from shared.domain.words import plural
from shared.formats.about import about, grade_in_words
from shared.formats.html_message import time_of
from shared.formats.names import Names
from shared.formats.one_line import one_line
from shared.formats.plain import erased_note, title, when

SITE_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "img-src 'self' file:; style-src 'self' file:; script-src 'self' file:"
)
"""Of a page in a site: from file:// Chromium takes only `file:` for its own files."""
STYLE, SCRIPT = "page.css", "page.js"
TOOLS = """\
<div id="tools" role="search" hidden>
<label>Search this page <input type="search" autocomplete="off" spellcheck="false">\
</label> <button type="button" data-walk="-1" aria-label="Previous hit">↑</button>
<button type="button" data-walk="1" aria-label="Next hit">↓</button>
<label>Person <select data-filter="by"><option value="">everybody</option>{people}\
</select></label>
<label>Show <select data-filter="kind"><option value="">all messages</option>\
<option value="edited">edited</option><option value="deleted">deleted</option>\
<option value="has-files">with files</option></select></label>
<label><input type="checkbox" data-local> local times</label>
<span role="status"></span></div>
"""


@cache
def asset(name: str) -> str:
    """Return the style or the script of pages."""
    return resources("shared.formats.page").joinpath(name).read_text("utf-8")


@cache
def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def head(
    transcript: Transcript,
    *,
    name: str,
    site: str,
    shows_pictures: bool,
    has_script: bool,
) -> str:
    """Return what stands before the body; `site` is where a site's files are, or ""."""
    if site:
        policy = SITE_POLICY
        style = f'<link rel="stylesheet" href="{site}{STYLE}">'
    else:
        policy = (
            "default-src 'none'; base-uri 'none'; form-action 'none'; "
            + ("img-src 'self'; " if shows_pictures else "")
            + f"style-src 'sha256-{digest(asset(STYLE))}'; "
            f"script-src 'sha256-{digest(asset(SCRIPT))}'"
        )
        style = f"<style>{asset(STYLE)}</style>"
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">
<title>{escape(title(transcript))}{name}</title>
{style}</head><body>
<a class="skip" href="#messages">Skip to the messages</a>
"""


def script(site: str, *, has_script: bool) -> str:
    """Return what ends a page."""
    if not has_script:
        return "</body></html>\n"
    if site:
        return f'<script src="{site}{SCRIPT}"></script>\n</body></html>\n'
    return f"<script>{asset(SCRIPT)}</script>\n</body></html>\n"


def header(
    transcript: Transcript,
    called: Names,
    *,
    site: str,
    insights: str,
    jump: str,
    tools: str,
) -> str:
    """Return what stands above the messages."""
    links = [f'<a href="{site}index.html">All threads</a>'] if site else []
    links += [f'<a href="{insights}">What a model says of it</a>'] if insights else []
    back = f"<p>{' · '.join(links)}</p>\n" if links else ""
    return (
        f'<header>{back}<h1 dir="auto">{escape(title(transcript))}</h1>'
        f'{badge(transcript)}\n<p class="facts">{facts(transcript)}</p>\n'
        '<p class="facts" id="zone">All times are UTC.</p>\n'
        f"{details(transcript, called)}\n{jump}</header>\n{tools}"
    )


def tools_for(people: Iterable[tuple[int, str]]) -> str:
    """Return what the script searches with, and filters by who wrote on the page.

    `people` are the number and the name of each.
    """
    options = "".join(
        f'<option value="{number}">{escape(name)}</option>' for number, name in people
    )
    return TOOLS.format(people=options)


def badge(transcript: Transcript) -> str:
    """Return the grade with its reason beside it, and what may be missing."""
    grade, _, reason = grade_in_words(transcript).partition(": ")
    label = f"{escape(grade[:1].upper() + grade[1:])}{erased_note(transcript)}"
    quality = "good" if transcript.is_complete else "fair"
    beside = f" {escape(reason)}" if reason else ""
    unchecked = {
        name: count
        for name, count in transcript.outcomes.items()
        if count and name not in CHECKED
    }
    missing = [escape(gap.reason) for gap in transcript.gaps]
    missing += [
        f"{plural(count, 'message')}: {name.replace('_', ' ')}"
        for name, count in unchecked.items()
    ]
    shown = f'<strong class="badge {quality}">{label}</strong>{beside}'
    if transcript.is_complete or not missing:
        return f'<p class="grade">{shown}</p>'
    listed = "".join(f"<li>{words}</li>" for words in missing)
    return f'<p class="grade">{shown}</p><ul class="facts">{listed}</ul>'


def facts(transcript: Transcript) -> str:
    tally = transcript.tally
    return (
        f"{plural(len(transcript.messages), 'message')}, "
        f"{tally.baseline.edited} edited, "
        f"{tally.baseline.deleted} deleted · "
        f"created {time_of(transcript.created_on)}"
        + (
            f" · deleted {time_of(transcript.deleted_on)}"
            if transcript.deleted_on
            else ""
        )
    )


def details(transcript: Transcript, called: Names) -> str:
    people = "".join(
        f'<tr><th scope="row"><bdi>{escape(one_line(person.display_name) or "no name")}'
        f"</bdi>{known(called.people, person.id)}</th>"
        f"<td><code>{escape(one_line(person.id))}</code></td>"
        f"<td>{escape(stays(person))}</td></tr>"
        for person in transcript.participants
    )
    topics = "".join(
        f'<li>{when(change.on)}: <bdi dir="auto">{escape(set_to(change))}</bdi></li>'
        for change in transcript.topics
    )
    more = "".join(
        f'<dt>{escape(label)}</dt><dd dir="auto">{escape(words)}</dd>'
        for label, words in about(transcript, called)
    )
    return (
        "<details><summary>Participants, topics and more</summary><table><thead><tr>"
        '<th scope="col">Name</th><th scope="col">Id</th><th scope="col">History</th>'
        f"</tr></thead><tbody>{people}</tbody></table><ul>{topics}</ul>"
        + (f"<dl>{more}</dl>" if more else "")
        + f"<p>Thread <code>{escape(one_line(transcript.thread_id))}</code></p>"
        "</details>"
    )


def known(people: PeopleDirectory, who: str) -> str:
    """Return what the directory says of somebody, an entry a line; "" for nothing."""
    return "".join(
        f"<br><bdi>[{escape(one_line(', '.join(filter(None, said))))}]</bdi>"
        for each in people.by_id.get(who, ())
        if any(said := (each.name, each.user_id, each.mail, each.period))
    )


def set_to(change: Change) -> str:
    if change.topic is None:
        return "metadata changed" if change.metadata else "other properties changed"
    return one_line(change.topic) or "no topic"


def stays(participant: Participant) -> str:
    """Return when somebody joined and left, what they see, and their metadata."""
    words = [
        f"{change.kind.removeprefix('participant_')} {when(change.on)}"
        for change in participant.history
    ]
    if participant.share_history_time > "1971":
        words.append(f"sees it from {when(participant.share_history_time)}")
    words += [
        f"{one_line(key)}: {one_line(str(value))}"
        for key, value in sorted(participant.metadata.items())
    ]
    return "; ".join(words)
