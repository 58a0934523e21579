"""One name for one thing: the words that were replaced stay replaced."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = [
    ROOT / "function_app.py",
    *(
        file
        for top in ("shared", "local", "bench")
        for file in (ROOT / top).rglob("*.py")
    ),
    *(ROOT / "tests").rglob("*.py"),
]
CODE = [file for file in CODE if "node_modules" not in file.parts]
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def relative(file):
    return str(file.relative_to(ROOT))


REPLACED = {
    "Room": "ByteBudget",
    "Shelf": "Revisions",
    "shelf": "revisions_of",
    "Leftover": "UnprocessedFile",
    "Leftovers": "UnprocessedEvents",
    "Checklist": "LedgerLookup",
    "Tick": "Match",
    "roster": "participants",
    "Sources": "RevisionInputs",
    "read_sources": "read_inputs",
    "Estate": "Inventory",
    "Tellings": "MessageReplay",
    "Told": "ThreadChanges or ParticipantEvent",
    "told_by": "thread_changes",
    "Known": "VersionBuilder",
    "Draft": "MessageBuilder",
    "Places": "Positions",
    "Sight": "Visibility",
    "sight": "visibility",
    "View": "ListingOutcome",
    "judge_view": "judge_listing",
    "Standing": "ThreadStatus",
    "standing": "status",
    "Survey": "Statistics",
    "journal": "sweep_log",
    "Access": "ChatClients",
    "Kept": "CachedToken",
    "PackedMessages": "CompressedMessages",
    "long_json": "json_format",
    "Report": "VerificationReport or InventoryReport",
    "Plan": "BackfillPlan or ErasurePlan",
    "Run": "BackfillRun or Verification",
    "Line": "LineFacts, LedgerLine or a fact",
    "File": "StoredFile or RenderedFile",
    "Entry": "LoggedEvent or ExpectedLines",
    "Identity": "EventIdentity or EntraIdentity",
    "Reader": "SettingsReader",
}
"""What an identifier was called, and is called now."""
PHRASES = (
    r"which should not happen",
    r"wrongly asked",
    r"(?:is|are) not to be reached",
    r"made anew",
    r"to come to again",
    r"on another way",
    r"by whatever",
    r"(?i)\bmend(?:ed|s)?\b",
    r"see the port",
    r"\w\(s\)",
    r"\bfloors\b",
)
"""Phrases that messages, comments and docs said, and say in plain English now."""


GLOSSARY = ROOT / "docs" / "glossary.md"
MOST_TERMS = 25
MOST_LINES = 300
HERE = Path(__file__)


def names_defined(file):
    """Yield every name that a file gives to something; other people's are not ours."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.asname or node.name


def test_nothing_is_called_by_a_name_that_was_replaced():
    found = {
        (relative(file), name, REPLACED[name])
        for file in CODE
        for name in names_defined(file)
        if name in REPLACED
    }

    assert found == set()


def test_no_page_names_an_identifier_that_was_replaced():
    classes = {name for name in REPLACED if name[0].isupper()}

    found = {
        (relative(page), name)
        for page in DOCS
        for code in re.findall(r"`([^`\n]+)`", page.read_text("utf-8"))
        for name in re.findall(r"\b[A-Z]\w+\b", code)
        if name in classes
    }

    assert found == set()


@pytest.mark.parametrize("phrase", PHRASES)
def test_english_is_plain(phrase):
    found = [
        relative(file)
        for file in [*CODE, *DOCS]
        if file != HERE and re.search(phrase, file.read_text("utf-8"))
    ]

    assert found == []


def test_a_loop_names_the_thing():
    product = [file for file in CODE if "tests" not in file.parts]

    found = [
        (relative(file), line.strip())
        for file in product
        for line in re.findall(r".*\bfor one(?:,| in)\b.*", file.read_text("utf-8"))
    ]

    assert found == []


def test_a_docstring_says_what_comes_back():
    found = [
        (relative(file), line)
        for file in CODE
        for line in re.findall(r'"{3}Gives? [^\n]*', file.read_text("utf-8"))
    ]

    assert found == []


def terms():
    rows = re.findall(
        r"^\| \*\*(.+?)\*\* \| (.+) \|$", GLOSSARY.read_text(), re.MULTILINE
    )
    assert rows
    return dict(rows)


def test_the_glossary_is_short_and_in_order():
    assert len(terms()) <= MOST_TERMS
    assert list(terms()) == sorted(terms())


def test_every_term_of_the_glossary_is_used_in_code_and_in_docs():
    code = " ".join(file.read_text("utf-8") for file in CODE if "shared" in file.parts)
    docs = " ".join(page.read_text("utf-8") for page in DOCS if page != GLOSSARY)

    for term in terms():
        for text in (code, docs):
            assert re.search(rf"\b{term}", text, re.IGNORECASE), term


def test_a_long_file_says_why_it_is_one():
    long = {
        file: file.read_text("utf-8").split('"""')[1]
        for file in (ROOT / "shared").rglob("*.py")
        if file.read_text("utf-8").count("\n") > MOST_LINES
    }

    assert all("one file on purpose" in header for header in long.values()), long
