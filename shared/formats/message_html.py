"""The html of messages: cleaned for a page, or read as plain text.

Rule 1: nothing that people read is lost: a picture leaves its alternative text, and
        what stands in a tag that is not kept stands there without the tag.
Rule 2: only links to absolute addresses stay. In a page that is opened from a folder
        a relative one reaches the files beside it, which others have sent.
Rule 3: nh3 parses, as a browser does; what it leaves is well-formed, so that it can be
        walked in one pass, however hostile the html was.
"""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any

Picture = Callable[[Mapping[str, str]], str]
"""The html in place of a picture with these attributes; "" for its text."""
ABSOLUTE = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)
BLOCKS = frozenset(
    (
        "address", "blockquote", "caption", "center", "dd", "div", "dl", "dt",
        "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
        "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
    )
)  # fmt: skip
CELLS = frozenset(("td", "th"))
TAGS = BLOCKS | CELLS | {
    "a", "b", "br", "code", "del", "em", "i", "s", "span", "strong", "sub", "sup", "u",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan"}}
PICTURES = {"img", "emoji"}
PICTURE = re.compile(r'<(img|emoji)((?: [a-z]+="[^"]*")*)>(?:</emoji>)?')
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
TAG = re.compile(r"(</?)([a-z][a-z0-9]*)(?=[\s/>])", re.IGNORECASE)
READ_AS = (
    dict.fromkeys(
        (
            "article", "aside", "details", "dialog", "fieldset", "footer", "form",
            "header", "legend", "main", "menu", "nav", "optgroup", "option", "summary",
            "title",
        ),
        "div",
    )
    | dict.fromkeys(("codeblock", "listing", "plaintext", "textarea", "xmp"), "pre")
    | dict.fromkeys(
        (
            "annotation", "desc", "foreignobject", "math", "mi", "mn", "mo", "ms",
            "mtext", "svg", "template", "text", "textpath", "tspan",
        ),
        "span",
    )
)  # fmt: skip
"""Tags that a message's page does not need, or whose content nh3 removes with them."""
BEFORE_CELL = re.compile(r"(?=<t[dh][\s>])", re.IGNORECASE)
BLANKS = re.compile(r"[ \t\n\f\r]+")
MOST_QUOTED = 5
"""Marks before a line that quotes what quotes…: deeper ones are not told apart."""


def page_html(html: str, picture: Picture | None = None) -> str:
    """Return html that is safe in a page, with something in place of each picture.

    That is what `picture` gives, which is html, or else the picture's text.
    """
    attributes = ATTRIBUTES | {"img": {"alt", "itemtype", "id", "src"}}
    cleaned = cleaned_html(html, attributes, link_rel="noopener noreferrer nofollow")

    def in_place(found: "re.Match[str]") -> str:
        said = {name: unescape(value) for name, value in ATTRIBUTE.findall(found[2])}
        shown = picture(said) if picture and found[1] == "img" else ""
        if shown.startswith("<a ") and is_in_link(cleaned, found.start()):
            shown = ""  # a link in a link ends the outer one
        return shown or escape(picture_text(found[1], said))

    return PICTURE.sub(in_place, cleaned)


def is_in_link(cleaned: str, at: int) -> bool:
    """Return whether a place in well-formed html is within a link."""
    return cleaned.rfind("<a ", 0, at) > cleaned.rfind("</a>", 0, at)


def plain_text(html: str) -> str:
    """Return what people read of html.

    Blocks stand on lines of their own, cells are parted by a tab, a link is followed by
    its address, a quotation has `> ` before each line.
    """
    reader = HtmlReader()
    reader.feed(cleaned_html(BEFORE_CELL.sub(" ", html), {"a": {"href"}}))
    reader.close()
    reader.end_line()
    return "\n".join(reader.lines).strip("\n")


def cleaned_html(
    html: str, attributes: dict[str, set[str]], link_rel: str | None = None
) -> str:
    import nh3

    return nh3.clean(
        TAG.sub(read_as, html),
        tags=set(TAGS | PICTURES),
        attributes={picture: {"alt", "itemtype"} for picture in PICTURES} | attributes,
        attribute_filter=absolute_only,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=link_rel,
    )


def read_as(tag: "re.Match[str]") -> str:
    return f"{tag[1]}{READ_AS.get(tag[2].lower(), tag[2])}"


def absolute_only(tag: str, attribute: str, value: str) -> str | None:
    is_relative = attribute == "href" and not ABSOLUTE.match(value.strip())
    return None if is_relative else value


def picture_text(tag: str, attributes: dict[str, Any]) -> str:
    """Return the text of a picture: an emoji itself, or what a picture shows."""
    text = " ".join((attributes.get("alt") or "").split())
    is_emoji = tag == "emoji" or "emoji" in (attributes.get("itemtype") or "").lower()
    return text if is_emoji and text else f"[{text or 'image'}]"


class HtmlReader(HTMLParser):
    """Reads what nh3 has left, line by line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quoted = self.preformatted = 0
        self.address = ""
        self.link: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.end_line(even_if_empty=True)
        elif tag in PICTURES:
            self.add(picture_text(tag, dict(attrs)))
        elif tag in CELLS:
            self.next_cell()
        elif tag in BLOCKS:
            self.end_line()
        if tag == "a":
            self.address, self.link = dict(attrs).get("href") or "", []
        self.enter(tag, 1)

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.end_line()
        if tag == "a":
            text = "".join(self.link)
            if self.address and self.address.removeprefix("mailto:") not in text:
                self.add(f" ({self.address})")
            self.address, self.link = "", []
        self.enter(tag, -1)

    def enter(self, tag: str, levels: int) -> None:
        if tag == "blockquote":
            self.quoted += levels
        elif tag == "pre":
            self.preformatted += levels

    def handle_data(self, data: str) -> None:
        if self.preformatted:
            first, *others = data.split("\n")
            self.add(first)
            for other in others:
                self.end_line(even_if_empty=True)
                self.add(other)
            return
        text = BLANKS.sub(" ", data)
        if not self.line or self.line[-1].endswith((" ", "\t")):
            text = text.removeprefix(" ")
        self.add(text)

    def add(self, text: str) -> None:
        if text:
            self.line.append(text)
            if self.address:
                self.link.append(text)

    def next_cell(self) -> None:
        if self.line:
            self.line[-1] = self.line[-1].rstrip(" ")
            self.line.append("\t")

    def end_line(self, *, even_if_empty: bool = False) -> None:
        text = "".join(self.line).rstrip()
        if text or even_if_empty:
            self.lines.append("> " * min(self.quoted, MOST_QUOTED) + text)
        self.line = []
