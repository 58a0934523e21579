"""What people read of html is in the page and in the plain text, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats.message_html import BLOCKS, READ_AS, page_html, plain_text

EMOJI = 'itemtype="http://schema.skype.com/Emoji"'


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>I pay 100</p>0 more", "I pay 100\n0 more"),
        ("Hello<div>World</div>two<ul><li>x</li></ul>after", "Hello\nWorld\ntwo\nx\nafter"),
        ("<h5>Title</h5>text<dl><dt>a<dd>b</dl>", "Title\ntext\na\nb"),
        ("a<hr>b", "a\nb"),
        ("a<br><br>b", "a\n\nb"),
        ("a<br/>b", "a\nb"),
        ("<table><tr><th>12</th><td>34</td></tr><tr><td>5</table>", "12\t34\n5"),
        ("<table><tr>\n <td>12</td>\n <td>34</td>\n</tr></table>", "12\t34"),
        ("<table><thead><tr><td>Thead</thead><tbody><tr><td>Tbody</table>", "Thead\nTbody"),
        ("<td>12<td>34", "12 34"),
        ("<details><summary>more</summary>less</details>", "more\nless"),
        ("<select><option>one<option>two</select>", "one\ntwo"),
        ("a <b>b</b>  c\n  d", "a b c d"),
        ("re<b>fund</b>", "refund"),
        ("<pre>a\n  b</pre>c", "a\n  b\nc"),
        ("<codeblock><code>a<br>  b</code></codeblock>", "a\n  b"),
        ("<textarea><b>x</b></textarea>", "x"),
        ("AT&amp;T 1 &lt; 2 &#128578;", "AT&T 1 < 2 🙂"),
        ("<head><title>T</title><p>Text in body", "T\nText in body"),
        ("<head><p>Text in body", "Text in body"),
        ("<template>a<p>Text in body", "a\nText in body"),
        ("<svg><text>a</text></svg><math><mi>b</mi></math>", "ab"),
        ("<noscript>a</noscript><iframe>b</iframe>", "ab"),
        ("<script>x</script>y<style>p{}</style><!-- z -->", "y"),
        ("y<script>never closed", "y"),
        ("<unheard-of>a</unheard-of>", "a"),
        ("<at id=0>Bob</at> hi", "Bob hi"),
        ("see <a href='https://x.y/'>this</a>", "see this (https://x.y/)"),
        ("<a href='https://x.y/'>at <b>https://x.y/</b></a>", "at https://x.y/"),
        ("<a href='mailto:a@b.c'>a@b.c</a> <a href='/x'>b</a>", "a@b.c b"),
        ("<a href='javascript:x'>c</a>", "c"),
        (f"x<img alt='🙂' {EMOJI}><emoji alt='👍'></emoji>", "x🙂👍"),
        ("<img src=x><img alt=' a\n cat '>", "[image][a cat]"),
        (f"<img {EMOJI}>", "[image]"),
        ("<blockquote><p>Bob: hi</p>x<br>y</blockquote>I agree", "> Bob: hi\n> x\n> y\nI agree"),
        ("<blockquote>" * 2 + "a</blockquote>b</blockquote>c", "> > a\n> b\nc"),
        ("", ""),
        ("<p></p><br>", ""),
    ],
)  # fmt: skip
def test_blocks_cells_and_words_are_kept_apart(html, text):
    assert plain_text(html) == text


@pytest.mark.parametrize(
    ("html", "page"),
    [
        ("<h5>a</h5><dl><dt>b</dl>", "<h5>a</h5><dl><dt>b</dt></dl>"),
        ("<title>a</title><p>b", "<div>a</div><p>b</p>"),
        (f"<p><img alt='🙂' {EMOJI}><emoji alt='👍'></emoji></p>", "<p>🙂👍</p>"),
        ("<img alt='a \"cat\" <b>&amp;'>", "[a &quot;cat&quot; &lt;b&gt;&amp;]"),
        ("<img src='https://x.y/' onerror='x()'>", "[image]"),
        ("<img alt='] <script>x</script>'>", "[] &lt;script&gt;x&lt;/script&gt;]"),
        ("<p class='<img alt=x>'>a</p>", "<p>a</p>"),
    ],
)
def test_a_picture_leaves_its_text_in_the_page(html, page):
    assert page_html(html) == page


@pytest.mark.parametrize(
    "address",
    ["page.html", "/x", "//x.y/", "?x", "#x", "file:///x", "javascript:x", "data:,x", "",
     "http:x/y", "https:x", "https:/x", "https:../../thread.json"],
)  # fmt: skip
def test_only_links_to_absolute_addresses_stay(address):
    assert "href" not in page_html(f'<a href="{address}">x</a>')


@pytest.mark.parametrize(
    "address", ["https://x.y/a", "HTTP://x.y", "mailto:a@b.c", "tel:+15550100"]
)
def test_links_to_elsewhere_stay(address):
    assert f'href="{address}"' in page_html(f'<a href=" {address}">x</a>').replace(
        '" h', '"h'
    ).replace('href=" ', 'href="')


LOOSE = {"blockquote", "hr", "table", "tbody", "tfoot", "thead", "tr"}
"""Words loose in a table are moved, and one of two blanks with them."""
WORDS = st.text("abcdefgh", min_size=1, max_size=5)
NODES = st.recursive(
    WORDS,
    lambda inner: st.tuples(
        st.sampled_from(sorted((BLOCKS - LOOSE) | set(READ_AS) - {"option"})),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


def html_of(node):
    if isinstance(node, str):
        return f"<b>{node}</b> "
    tag, inner = node
    return f"<{tag}>{''.join(map(html_of, inner))}</{tag}>"


def words_of(node):
    return (
        [node] if isinstance(node, str) else [w for n in node[1] for w in words_of(n)]
    )


@given(NODES)
def test_every_word_is_there_apart_from_the_others(node):
    assert plain_text(html_of(node)).split() == words_of(node)


@given(st.text(alphabet="<>/='\"& abpimgtdre!-\n", max_size=200))
def test_any_text_can_be_read(text):
    plain_text(text)
    page_html(text)
