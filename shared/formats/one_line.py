"""Text that can be shown: without what no reader shows, and on one line."""

import re

REPLACEMENT = "\ufffd"
NEVER = dict.fromkeys((*range(32), *range(127, 160)), REPLACEMENT)
for shown in (ord("\t"), ord("\n")):
    del NEVER[shown]
NEVER |= dict.fromkeys(range(55296, 57344), REPLACEMENT)
NEVER |= {0xFFFE: REPLACEMENT, 0xFFFF: REPLACEMENT, 0x2028: "\n", 0x2029: "\n"}
ANY_NEVER = re.compile(f"[{re.escape(''.join(map(chr, NEVER)))}]")
BIDI = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), None)
"""Characters that change the direction of the text after them."""


def readable(text: str) -> str:
    """Return text with LF line ends and without characters that cannot be shown."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Few texts contain one, and searching is ten times as fast as translating.
    return text.translate(NEVER) if ANY_NEVER.search(text) else text


def one_line(text: str) -> str:
    """Return text, such as a name, on one line and without changes of direction."""
    return " ".join(readable(text).translate(BIDI).split())
