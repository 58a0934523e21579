"""What people write is data: it ends no string, runs nothing, and comes back whole."""

import pytest
from searched_site import NONE, run_engine, written

from shared.formats.site_search.writer import SearchedMessage

TEXTS = (
    '"); globalThis.ran = 1; ("',
    "'); globalThis.ran = 1; ('",
    "`${globalThis.ran = 1}`",
    "</script><script>globalThis.ran = 1</script>",
    "<!-- <script> -->]]>",
    "\\",
    '\\"',
    "\\u0022);//",
    "a\u2028b\u2029c\x00d\x1fe\x7ff\x85g\r\nh",
    "*/ // /*",
    "__proto__ constructor toString hasOwnProperty",
    "\u202eevil\u202c",
    "x" * 40_000,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "",
)


@pytest.fixture
def folder(tmp_path):
    messages = (
        SearchedMessage(
            thread=0, ordinal=at, message_id=f"{at}\"\u2028'</script>", time=at + 10,
            sender=-1, texts=["found", text], is_edited=True, is_deleted=False,
            has_files=False,
        )
        for at, text in enumerate(TEXTS)
    )  # fmt: skip
    return written(messages, tmp_path)


def test_texts_come_back_whole(folder):
    (answer,) = run_engine(folder, [("find", "found", NONE, {"limit": 99})])

    assert [hit["texts"][1] for hit in answer["hits"]] == [*TEXTS[::-1]]
    assert [hit["id"] for hit in answer["hits"]][-1] == "0\"\u2028'</script>"


def test_no_file_has_a_character_that_ends_a_line_of_a_script(folder):
    for path in folder.rglob("*.js"):
        text = path.read_text("utf-8")
        assert "\u2028" not in text, path
        assert "\u2029" not in text, path
        assert "\r" not in text, path


@pytest.mark.parametrize(
    "word", ["constructor", "tostring", "hasownproperty", "x" * 40_000, "ran", "xx*"]
)
def test_words_that_mean_something_to_a_script_are_words(folder, word):
    answers = run_engine(
        folder, [("find", said, NONE, {"limit": 1}) for said in (word, "valueOf")]
    )

    assert answers[0]["count"] >= 1
    assert answers[1] == {"count": 0, "hits": []}
