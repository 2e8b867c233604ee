"""CoNLL files: what is read, what is written, and what is told when neither can be whole."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.formats import FORMATS
from corpus.formats.tokens import tokens_of
from corpus.record import (
    SPAN,
    BadFile,
    Layout,
    Problem,
    QuestionColumn,
    Record,
    Row,
    SpanValue,
    Unsaid,
)
from tests.corpus.reading import content, records_in
from tests.corpus.strategies import LAYOUT, awkward_text, patiently, records

DATA = Path(__file__).resolve().parents[3] / "shared/data"
ENTITIES = QuestionColumn("entities", multiple=False, kind=SPAN)
ONE = Layout(text_fields=("text",), questions=(ENTITIES,))


def rows(data, **options):
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return list(FORMATS["conll"].rows(stream, options))


def sound(data, **options):
    """The values of a file without a problem."""
    found = rows(data, **options)
    assert all(isinstance(row, Row) for row in found), found
    return [row.values for row in found]


def spans(values):
    return [(span["text"], span["label"]) for span in values["token.tags"]]


def out_of(made, layout=ONE, **options):
    """What is written, and what could not be."""
    unsaid: list[Unsaid] = []
    out = io.BytesIO()
    count = FORMATS["conll"].write(
        made, replace(layout, options=options, unsaid=unsaid.append), out
    )
    assert count == out.getvalue().decode().count("\n\n")
    return out.getvalue().decode(), unsaid


def doc(text, *found, **fields):
    answer = tuple(SpanValue("text", *span) for span in found)
    return Record(texts={"text": text}, answers={"entities": answer}, **fields)


def test_a_sentence_is_a_document_with_its_spans_id_and_comments():
    first, second = sound(
        "# newdoc id = mail-1\n# sent_id = a\n# text = Ana's in New York.\n"
        "1\tAna\tB-PER\n2\t's\tO\n3\tin\tO\n4\tNew\tB-LOC\n5\tYork\tI-LOC\n6\t.\tO\n\n"
        "# sent_id = b\n1\tHi\tO\n2\tBob\tB-PER\n"
    )

    assert first == {
        "text": "Ana's in New York.",
        "token.tags": [
            {"start": 0, "end": 3, "label": "PER", "text": "Ana"},
            {"start": 9, "end": 17, "label": "LOC", "text": "New York"},
        ],
        "id": "a",
        "newdoc id": "mail-1",
    }
    assert second["text"] == "Hi Bob"
    assert second["id"] == "b"


def test_documents_are_the_sentences_between_their_marks():
    marked = (
        "-DOCSTART- -X- O\n\nAna NN B-PER\n\nHi UH O\nBob NN B-PER\n\n-DOCSTART- -X- O\n\nEnd X O\n"
    )
    newdoc = (
        "# newdoc id = 1\n# sent_id = a\nAna\tB-PER\n\n# sent_id = b\nHi\tO\n\n"
        "# newdoc id = 2\nEnd\tO\n"
    )

    first, second = sound(marked, documents="documents")
    assert (first["text"], second["text"]) == ("Ana\nHi Bob", "End")
    assert [first["text"][span["start"] : span["end"]] for span in first["token.tags"]] == [
        "Ana",
        "Bob",
    ]
    first, second = sound(newdoc, documents="documents")
    assert (first["text"], first["id"], first["sent_id"]) == ("Ana\nHi", "1", ["a", "b"])
    assert (second["text"], second["id"]) == ("End", "2")
    assert len(sound(marked)) == 3


def test_tokens_are_joined_as_the_script_wants():
    file = "東京\tB-LOC\nへ\tO\n行く\tO\n"

    (spaced,), (close,) = sound(file), sound(file, joining="none")

    assert (spaced["text"], close["text"]) == ("東京 へ 行く", "東京へ行く")
    assert spans(spaced) == spans(close) == [("東京", "LOC")]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-PER I-PER O B-PER", ["Ana Maria", "Bob"]),
        ("I-PER I-PER O I-PER", ["Ana Maria", "Bob"]),
        ("B-PER E-PER O S-PER", ["Ana Maria", "Bob"]),
        ("B-PER L-PER O U-PER", ["Ana Maria", "Bob"]),
        ("B-PER B-PER O O", ["Ana", "Maria"]),
    ],
)
def test_every_scheme_is_read_without_being_told(tags, found):
    words = zip(["Ana", "Maria", "and", "Bob"], tags.split(), strict=True)
    (values,) = sound("".join(f"{word} {tag}\n" for word, tag in words))

    assert [text for text, _ in spans(values)] == found


def test_a_broken_sequence_comes_in_repaired_and_told_by_its_line():
    (row,) = rows("Ana\tB-PER\nin\tO\nNew\tI-LOC\nYork\tI-LOC\n")

    assert spans(row.values) == [("Ana", "PER"), ("New York", "LOC")]
    assert [(note.row, note.field, note.kept) for note in row.notes] == [(3, "token.tags", True)]
    assert "I-LOC goes on where no LOC was begun" in row.notes[0].message


def test_a_scheme_that_is_told_is_kept_to():
    (problem,) = rows("Ana\tB-PER\nMaria\tE-PER\n", scheme="iob2")

    assert str(problem) == (
        "row 2, token.tags: “E-PER” is not a tag of IOB2. Choose another column or scheme."
    )


def test_columns_are_found_by_what_they_hold_or_told():
    file = "1 Ana NNP B-NP B-PER -\n2 sang VBD B-VP O -\n"

    assert spans(sound(file)[0]) == [("Ana", "PER")]
    assert spans(sound(file, tag="4")[0]) == [("Ana", "NP"), ("sang", "VP")]
    assert sound(file, token="3")[0]["text"] == "NNP VBD"
    with pytest.raises(BadFile, match=r"no column “9” for the tags.*1 to 6"):
        rows(file, tag="9")


def test_columns_that_are_left_out_are_told_once_and_kept_on_demand():
    file = "Ana NNP B-PER\n\nHi UH O\n"
    first, second = rows(file)

    (note,) = (*first.notes, *second.notes)
    assert str(note) == (
        "file: Beside the tokens and the tags, these columns were left out: 2. "
        "To keep them as metadata, set the option others to keep."
    )
    kept = rows(file, others="keep")
    assert [row.values["meta.column 2"] for row in kept] == [["NNP"], ["UH"]]
    assert not any(row.notes for row in kept)


def test_a_token_may_look_like_a_comment_and_a_comment_like_a_token():
    (values,) = sound("# text = # tag #a=b\n#\tO\ntag\tB-X\n#a=b\tO\n")
    assert values["text"] == "# tag #a=b"
    (values,) = sound("# O\n#fun B-X\n")
    assert values["text"] == "# #fun"


def test_a_text_that_is_not_its_tokens_is_told_and_kept():
    (row,) = rows("# text = Something else\nAna\tB-PER\n")

    assert row.values["text"] == "Ana"
    assert row.values["meta.text"] == "Something else"
    assert "does not hold these tokens" in row.notes[0].message


def test_no_comment_is_written_over_another():
    (values,) = sound(
        '# text = no\n# meta.text = 1\n# meta = {"text": 2}\n# meta = x\n# id = 7\n# sent_id = 8\n'
        "Ana\tO\n"
    )

    assert values == {
        "text": "Ana",
        "token.tags": [],
        "id": "8",
        "meta.text": "no",
        "meta.meta.text": 1,
        "meta": [{"text": 2}, "x"],
        "meta.id": 7,
    }


def test_words_that_share_a_surface_are_marked_as_it_stands():
    file = (
        "# text = vamos al mar\n1\tvamos\tO\n2-3\tal\t_\n2\ta\tO\n3\tel\tB-LOC\n4\tmar\tI-LOC\n"
        "4.1\tghost\t_\n"
    )
    (row,) = rows(file)

    assert row.values["text"] == "vamos al mar"
    assert spans(row.values) == [("al mar", "LOC")]
    assert "LOC marks a part of “al mar”" in row.notes[0].message


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("Ana\tB-PER\nsang\n", "row 2: This line has 1 column, the others have 2."),
        ("Ana\tB-PER\n\tO\n", "row 2, token.tags: The token of this line is empty."),
        ("Ana\tB-PER\nsang\tVBD\n", "row 2, token.tags: “VBD” is not a tag of IOB2."),
        (b"Ana\tB-PER\nb\xff\tO\n", "row 2: Byte 0xFF at position 11 of the file is not UTF-8."),
    ],
)
def test_a_broken_sentence_is_one_bad_row(file, message):
    data = file if isinstance(file, bytes) else file.encode()
    bad, good = rows(data + b"\n\nBob\tB-PER\n")

    assert isinstance(bad, Problem)
    assert str(bad).startswith(message)
    assert good.values["text"] == "Bob"


@pytest.mark.parametrize("file", ["just words\n", "one\ntwo\n", "\n\n", ""])
def test_a_file_without_tags_or_columns_is_refused(file):
    try:
        found = rows(file)
    except BadFile:
        return
    assert all(isinstance(row, Problem) for row in found)


def test_windows_line_ends_and_byte_order_marks_do_no_harm():
    (values,) = sound("\ufeff# text = Ana sang\r\nAna\tB-PER\r\nsang\tO\r\n\r\n")

    assert values["text"] == "Ana sang"
    assert spans(values) == [("Ana", "PER")]


def test_a_document_is_written_with_its_tags_and_everything_else_as_comments():
    layout = Layout(
        text_fields=("text",),
        questions=(QuestionColumn("topic", multiple=False), ENTITIES),
        split=True,
    )
    record = doc("Ana: in  New York.", (0, 3, "PER"), (9, 17, "LOC"), external_id="m 1")
    record = replace(
        record,
        answers=record.answers | {"topic": ("true",)},
        split="train",
        meta={"n": 7, "newdoc id": "d"},
    )

    data, unsaid = out_of([record], layout)
    odd, _ = out_of([replace(record, meta={"a=b": None, "n": 7})], layout)

    assert unsaid == []
    assert data == (
        "# sent_id = m 1\n# text = Ana: in  New York.\n"
        '# topic = "true"\n# split = train\n# meta.n = 7\n# newdoc id = d\n'
        "Ana\tB-PER\n:\tO\nin\tO\nNew\tB-LOC\nYork\tI-LOC\n.\tO\n\n"
    )
    assert '\n# meta = {"a=b": null, "n": 7}\n' in odd


def test_a_question_called_as_a_comment_is_told():
    layout = replace(ONE, questions=(QuestionColumn("sent_id", multiple=False), ENTITIES))
    made = [replace(doc("Ana"), answers={"sent_id": ("x",), "entities": ()})] * 2

    _, unsaid = out_of(made, layout)

    assert [(each.document, each.item) for each in unsaid] == [("", "sent_id")]


def test_spans_that_tokens_cannot_hold_are_told_one_by_one():
    record = doc(
        "Ana's in New York.",
        (0, 3, "PER"),
        (9, 17, "LOC"),
        (9, 12, "ADJ"),
        (5, 8, "X"),
        external_id="m1",
    )

    data, unsaid = out_of([record])

    assert "New\tB-LOC\nYork\tI-LOC\n" in data
    assert [(each.document, each.item) for each in unsaid] == [
        ("m1", "“Ana” (PER, 0 to 3)"),
        ("m1", "“ in” (X, 5 to 8)"),
        ("m1", "“New” (ADJ, 9 to 12)"),
    ]
    assert "inside a token" in unsaid[0].reason
    assert "white space" in unsaid[1].reason
    assert "overlaps" in unsaid[2].reason
    _, fewer = out_of([record], tokenization="characters")
    assert [each.item for each in fewer] == ["“ in” (X, 5 to 8)", "“New” (ADJ, 9 to 12)"]


def test_unanswered_documents_and_empty_ones_are_left_out_and_told():
    blank = Record(texts={"text": "Ana"}, external_id="u")

    data, unsaid = out_of([blank, doc(" \n "), doc("Bob")])

    assert data.count("\n\n") == 1
    assert [each.document for each in unsaid] == ["u", "number 2"]


def test_without_comments_what_is_lost_is_told_once_for_all():
    made = [doc("Ana  sang", external_id="1", meta={"n": 1}), doc("Bob", external_id="2")]

    data, unsaid = out_of(made, comments="no")

    assert data == "Ana\tO\nsang\tO\n\nBob\tO\n\n"
    assert [(each.document, each.item) for each in unsaid] == [
        ("", "sent_id"),
        ("", "white space"),
        ("", "meta.n"),
    ]


def test_bioes_marks_ends_and_single_tokens():
    data, _ = out_of([doc("New York or Rome", (0, 8, "LOC"), (12, 16, "LOC"))], scheme="bioes")

    assert data.endswith("New\tB-LOC\nYork\tE-LOC\nor\tO\nRome\tS-LOC\n\n")


def test_nothing_is_left_out_where_nobody_listens():
    with pytest.raises(BadFile, match="inside a token"):
        FORMATS["conll"].write([doc("Anaconda", (0, 3, "PER"))], ONE, io.BytesIO())


@pytest.mark.parametrize("options", [{"scheme": "iob7"}, {"nonsense": "x"}, {"question": "topic"}])
def test_options_that_do_not_exist_are_refused(options):
    with pytest.raises(BadFile):
        out_of([doc("Ana")], **options)


@st.composite
def sayable(draw):
    """Records whose spans are made of tokens and lie apart, so that tags can say all of them."""
    tokenization = draw(st.sampled_from(["words", "whitespace", "characters"]))
    record = draw(records())
    places = tokens_of(record.texts["text"], tokenization)
    found, at = [], 0
    while at < len(places) and draw(st.booleans()):
        first = draw(st.integers(at, len(places) - 1))
        last = draw(st.integers(first, len(places) - 1))
        label = draw(st.sampled_from(["PER", "a-b", "日本", "with space", "O"]))
        found.append(SpanValue("text", places[first][0], places[last][1], label))
        at = last + 1
    if places:
        return tokenization, replace(record, answers=record.answers | {"entities": tuple(found)})
    return tokenization, None


@patiently
@given(sayable(), st.sampled_from(["iob2", "bioes"]))
def test_what_can_be_said_comes_back_exactly(made, scheme):
    tokenization, record = made
    if record is None:
        return

    data, unsaid = out_of([record], LAYOUT, scheme=scheme, tokenization=tokenization)
    (back,) = records_in("conll", data.encode(), columns=[("entities", "token.tags")])

    assert unsaid == []
    assert content(back) == content(record)


@patiently
@given(records(awkward_text))
def test_every_span_is_in_the_file_or_told(record):
    data, unsaid = out_of([record], LAYOUT)
    if data:
        (back,) = records_in("conll", data.encode(), columns=[("entities", "token.tags")])
        kept = set(back.answers["entities"])
        assert kept <= set(record.answers["entities"])
        assert len(kept) + len(unsaid) == len(record.answers["entities"])
    else:
        assert len(unsaid) == 1


odd_lines = (
    *(b"\n", b"\n", b"\t\n", b"\r\n", b"Ana\tB-PER\n", b"b\tI-PER\n", b"c\tE-X\n", b"a b c\n"),
    *(b"1-2\tx\tO\n", b"1\ty\tS-Y\n", b"\tO\n", b"#\tO\n", b"\xff\tO\n", b"-DOCSTART- -X- O\n"),
    *(b"# text = Ana b\n", b"# text = 2\n", b"# text_json = [\n", b"# = O\n", b"# newdoc\n"),
    *(b"# meta = 1\n", b'# meta = {"text": 1}\n', b"# id = \n", b"# token.tags = []\n"),
)
lines_of_any_kind = st.lists(st.sampled_from(odd_lines) | st.binary(max_size=8)).map(b"".join)


@patiently
@given(
    lines_of_any_kind,
    st.fixed_dictionaries(
        {},
        optional={
            "documents": st.just("documents"),
            "scheme": st.sampled_from(["iob1", "iob2", "bioes"]),
            "joining": st.just("none"),
            "others": st.just("keep"),
            "token": st.sampled_from(["", "1", "2"]),
            "tag": st.sampled_from(["", "2", "3", "0", "x"]),
        },
    ),
)
def test_whatever_a_file_holds_rows_come_or_reasons_and_spans_fit_their_text(data, options):
    try:
        found = rows(data, **options)
    except BadFile:
        return
    numbers = [row.number for row in found]
    assert numbers == sorted(numbers)
    for row in found:
        if isinstance(row, Row):
            text = row.values["text"]
            for span in row.values["token.tags"]:
                assert text[span["start"] : span["end"]] == span["text"] != ""


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
@pytest.mark.parametrize(
    ("name", "sentences", "found"),
    [
        ("uner_en_ewt/en_ewt-ud-dev.iob2", 2001, None),
        ("wnut17/emerging.dev.conll", 1009, 836),
        ("wnut17/wnut17train.conll", 3394, 1975),
    ],
)
def test_real_files_are_read_whole(name, sentences, found):
    data = (DATA / name).read_bytes()
    made = rows(data)
    every = [span for row in made for span in row.values["token.tags"]]

    assert len(made) == sentences
    begun = sum(
        cell.startswith("B-")
        for line in data.decode().splitlines()
        if not line.startswith("# ")
        for cell in line.split("\t")[1:3]
    )
    assert len(every) == begun
    assert found in (None, begun)
    assert all(
        row.values["text"][span["start"] : span["end"]] == span["text"]
        for row in made
        for span in row.values["token.tags"]
    )
