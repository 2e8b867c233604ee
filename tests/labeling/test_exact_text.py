from html.parser import HTMLParser

import pytest

from labeling.templatetags.texts import exact


class Reader(HTMLParser):
    """Collects text as a browser's `textContent` would, its newline rule included."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\rb",
        "a\r\nb",
        "a\r\r\n\rb\r",
        "<b>&amp; & </b>",
        "“q” 'q' \"q\"",
        "é \u00a0 👩‍👩‍👧 \u0085",
    ],
)
def test_a_browser_reads_the_stored_text_back(text):
    assert Reader(exact(text)).text == text


def test_nothing_in_a_text_becomes_an_element():
    assert exact("<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_a_lone_carriage_return_breaks_the_line():
    assert exact("a\rb\r\nc") == "a&#13;<br>b&#13;\nc"
