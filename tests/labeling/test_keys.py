import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.keys import RESERVED, keys_for
from projects.models import Label


def labels(*hotkeys):
    return [Label(pk=number, hotkey=key) for number, key in enumerate(hotkeys, 1)]


def test_labels_get_figures_then_letters():
    assert list(keys_for(labels(*[""] * 11)).values()) == [*"123456789", "a", "b"]


def test_the_owners_choice_comes_first():
    assert keys_for(labels("", "1", "r")) == {1: "2", 2: "1", 3: "r"}


@given(st.lists(st.sampled_from(["", "1", "5", "a", "R"]), max_size=80))
def test_no_key_is_given_twice_unless_the_owner_did(hotkeys):
    keys = keys_for(labels(*hotkeys))
    given_out = [key for pk, key in keys.items() if key and not hotkeys[pk - 1]]

    assert len(given_out) == len(set(given_out))
    assert not set(given_out) & {key.lower() for key in hotkeys}


@pytest.mark.parametrize("reserved", sorted(RESERVED))
def test_keys_of_the_page_are_never_given_to_labels(reserved):
    assert reserved not in keys_for(labels(*[""] * 60)).values()
