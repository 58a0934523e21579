"""The reference writer with the product's own renderings and grades."""

from evidence_writer import EvidenceWriter
from shared.domain.archive.chain import Chain
from shared.domain.archive.read_chain import transcript_of
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.thread.grade import grade_of
from shared.formats.registry import FORMATS, RECONCILIATION, renderer_of, written

KINDS = [*(FORMATS[name] for name in ("json", "jsonl", "csv", "html")), RECONCILIATION]


class RenderingWriter(EvidenceWriter):
    """Writes what the product writes, in some of its formats."""

    def render(self, thread, lines):
        return dict(written(KINDS, transcript_of(chain_of(thread, lines))))

    def renderer(self, name):
        return renderer_of(name)

    def grade(self, thread, lines):
        grade = grade_of(transcript_of(chain_of(thread, lines)))
        return {"grade": grade.name, "grade_reason": grade.reason}


def chain_of(thread, lines):
    """Return the chain of lines, given by file with their revisions."""
    chain = Chain(thread_id=thread)
    for number in sorted({number for file in INPUT_FILES for number, _ in lines[file]}):
        chain.begin(number)
        for file in INPUT_FILES:
            new = (line.stored[:-1] for at, line in lines[file] if at == number)
            chain.extend(file, new)
    return chain
