"""The gate between challenger and champion, the way back, and two people at once."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from inference import artifacts, live
from inference.comparing.compare import compare_at_once
from inference.comparing.evidence import evidence_of, signed
from inference.comparing.figures import figures_of
from inference.models import (
    Comparison,
    Measurement,
    ModelKind,
    ModelVersion,
    Promotion,
    Stage,
)
from inference.promote import (
    NotBetter,
    Overtaken,
    Refused,
    archive,
    promote,
    rollback,
    suggested_before,
)
from inference.registry import in_use
from projects import changes
from tests.factories import make_question
from tests.inference.challengers import answered_blind, make_challenger, make_champion, say

BETTER = "It is what the customer asked for."


def right(count: int, of: int) -> list[str]:
    """Labels for documents that are all about Refund."""
    return ["Refund"] * count + ["Praise"] * (of - count)


@pytest.fixture
def documents(project, bob):
    return answered_blind(project, bob, 40)


@pytest.fixture
def champion(question, documents):
    champion = make_champion(question, name="Old")
    say(champion, documents, right(20, 40))
    return champion


def challenger_with(question, documents, count: int) -> ModelVersion:
    version = make_challenger(question, name="New")
    say(version, documents, right(count, len(documents)))
    return version


@pytest.fixture
def better(question, documents, champion):
    return challenger_with(question, documents, 36)


def stages(question) -> dict[str, str]:
    return {str(version): version.stage for version in question.model_versions.all()}


def test_a_challenger_that_wins_is_promoted_without_a_reason(question, champion, better, alice):
    row = promote(version=better, author=alice)

    assert stages(question) == {"Old 1": Stage.ARCHIVED, "New 2": Stage.CHAMPION}
    assert (row.model_version, row.replaced, row.author, row.reason) == (
        better,
        champion,
        alice,
        "",
    )
    assert in_use(question) == better


def test_the_evidence_is_kept_with_the_promotion(champion, better, alice):
    evidence = promote(version=better, author=alice).evidence
    Comparison.objects.all().delete()

    assert evidence["against"] == "Old 1"
    assert evidence["wins"] is True
    assert (evidence["difference"]["value"], evidence["difference"]["n"]) == (0.4, 40)
    assert evidence["words"].startswith(
        "New 2 is right on 40 points more of the documents than Old 1, which suggests now (95 % "
    )


def test_the_change_is_announced(project, champion, better, alice, monkeypatch):
    heard = []
    monkeypatch.setattr(changes, "listeners", [heard.append])
    from django.test import TestCase

    with TestCase.captureOnCommitCallbacks(execute=True):
        promote(version=better, author=alice)

    assert heard == [project.pk]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (10, "is right on 25 points fewer of the documents than Old 1"),
        (20, "is right on as many of the documents as Old 1"),
        (22, "is right on 5 points more of the documents than Old 1"),
    ],
    ids=["worse", "equal", "hardly better"],
)
def test_one_that_does_not_win_is_refused_with_what_is_known(
    question, documents, champion, alice, count, words
):
    version = challenger_with(question, documents, count)

    with pytest.raises(NotBetter) as refused:
        promote(version=version, author=alice)

    assert words in str(refused.value)
    assert "n = 40" in str(refused.value)
    assert stages(question)["Old 1"] == Stage.CHAMPION
    assert not Promotion.objects.exists()


def test_one_that_loses_is_promoted_for_a_written_reason(question, documents, champion, alice):
    version = challenger_with(question, documents, 10)

    row = promote(version=version, author=alice, reason=f"  {BETTER} ")

    assert row.reason == BETTER
    assert row.evidence["wins"] is False
    assert in_use(question) == version


def test_blanks_are_no_reason(question, documents, champion, alice):
    with pytest.raises(NotBetter):
        promote(version=challenger_with(question, documents, 10), author=alice, reason=" \n ")


def test_too_few_blind_answers_never_win_however_good_it_is(project, question, bob, alice):
    documents = answered_blind(project, bob, 29)
    champion = make_champion(question, name="Old")
    say(champion, documents, right(0, 29))
    version = challenger_with(question, documents, 29)

    with pytest.raises(NotBetter, match="29 of 30 blind test documents are answered, too few"):
        promote(version=version, author=alice)

    assert promote(version=version, author=alice, reason=BETTER).evidence["wins"] is False


def test_one_that_was_not_compared_needs_a_reason(question, champion, alice):
    version = make_challenger(question, name="New")

    with pytest.raises(NotBetter, match="New 2 was not compared with Old 1"):
        promote(version=version, author=alice)


def test_where_nothing_suggests_yet_a_reason_is_needed(question, alice):
    version = make_challenger(question)

    with pytest.raises(NotBetter, match="Nothing suggests for this question yet"):
        promote(version=version, author=alice)
    assert promote(version=version, author=alice, reason=BETTER).replaced is None


def test_answers_that_were_led_never_promote(project, question, champion, alice, better):
    """A contaminated figure, however good, stands beside the comparison and is not part of it."""
    Comparison.objects.all().delete()
    version = make_challenger(question, name="Flattered")
    figures = {**figures_of(question, []), "n": 500, "accuracy": {"value": 1, "low": 0.99}}
    Measurement.objects.create(
        question=question,
        model_version=version,
        version=version.version,
        documents=500,
        contaminated=True,
        figures=figures,
    )

    with pytest.raises(NotBetter, match="was not compared"):
        promote(version=version, author=alice)


def test_answers_to_documents_that_are_not_blind_are_no_evidence(
    project, question, bob, alice, champion
):
    from tests.factories import answer, make_documents

    seen = make_documents(project, *(f"open {number}" for number in range(60)))
    for document in seen:
        answer(document, bob, "Refund")
    blind = [row.document for row in champion.suggestions.select_related("document")]
    version = make_challenger(question, name="New")
    say(version, [*blind, *seen], right(20, 40) + ["Refund"] * 60)
    say(champion, seen, ["Praise"] * 60)

    with pytest.raises(NotBetter, match="n = 40"):
        promote(version=version, author=alice)


def test_it_is_compared_with_the_live_head_where_that_suggests(
    project, question, documents, alice, serving
):
    live.refresh(project)
    version = challenger_with(question, documents, 40)

    with pytest.raises(NotBetter, match="was not compared with Fake encoder live 1"):
        promote(version=version, author=alice)


def test_a_live_head_that_has_learned_much_since_is_compared_again(
    project, question, documents, alice, serving
):
    live.refresh(project)
    head = ModelVersion.objects.get()
    version = challenger_with(question, documents, 40)
    Comparison.objects.create(
        question=question,
        first=head,
        second=version,
        versions=[head.version, "2"],
        documents=40,
        figures={
            "epoch": 1,
            "learned": [100, 0],
            "main": "accuracy",
            "difference": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 40},
        },
    )
    head.parameters = {"answers": 110}
    assert evidence_of(version, head).wins

    head.parameters = {"answers": 111}
    head.save()

    assert not evidence_of(version, head).wins
    with pytest.raises(NotBetter, match="has learned from many more answers since"):
        promote(version=version, author=alice)


def test_answers_that_came_since_are_compared_before_the_gate(
    project, question, documents, champion, bob, alice
):
    version = challenger_with(question, documents, 36)
    compare_at_once(version, champion)
    more = answered_blind(project, bob, 60)
    say(version, more, right(0, 60))
    say(champion, more, right(60, 60))

    with pytest.raises(NotBetter, match="n = 100"):
        promote(version=version, author=alice)


def test_of_two_in_the_other_order_the_difference_turns(question, documents, alice):
    version = challenger_with(question, documents, 36)
    champion = make_champion(question, name="Old")
    say(champion, documents, right(20, 40))

    assert promote(version=version, author=alice).evidence["difference"]["value"] == 0.4


@pytest.mark.parametrize("kind", [ModelKind.LIVE, ModelKind.TUNED])
def test_what_moves_on_by_itself_cannot_be_promoted(question, alice, kind):
    with pytest.raises(Refused, match="only a version that stays as it is"):
        promote(version=make_challenger(question, kind=kind), author=alice, reason=BETTER)


def test_what_suggests_already_is_not_promoted_again(champion, alice):
    with pytest.raises(Refused, match="suggests already"):
        promote(version=champion, author=alice, reason=BETTER)


def test_a_reason_of_another_length_than_fits_is_refused(champion, better, alice):
    with pytest.raises(Refused, match="longer than 500"):
        promote(version=better, author=alice, reason="x" * 501)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    name, files = artifacts.keep(tmp_path)
    return {"kind": ModelKind.FOLDER, "folder": name, "files": files}


def damage(version) -> None:
    artifacts.default_storage.delete(version.folder + "config.json")


def test_damaged_files_cannot_be_promoted_for_any_reason(question, folder, champion, alice):
    version = make_challenger(question, **folder)
    damage(version)

    with pytest.raises(Refused, match=r"config.json of Topic 2 is missing"):
        promote(version=version, author=alice, reason=BETTER)
    assert in_use(question) == champion


def promoted_in_turn(question, alice, *names: str) -> list[ModelVersion]:
    versions = [make_challenger(question, name=name) for name in names]
    for version in versions:
        promote(version=version, author=alice, reason=BETTER)
    return versions


def test_a_rollback_goes_back_one_by_one_and_ends_at_the_live_head(question, alice):
    first, _ = promoted_in_turn(question, alice, "First", "Second")

    assert rollback(question=question, author=alice).model_version == first
    assert in_use(question) == first
    last = rollback(question=question, author=alice)

    assert (last.model_version, last.replaced, last.author) == (None, first, alice)
    assert stages(question) == {"First 1": Stage.ARCHIVED, "Second 2": Stage.ARCHIVED}
    with pytest.raises(Refused, match="nothing before it to go back to"):
        rollback(question=question, author=alice)
    assert Promotion.objects.count() == 4


def test_after_a_rollback_the_next_promotion_leads_back_to_where_it_was(question, alice):
    first, _ = promoted_in_turn(question, alice, "First", "Second")
    rollback(question=question, author=alice)
    [third] = promoted_in_turn(question, alice, "Third")

    assert suggested_before(question) == [None, first.pk, third.pk]
    assert rollback(question=question, author=alice).model_version == first


def test_a_version_promoted_twice_is_left_twice(question, alice):
    first, second = promoted_in_turn(question, alice, "First", "Second")
    promote(version=first, author=alice, reason=BETTER)

    assert rollback(question=question, author=alice).model_version == second
    assert rollback(question=question, author=alice).model_version == first


def test_a_rollback_passes_over_what_is_damaged(question, folder, alice):
    damaged = make_challenger(question, name="Damaged", **folder)
    promote(version=damaged, author=alice, reason=BETTER)
    promoted_in_turn(question, alice, "Second")
    damage(damaged)

    row = rollback(question=question, author=alice)

    assert row.model_version is None
    assert row.evidence["passed_over"] == ["config.json of Damaged 1 is missing. Restore it."]


def test_promotions_of_another_question_stay(project, question, alice):
    [mine] = promoted_in_turn(question, alice, "Mine")
    other = make_question(project, "mood")
    promoted_in_turn(other, alice, "Other")

    rollback(question=other, author=alice)

    assert in_use(question) == mine


def test_who_decides_on_a_page_that_is_old_is_told(question, champion, better, alice):
    with pytest.raises(Overtaken, match="Old 1 suggests now"):
        promote(version=better, author=alice, instead_of=7)
    promote(version=better, author=alice, instead_of=champion.number)
    with pytest.raises(Overtaken, match="New 2 suggests now"):
        rollback(question=question, author=alice, instead_of=champion.number)


def test_a_second_click_does_not_go_back_twice(question, alice):
    first, second = promoted_in_turn(question, alice, "First", "Second")
    rollback(question=question, author=alice, instead_of=second.number)

    with pytest.raises(Overtaken):
        rollback(question=question, author=alice, instead_of=second.number)
    assert in_use(question) == first


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins_and_the_other_is_told(question, alice):
    champion = make_champion(question, name="Old")
    versions = [make_challenger(question, name=name) for name in ("A", "B", "C", "D")]

    def attempt(version):
        try:
            promote(version=version, author=alice, reason=BETTER, instead_of=champion.number)
        except Overtaken as told:
            return str(told)
        finally:
            connection.close()
        return "promoted"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(attempt, versions))

    assert told.count("promoted") == 1
    assert all("Somebody has changed meanwhile" in one for one in told if one != "promoted")
    assert question.model_versions.filter(stage=Stage.CHAMPION).count() == 1
    assert Promotion.objects.count() == 1


def test_only_challengers_are_archived(question, champion):
    version = make_challenger(question)

    archive(version)

    version.refresh_from_db()
    assert version.stage == Stage.ARCHIVED
    with pytest.raises(Refused, match="is no challenger"):
        archive(version)
    with pytest.raises(Refused, match="is no challenger"):
        archive(champion)


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("promote_model", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_promotes_what_wins(question, champion, better):
    assert "New 2 suggests now" in command("tickets", "2")
    assert in_use(question) == better


def test_the_command_says_why_it_does_not(question, champion):
    make_challenger(question, name="New")

    with pytest.raises(CommandError, match="Write down why"):
        command("tickets", "2")
    command("tickets", "2", "--reason", BETTER)
    assert Promotion.objects.get().reason == BETTER


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "1"], "There is no project “nowhere”."),
        (["tickets", "9"], "There is no version 9 for “topic”."),
        (["tickets", "1", "--question", "mood"], "There is no question “mood”."),
    ],
)
def test_the_command_says_what_it_does_not_find(question, arguments, words):
    with pytest.raises(CommandError, match=words):
        command(*arguments)


def test_the_command_asks_which_question_where_there_are_several(project, question):
    make_question(project, "mood")

    with pytest.raises(CommandError, match="Say which with --question: topic, mood"):
        command("tickets", "1")


@pytest.mark.parametrize(("share", "said"), [(-0.0001, "0"), (0.0001, "0"), (0.012, "+1.2")])
def test_nothing_is_less_than_nothing(share, said):
    assert signed(share) == said
