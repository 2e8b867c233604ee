from __future__ import annotations

import numpy as np
import pytest

from inference.opening import Opened
from inference.suggesting import with_withheld
from labeling.models import Exposure, Origin
from labeling.provenance import with_provenance
from tests.factories import make_documents

ITEMS = [
    {"label": 1, "score": 0.6, "offered": True},
    {"label": 2, "score": 0.3, "offered": False},
]


@pytest.fixture
def opened(project):
    def make(hidden=(), suggest_from=None) -> Opened:
        project.suggest_from = suggest_from
        project.save()
        [document] = make_documents(project, count=1)
        document.project = project
        return Opened(document, "fake", np.zeros(2), hidden=frozenset(hidden))

    return make


def shown(items, opened, *, several=False) -> list[int]:
    marked = with_withheld(items, opened, several=several)
    assert [item["label"] for item in marked] == [item["label"] for item in items]
    return [item["label"] for item in marked if not item.get("withheld")]


def test_without_a_wish_of_the_owner_all_is_shown_as_computed(opened):
    assert with_withheld(ITEMS, opened(), several=False) == ITEMS
    assert with_withheld([], opened(hidden=[1], suggest_from=0.5), several=False) == []


def test_the_second_is_not_shown_as_if_it_were_the_first(opened):
    assert shown(ITEMS, opened(hidden=[1])) == []
    assert shown(ITEMS, opened(hidden=[2])) == [1]


def test_where_the_first_is_too_unlikely_nothing_is_shown(opened):
    assert shown(ITEMS, opened(suggest_from=0.61)) == []
    assert shown(ITEMS, opened(suggest_from=0.6)) == [1, 2]


def test_of_several_each_is_withheld_by_itself(opened):
    assert shown(ITEMS, opened(suggest_from=0.5), several=True) == [1]
    assert shown(ITEMS, opened(hidden=[1]), several=True) == [2]


def test_what_was_withheld_was_never_accepted():
    exposure = Exposure(items=[{**ITEMS[0], "withheld": True}, ITEMS[1]], model_version="live 3")

    [item] = with_provenance([1], exposure, {}, several=True)
    assert item["origin"] == Origin.MANUAL
    assert item["suggested"] is None
