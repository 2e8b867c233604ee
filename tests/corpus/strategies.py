"""What files may hold, as hypothesis makes it up."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from corpus.record import SPAN, Layout, QuestionColumn, Record, SpanValue

# Generous, because a busy machine is no bug.
patiently = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
storable_text = st.text(characters)
awkward_text = st.lists(
    st.one_of(
        storable_text,
        st.sampled_from(
            [
                "\r",
                "\n",
                "\r\n",
                "\t",
                '"',
                '""',
                ",",
                ";",
                " ",
                "'",
                "=1+1",
                "[",
                "]",
                "[]",
                "null",
            ]
        ),
        st.sampled_from(
            ["\ufeff", "😀", "👩‍👩‍👧", "שלום", "日本語", "\u2028", "\x85", "\x1a", "\\", "\\u0000"]
        ),
    ),
    max_size=8,
).map("".join)
names = st.text(characters, min_size=1, max_size=200)
labels = names.filter(lambda name: name.strip() and name.splitlines() == [name])
numbers = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
)
simple = numbers | awkward_text
meta_values = (
    simple | st.lists(simple, max_size=2) | st.dictionaries(awkward_text, simple, max_size=2)
)
metas = st.dictionaries(awkward_text, meta_values, max_size=3)

LAYOUT = Layout(
    text_fields=("text", "reply"),
    questions=(
        QuestionColumn("topic", multiple=False),
        QuestionColumn("tags", multiple=True),
        QuestionColumn("entities", multiple=False, kind=SPAN),
    ),
    split=True,
)


@st.composite
def spans_in(draw: st.DrawFn, texts: dict[str, str]) -> tuple[SpanValue, ...]:
    """Spans anywhere, inside characters and over each other too."""
    found = set()
    filled = sorted(field for field, text in texts.items() if text)
    for field in draw(st.lists(st.sampled_from(filled), max_size=4)):
        start = draw(st.integers(0, len(texts[field]) - 1))
        end = draw(st.integers(start + 1, len(texts[field])))
        found.add(SpanValue(field, start, end, draw(labels)))
    return tuple(sorted(found))


@st.composite
def records(draw: st.DrawFn, texts: st.SearchStrategy[str] = awkward_text) -> Record:
    filled = {"text": draw(texts.filter(bool)), "reply": draw(texts)}
    answers: dict[str, tuple[str | SpanValue, ...]] = {}
    if draw(st.booleans()):
        answers["topic"] = tuple(draw(st.lists(labels, max_size=1)))
    if draw(st.booleans()):
        answers["tags"] = tuple(draw(st.lists(labels, max_size=3, unique=True)))
    if draw(st.booleans()):
        answers["entities"] = draw(spans_in(filled))
    return Record(
        external_id=draw(st.one_of(st.just(""), names)),
        texts=filled,
        answers=answers,
        meta=draw(metas),
        split=draw(st.sampled_from(["", "train", "validation", "test", "calibration"])),
    )
