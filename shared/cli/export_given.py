"""What somebody asks `chat-archive export` for, and whether it goes together."""

from dataclasses import dataclass
from pathlib import Path

import click

from shared.cli.export_files import not_single
from shared.cli.package import check_package
from shared.formats.registry import FORMATS
from shared.formats.tables.columns import NAME as TABLES
from shared.usecases.reading.find import Selection
from shared.usecases.reading.put import IfThere


def by_ending(file: Path | None) -> tuple[str, ...]:
    """Return the format that a single file's name ends like; nothing if it has none."""
    name = file.suffix.removeprefix(".").lower() if file else ""
    return (name,) if name in FORMATS and FORMATS[name].single else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options of the command that have to go together."""

    names: tuple[str, ...]
    output: Path | None
    single: Path | None
    package: Path | None
    revision: int | None
    selection: Selection
    everything: bool
    reason: str
    no_record: bool
    force: bool
    skip_existing: bool

    @property
    def if_there(self) -> IfThere:
        """What becomes of the files that are there already."""
        if self.skip_existing:
            return IfThere.LEAVE
        return IfThere.REPLACE if self.force else IfThere.REFUSE

    def check(self) -> None:
        """See that one thing is asked for, and all that it needs.

        Raises:
            click.UsageError: something is missing, or too much.

        """
        if TABLES in self.names:
            self.check_tables()
        if self.single:
            self.check_single(self.single)
        elif self.revision:
            self.check_revision()
        elif bool(self.package) == bool(self.names):
            raise click.UsageError(
                "Give either --format with --output or --single, or --package."
            )
        elif self.names and self.output is None:
            raise click.UsageError(
                "Give --output: the folder to write into; or --single: one file."
            )
        self.check_if_there()
        if self.everything and not self.package:
            raise click.UsageError(
                "--all goes with --package; formats are of all threads."
            )
        if self.no_record and not self.package:
            raise click.UsageError("--no-record goes with --package.")
        if self.package:
            check_package(
                self.selection, everything=self.everything, reason=self.reason
            )

    def check_tables(self) -> None:
        if self.single or self.package or self.revision or self.names != (TABLES,):
            raise click.UsageError(
                "tables is a folder of its own: give it alone, with --output."
            )
        if self.selection != Selection():
            raise click.UsageError(
                "tables are of all threads, so that a later run can tell what has "
                "changed: choose threads and times where you ask them."
            )
        if self.force or self.skip_existing:
            raise click.UsageError(
                "tables that are there are brought up to date: neither --force nor "
                "--skip-existing goes with them."
            )

    def check_single(self, file: Path) -> None:
        is_other = self.output or self.package or self.revision
        if is_other or len(self.names) != 1:
            raise click.UsageError(
                "--single goes with one --format, or a file that ends like one, and "
                "without --output, --package and --revision."
            )
        if not FORMATS[self.names[0]].single:
            raise click.UsageError(not_single(self.names[0]))
        if not file.name:
            raise click.UsageError("--single needs the name of a file.")
        meant = by_ending(file)
        if meant and meant != self.names:
            raise click.UsageError(
                f"{file.name} ends like {meant[0]}, and --format says {self.names[0]}."
            )

    def check_revision(self) -> None:
        threads = self.selection.threads
        is_more = self.selection != Selection(threads=threads)
        if self.names or self.package or is_more:
            raise click.UsageError("--revision goes with --thread and --output alone.")
        if len(threads) != 1 or self.output is None:
            raise click.UsageError("--revision needs one --thread, and --output.")

    def check_if_there(self) -> None:
        if self.force and self.skip_existing:
            raise click.UsageError("Give either --force or --skip-existing.")
        if self.force and self.package:
            raise click.UsageError(
                "--force goes with --output or --single: no package is replaced."
            )
        if self.skip_existing and (self.single or self.package):
            raise click.UsageError("--skip-existing goes with --output.")
