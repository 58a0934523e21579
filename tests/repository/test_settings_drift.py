"""Settings, sample file and docs name the same settings with the same defaults."""

import json
import re
from pathlib import Path

from settings_read import names_read
from shared.config.settings import Settings
from shared.formats import ARCHIVED

ROOT = Path(__file__).parents[2]
OF_THE_HOST = {
    "AzureWebJobsStorage",
    "FUNCTIONS_WORKER_RUNTIME",
    "AzureWebJobs.archive_queued_event.Disabled",
}


def sample():
    return json.loads((ROOT / "local.settings.json.example").read_text())["Values"]


def documented():
    rows = re.findall(
        r"^\| `(\w+)` \| (?:`([^`]*)`)? ?\|",
        (ROOT / "docs/settings.md").read_text(),
        re.MULTILINE,
    )
    return dict(rows)


def test_the_docs_explain_every_setting_and_no_other():
    assert set(documented()) == names_read()


def test_the_sample_holds_no_setting_that_nobody_reads():
    assert set(sample()) - OF_THE_HOST <= names_read()


def test_the_sample_and_the_docs_give_the_defaults_of_the_code():
    for name, default in documented().items():
        if default:
            assert sample()[name] == default
    values = {name: sample()[name] for name in sample() if name in names_read()}
    needed = {name: values[name] for name in values if not documented().get(name)}

    from_sample = Settings.from_env(values, known_formats=ARCHIVED)
    from_defaults = Settings.from_env(needed, known_formats=ARCHIVED)

    assert from_sample == from_defaults


def test_a_copy_of_the_sample_works_as_it_is():
    settings = Settings.from_env(sample(), known_formats=ARCHIVED)

    assert settings.formats
