"""Tags and the chunks they stand for; no file, no database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.formats.tags import BIOES, IOB1, IOB2, BadTag, Chunk, decode, encode, scheme_of


@st.composite
def chunked(draw):
    """A number of tokens and chunks that do not overlap."""
    chunks, place = [], 0
    for gap, length, label in draw(
        st.lists(
            st.tuples(
                st.integers(0, 3), st.integers(1, 4), st.sampled_from(["PER", "ORG", "a-b", "O"])
            )
        )
    ):
        chunks.append(Chunk(place + gap, place + gap + length, label))
        place += gap + length
    return place + draw(st.integers(0, 3)), chunks


@pytest.mark.parametrize("scheme", [IOB2, BIOES])
@given(chunked())
def test_chunks_come_back_from_their_tags(scheme, tokens):
    length, chunks = tokens
    tags = encode(chunks, length, scheme)

    assert len(tags) == length
    assert decode(tags, scheme) == (chunks, [])


@given(st.lists(st.sampled_from(["O", "_", "B-X", "I-X", "I-Y", "E-X", "S-Y", "L-Y", "U-X"])))
def test_every_tagged_token_lies_in_one_chunk(tags):
    chunks, _ = decode(tags, BIOES)
    covered = [place for chunk in chunks for place in range(chunk.first, chunk.after)]

    assert covered == [place for place, tag in enumerate(tags) if tag not in "O_"]


@pytest.mark.parametrize(
    ("scheme", "tags", "chunks", "repaired"),
    [
        (IOB2, "O I-X I-X", [(1, 3, "X")], [1]),
        (IOB2, "B-X I-Y", [(0, 1, "X"), (1, 2, "Y")], [1]),
        (IOB2, "B-X B-X I-X", [(0, 1, "X"), (1, 3, "X")], []),
        (IOB1, "I-X I-X B-X", [(0, 2, "X"), (2, 3, "X")], []),
        (IOB1, "I-X I-Y O I-Y", [(0, 1, "X"), (1, 2, "Y"), (3, 4, "Y")], []),
        (BIOES, "B-X I-X E-X S-X", [(0, 3, "X"), (3, 4, "X")], []),
        (BIOES, "B-X L-X U-Y", [(0, 2, "X"), (2, 3, "Y")], []),
        (BIOES, "B-X O", [(0, 1, "X")], [0]),
        (BIOES, "O E-X", [(1, 2, "X")], [1]),
        (BIOES, "I-X E-X", [(0, 2, "X")], [0]),
        (BIOES, "B-X S-X", [(0, 1, "X"), (1, 2, "X")], [0]),
    ],
)
def test_a_broken_sequence_is_repaired_and_told(scheme, tags, chunks, repaired):
    found, repairs = decode(tags.split(), scheme)

    assert [tuple(chunk) for chunk in found] == chunks
    assert [repair.token for repair in repairs] == repaired


@pytest.mark.parametrize("tag", ["NN", "B", "B-", "X-PER", "b-PER", "", "E-PER"])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(BadTag):
        decode(["O", tag], IOB2)


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        ([], IOB2),
        (["O O"], IOB2),
        (["B-X I-X O"], IOB2),
        (["O I-X I-X", "I-X B-X"], IOB1),
        (["I-X O", "B-X O"], IOB2),
        (["B-X I-X", "O S-X"], BIOES),
        (["B-X L-X"], BIOES),
    ],
)
def test_the_scheme_is_seen_in_the_tags(sentences, scheme):
    assert scheme_of(sentence.split() for sentence in sentences) == scheme
