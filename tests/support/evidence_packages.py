"""Packages and proofs made of an archive in memory, by the reference writer."""

import hashlib

from builders import THREAD
from shared.domain.evidence.checkpoint import parse_checkpoint
from shared.domain.evidence.ledger import blob_numbers, blob_path
from shared.domain.evidence.ledger_lines import LineKind, decode_line
from shared.domain.evidence.package import PackageRequest
from shared.domain.evidence.proof import Proof, ProvenLine, RecordedLine
from shared.domain.evidence.tree import inclusion_path
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.layout import thread_folder

OWN = {"verify.py": b"print()\n", "README.txt": b"read me\n", "site/index.html": b"<p>"}


def package(writer, threads=(THREAD,), *, recorded=True):
    """Return the files of a package of some threads."""
    request = PackageRequest(
        random=writer.draw().hex(),
        recorded=recorded,
        threads=tuple(sorted(threads)),
        filters=("thread",),
        files={name: hashlib.sha256(data).hexdigest() for name, data in OWN.items()},
    )
    if recorded:
        writer.append(request.ledger_line)
    keys = {writer.key(thread) for thread in threads}
    files = {"request.json": request.stored, **OWN}
    for path, data in writer.files.items():
        if any(path.startswith(thread_folder(thread)) for thread in threads):
            files[f"archive/{path}"] = data
    for number in blob_numbers(writer.files):
        lines = writer.files[blob_path(number)].split(b"\n")[:-1]
        packed = b"".join(packed_line(line, keys, request) for line in lines)
        files[f"archive/{blob_path(number)}"] = packed
    return files


def packed_line(data, keys, request):
    """Return a line of the ledger as a package holds it."""
    line = decode_line(data)
    is_own = line.kind is LineKind.PACKAGE and line.members["random"] == request.random
    if line.kind is LineKind.CLOSED or line.thread_key in keys or is_own:
        return data + b"\n"
    return line.withheld


def recorded_line(writer, stored):
    """Return a line of the ledger with its path to the newest checkpoint."""
    writer.ledger()
    leaves = [placed.line.leaf for placed in writer.placed]
    index = leaves.index(decode_line(stored[:-1]).leaf)
    path = tuple(inclusion_path(leaves, index))
    return RecordedLine(index=index, line=stored[:-1], path=path)


def prove(writer, message, *, with_orders=True, thread=THREAD):
    """Return the bytes of the proof of a message."""
    manifests, lines = writer.revisions(thread), writer.chain(thread)
    manifest, key = manifests[max(manifests)], writer.key(thread)
    proven = []
    for file in INPUT_FILES:
        leaves = [line.leaf for _, line in lines[file]]
        proven += [
            ProvenLine(
                file=file, index=at, line=line, path=tuple(inclusion_path(leaves, at))
            )
            for at, (_, line) in enumerate(lines[file])
            if line.facts.get("message") == str(message)
        ]
    orders = [
        (order, recorded_line(writer, order.ledger_line(key)))
        for order in writer.orders(thread)
        if with_orders
    ]
    return Proof(
        message=str(message),
        lines=tuple(proven),
        manifest=manifest,
        ledger=recorded_line(writer, manifest.ledger_line),
        orders=tuple(orders),
        checkpoint=parse_checkpoint(writer.checkpoint()),
    ).stored
