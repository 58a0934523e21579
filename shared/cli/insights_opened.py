"""What the commands about insights open: the index, and where insights are kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.index import build_index, open_index
from shared.bootstrap.insights import Place, open_place
from shared.cli.insights_options import Wanted
from shared.cli.progress import threads_bar
from shared.cli.text import say
from shared.cli.threads import find_threads, say_older
from shared.domain.insights.terms import Terms
from shared.usecases.insights.subjects import Subjects
from shared.usecases.reading.find import filter_of


@asynccontextmanager
async def opened(
    address: ArchiveAddress, named: str, terms: Terms, wanted: Wanted, *, sends: bool
) -> AsyncIterator[tuple[Subjects, Place]]:
    """Yield what is asked about; where something is sent, of an index that is new."""
    async with open_archive(address) as archive, open_place(archive, named) as place:
        if sends:
            with threads_bar("indexing") as on_indexed:
                built = await build_index(archive, on_indexed)
            for failure in built.failures:
                say(f"NOT INDEXED {failure}", err=True)
        async with open_index(archive, stale_ok=not sends) as index:
            if index.is_older:
                say_older(index)
            selection = await find_threads(archive, wanted.selection)
            subjects = Subjects(
                index=index,
                kept=place.kept,
                terms=terms,
                chosen=filter_of(selection),
                since=await place.kept.last_run(terms.digest)
                if wanted.since_last
                else 0,
                again=wanted.again,
                limit=wanted.limit,
            )
            yield subjects, place
