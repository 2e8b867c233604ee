from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from labeling.drawing import Mark, drawn

TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("ab <&>\"'\r\n\t\u00e9e\u0301\u200d\u200f\u05e2\u05dd\u6f22\U0001f469"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=40,
)


class Reader(HTMLParser):
    """What a browser makes of it: the text, and the label each character stands under."""

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.text = ""
        self.open = []
        self.under = []

    def handle_starttag(self, tag, attrs):
        if tag == "mark":
            self.open.append(dict(attrs))

    def handle_endtag(self, tag):
        self.open.pop()

    def say(self, text):
        self.text += text
        self.under += [sorted(each["data-name"] for each in self.open)] * len(text)

    def handle_data(self, data):
        assert "\r" not in data, "a browser would turn it into a line feed"
        self.say(data)

    def handle_charref(self, name):
        code = int(name[1:], 16) if name.startswith("x") else int(name)
        self.say(chr(code))

    def handle_entityref(self, name):
        self.say({"lt": "<", "gt": ">", "amp": "&", "quot": '"'}[name])


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@st.composite
def marked_texts(draw):
    text = draw(TEXTS.filter(bool))
    ends = st.integers(0, len(text))
    pairs = draw(st.lists(st.tuples(ends, ends).filter(lambda pair: pair[0] < pair[1]), max_size=6))
    return text, [Mark(start, end, n, f"L{n}") for n, (start, end) in enumerate(pairs)]


@given(marked_texts())
def test_every_character_stays_and_stands_under_its_labels(case):
    text, marks = case

    reader = read(drawn(text, marks))

    assert reader.text == text
    assert reader.under == [
        sorted(mark.name for mark in marks if mark.start <= place < mark.end)
        for place in range(len(text))
    ]


@given(marked_texts())
def test_each_mark_begins_once_and_ends_once(case):
    text, marks = case

    html = drawn(text, marks)

    for mark in marks:
        pieces = [tag for tag in html.split("<mark ")[1:] if f'data-name="{mark.name}"' in tag]
        classes = [piece.split('"')[1].split() for piece in pieces]
        assert sum("begins" in each for each in classes) == 1
        assert sum("ends" in each for each in classes) == 1


def test_a_mark_within_another_is_inside_it():
    html = drawn("New York University", [Mark(0, 19, 1, "ORG"), Mark(0, 8, 2, "LOC")])

    assert html == (
        '<mark class="span label-1 begins ends" data-name="ORG" title="ORG">'
        '<mark class="span label-2 begins ends" data-name="LOC" title="LOC">New York</mark>'
        " University</mark>"
    )


def test_marks_that_cross_are_cut_and_say_where_they_go_on():
    html = drawn("abc", [Mark(0, 2, 1, "A"), Mark(1, 3, 2, "B")])

    assert html == (
        '<mark class="span label-1 begins ends" data-name="A" title="A">a'
        '<mark class="span label-2 begins" data-name="B" title="B">b</mark></mark>'
        '<mark class="span label-2 ends" data-name="B" title="B">c</mark>'
    )


def test_a_label_name_cannot_break_out():
    assert '"><script>' not in drawn("a", [Mark(0, 1, 1, '"><script>')])


def test_a_mark_may_end_between_carriage_return_and_line_feed():
    html = drawn("a\r\nb\rc", [Mark(0, 2, 1, "A")])

    assert html == (
        '<mark class="span label-1 begins ends" data-name="A" title="A">a&#13;</mark>\nb&#13;<br>c'
    )


def test_what_lies_outside_the_text_is_not_drawn():
    assert drawn("ab", [Mark(1, 9, 1, "A"), Mark(5, 6, 2, "B")]).count("<mark") == 1
