"""A page of what a model said of a thread, each citation a link to its message.

It stands beside the pages of the thread, and is never one of them: those are rendered
from the archive alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.insights.insights import Citation, Insights
from shared.domain.thread.messages import message_order
from shared.domain.words import plural
from shared.formats.html_head import SITE_POLICY
from shared.formats.html_message import anchor
from shared.formats.html_pages import page_name, page_of
from shared.formats.one_line import one_line, readable
from shared.ports.archive_index import Filter, IndexReader
from shared.ports.indexed import IndexedMessage
from shared.usecases.reading.site.pages import template, topic_of
from shared.usecases.reading.site.thread_pages import INSIGHTS_PAGE

LONGEST_TITLE = 200
TITLES = {
    "summary": "Summary",
    "actions": "Open actions",
    "labels": "Labels",
    "personal_data": "Personal data",
}


@dataclass(frozen=True, slots=True)
class InsightPages:
    """Makes the pages of insights, from an index."""

    index: IndexReader

    def page(self, insights: Insights) -> bytes:
        """Return the page of insights that hold."""
        thread_id = insights.thread_id
        ids = sorted(self.index.message_ids(thread_id), key=message_order)
        places = {each: place for place, each in enumerate(ids)}
        text = template(INSIGHTS_PAGE).render(
            policy=SITE_POLICY,
            title=self.title(thread_id),
            model=one_line(f"{insights.deployment} ({insights.model})"),
            made_on=insights.made_on[:16].replace("T", " "),
            messages=plural(insights.messages, "message"),
            revision=insights.revision,
            dropped=dropped_in(insights),
            missing=insights.missing,
            sections=[
                {
                    "name": name,
                    "title": title,
                    "statements": [
                        {
                            "text": one_line(statement.text),
                            "citations": [
                                self.shown(citation, places)
                                for citation in statement.citations
                            ],
                        }
                        for statement in insights.sections[name]
                    ],
                }
                for name, title in TITLES.items()
                if insights.sections[name]
            ],
        )
        return readable(text).encode()

    def title(self, thread_id: str) -> str:
        for facts in self.index.threads(Filter(threads=(thread_id,)), limit=1):
            topic = topic_of(facts) or facts.thread_id
            is_long = len(topic) > LONGEST_TITLE
            return topic[:LONGEST_TITLE] + "…" if is_long else topic
        return thread_id

    def shown(
        self, citation: Citation, places: Mapping[str, int]
    ) -> Mapping[str, object]:
        """Return a citation as the page has it: who said so, when, and where."""
        message = self.index.message(citation.thread_id, citation.message_id)
        if message is None:
            raise LookupError(citation.message_id)
        page = page_name(page_of(places[citation.message_id]))
        return {
            "quote": readable(citation.quote),
            "who": message.sender.name or message.sender.raw_id or "system",
            "when": message.created_on[:16].replace("T", " ") or "time unknown",
            "link": f"{page}#{anchor(citation.message_id)}",
            "version": version_in_words(citation, message),
        }


def version_in_words(citation: Citation, message: IndexedMessage) -> str:
    """Return which version is cited; "" where there is only one."""
    versions: Sequence[int] = [version.version for version in message.versions]
    if len(versions) == 1:
        return ""
    place = versions.index(citation.version) + 1
    later = ", changed later" if place < len(versions) else ""
    return f", version {place} of {len(versions)}{later}"


def dropped_in(insights: Insights) -> str:
    if not insights.dropped.statements and not insights.dropped.citations:
        return ""
    return (
        f"dropped: {plural(insights.dropped.statements, 'statement')} without a quote "
        f"that holds, {plural(insights.dropped.citations, 'citation')} that did not"
    )
