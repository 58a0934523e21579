"""The files that docs/azure-openai.md leads through: they fit the code, and each other."""

import json
import re
from pathlib import Path

import pytest

from shared.adapters.ai.batches import batch_line
from shared.domain.insights.terms import Terms
from shared.formats.chunks_format import write
from shared.formats.part import Options
from shared.usecases.insights.given import Given
from shared.usecases.insights.questions import question
from threads import rich

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "azure-openai"
EXAMPLE = [
    Given("1v1", "1", 1, "", text, json.dumps({"ref": f"{n}v1", "on": "2026-11-22T12:00",
                                               "from": who, "text": text}))
    for n, (who, text) in enumerate(
        [("Alice", "Has my order come?"), ("Ben", "It will come on Friday.")], start=1
    )
]  # fmt: skip


def read(name):
    return json.loads((FOLDER / name).read_text("utf-8"))


def page():
    return (DOCS / "azure-openai.md").read_text("utf-8")


def test_the_page_leads_to_every_file():
    linked = {*re.findall(r"\(azure-openai/([\w.-]+)\)", page())}

    assert linked == {path.name for path in FOLDER.iterdir()}


def test_the_index_has_the_fields_of_chunks_and_their_vector():
    fields = {field["name"]: field for field in read("search-index.json")["fields"]}
    ((_, parts),) = [each for each in write(rich(), Options()) if "chunks" in each[0]]
    chunk = json.loads(b"".join(parts).split(b"\n")[0])

    assert fields.keys() == {*chunk, "vector"}
    types = {str: ("Edm.String", "Edm.DateTimeOffset"), int: ("Edm.Int32",)}
    for name, value in chunk.items():
        assert fields[name]["type"] in types[type(value)]
    assert [name for name, field in fields.items() if field.get("key")] == ["id"]


def test_index_skill_and_indexer_name_each_other():
    index, skillset = read("search-index.json"), read("skillset.json")
    indexer, source = read("indexer.json"), read("data-source.json")
    (vector,) = [each for each in index["fields"] if each["name"] == "vector"]
    (profile,) = index["vectorSearch"]["profiles"]
    (vectorizer,) = index["vectorSearch"]["vectorizers"]
    (skill,) = skillset["skills"]

    assert vector["vectorSearchProfile"] == profile["name"]
    assert profile["vectorizer"] == vectorizer["name"]
    assert profile["algorithm"] == index["vectorSearch"]["algorithms"][0]["name"]
    assert vector["dimensions"] == skill["dimensions"]
    of_index = vectorizer["azureOpenAIParameters"]
    assert {name: skill[name] for name in of_index} == of_index  # one model for both
    assert skill["inputs"][0]["source"] == "/document/content"
    made = f"/document/{skill['outputs'][0]['targetName']}"
    (mapping,) = indexer["outputFieldMappings"]
    assert mapping == {"sourceFieldName": made, "targetFieldName": vector["name"]}
    assert indexer["targetIndexName"] == index["name"]
    assert indexer["dataSourceName"] == source["name"]
    assert indexer["skillsetName"] == skillset["name"]
    assert indexer["parameters"]["configuration"]["parsingMode"] == "jsonLines"


def test_queries_and_knowledge_ask_for_fields_that_are_there():
    index = read("search-index.json")
    names = {field["name"] for field in index["fields"]}
    query, source = read("hybrid-query.json"), read("knowledge-source.json")
    (semantic,) = index["semantic"]["configurations"]

    assert {*query["select"].split(",")} <= names
    assert query["vectorQueries"][0]["fields"] in names
    assert query["semanticConfiguration"] == semantic["name"]
    of_index = source["searchIndexParameters"]
    assert of_index["searchIndexName"] == index["name"]
    assert of_index["semanticConfigurationName"] == semantic["name"]
    assert {field["name"] for field in of_index["sourceDataFields"]} <= names
    assert read("knowledge-base.json")["knowledgeSources"] == [{"name": source["name"]}]
    for fields in semantic["prioritizedFields"].values():
        for field in fields if isinstance(fields, list) else [fields]:
            assert field["fieldName"] in names


@pytest.mark.parametrize(
    "name", ["search-index", "data-source", "skillset", "indexer",
             "knowledge-source", "knowledge-base"]
)  # fmt: skip
def test_the_page_says_where_each_file_goes(name):
    value = read(f"{name}.json")
    kind = {"search-index": "indexes", "data-source": "datasources"}.get(
        name, name.replace("-", "") + "s"
    )

    assert (
        f"[{name}.json](azure-openai/{name}.json) | `/{kind}/{value['name']}`" in page()
    )


def test_the_schema_is_that_which_is_asked_for():
    assert read("answer-schema.json") == Terms(labels=("complaint", "refund")).schema


def test_the_batch_is_what_is_sent():
    line = batch_line("0.0", question(EXAMPLE, Terms()), "gpt-5-mini-batch")

    assert (FOLDER / "batch.jsonl").read_bytes() == line
