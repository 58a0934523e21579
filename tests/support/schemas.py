"""The published schemas, as validators."""

import json
from pathlib import Path

import jsonschema

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
TRANSCRIPT = jsonschema.Draft202012Validator(
    json.loads((FOLDER / "transcript.schema.json").read_text())
)
