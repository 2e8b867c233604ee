"""The pages of versions: the list, one, two side by side; who may act there."""

from __future__ import annotations

import re
import uuid

import pytest

from inference.comparing.compare import compare_at_once
from inference.comparing.job import KIND as COMPARE
from inference.effect.page import effect_figures
from inference.evaluating.job import KIND as EVALUATE
from inference.models import Comparison, Measurement, ModelKind, ModelVersion, Promotion, Stage
from inference.promote import promote
from inference.registry import in_use
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects.models import DocumentState, JobState
from tests.factories import make_documents, make_question
from tests.inference.challengers import answered_blind, make_challenger, make_champion, say

REGISTRY = "/projects/tickets/models/versions/"
COMPARE_PAGE = "/projects/tickets/models/topic/compare/"
HTMX = {"HX-Request": "true"}
NBSP = "\N{NO-BREAK SPACE}"


def version_url(number: int, act: str = "") -> str:
    return f"/projects/tickets/models/topic/{number}/{act}"


def estimate(value: float, n: int) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "n": n}


def measured_led(version, value: float, n: int) -> None:
    Measurement.objects.create(
        question=version.question,
        model_version=version,
        version=version.version,
        documents=n,
        contaminated=True,
        figures={"accuracy": estimate(value, n)},
    )


@pytest.fixture
def documents(project, bob):
    return answered_blind(project, bob, 40)


@pytest.fixture
def champion(question, documents):
    champion = make_champion(question, name="Old")
    say(champion, documents, ["Refund"] * 20 + ["Praise"] * 20)
    return champion


@pytest.fixture
def better(question, documents, champion):
    version = make_challenger(question, name="New")
    say(version, documents, ["Refund"] * 38 + ["Praise"] * 2)
    return version


@pytest.fixture
def worse(question, documents, champion):
    version = make_challenger(question, name="Worse")
    say(version, documents, ["Refund"] * 5 + ["Praise"] * 35)
    return version


def read(client, url, **parameters) -> str:
    response = client.get(url, parameters)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("page", [REGISTRY, COMPARE_PAGE, version_url(2)])
@pytest.mark.parametrize(
    ("person", "status"),
    [("alice", 200), ("rita", 200), ("bob", 200), ("vera", 200), ("charlie", 404)],
)
def test_every_member_may_read(request, client_of, better, person, status, page):
    assert client_of(request.getfixturevalue(person)).get(page).status_code == status


ACTS = [
    version_url(2, "promote/"),
    version_url(2, "archive/"),
    version_url(2, "evaluate/"),
    "/projects/tickets/models/topic/rollback/",
    COMPARE_PAGE + "run/",
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("person", "status"), [("rita", 403), ("bob", 403), ("charlie", 404)])
def test_only_owners_act(request, client_of, better, person, status, act):
    assert client_of(request.getfixturevalue(person)).post(act).status_code == status
    assert not Promotion.objects.exists()


@pytest.mark.parametrize("act", ACTS)
def test_reading_acts_on_nothing(client_of, better, alice, act):
    assert client_of(alice).get(act).status_code == 405


@pytest.mark.parametrize("act", ACTS)
def test_a_question_of_another_project_is_not_found(client_of, better, alice, act):
    assert client_of(alice).post(act.replace("/topic/", "/mood/")).status_code == 404


@pytest.mark.parametrize("others", [0, 2], ids=["one row", "three rows"])
def test_the_list_costs_the_same_however_many_versions(
    client_of, project, question, alice, others, django_assert_num_queries
):
    versions = [make_challenger(question) for _ in range(1 + others)]
    for version in versions:
        measured_led(version, 0.9, 40)
        project.jobs.create(kind=EVALUATE, params={"version": version.pk}, state=JobState.DONE)
        promote(version=version, author=alice, reason="It is new.")
    for version in versions[:-1]:
        compare_at_once(version, versions[-1])
    client = client_of(alice)
    read(client, REGISTRY)  # which has what suggests measured

    # session, user, membership, questions, what suggests, the live head beside it (twice),
    # versions, comparisons, contaminated, jobs, measuring, whether that is under way or was just
    # now, promotions
    with django_assert_num_queries(15):
        page = read(client, REGISTRY)

    assert page.count('data-name="Contaminated"') == 2 + others  # and the live head


def test_a_project_without_versions_or_questions_says_so(client_of, question, alice):
    assert "There is no version yet." in read(client_of(alice), REGISTRY)

    question.delete()

    assert "There is no question to suggest for." in read(client_of(alice), REGISTRY)


def test_each_question_has_its_own_versions(client_of, project, question, better, alice):
    make_question(project, "mood", labels=["Glad", "Angry"])
    client = client_of(alice)

    assert "Nothing suggests for “Mood” yet" in read(client, REGISTRY, question="mood")
    assert "Old 1 suggests for “Topic”" in read(client, REGISTRY, question="topic")
    assert client.get(REGISTRY, {"question": "colour"}).status_code == 404


def test_the_contaminated_figure_stands_apart(client_of, question, better, alice):
    ModelVersion.objects.filter(pk=better.pk).update(metrics={"accuracy": estimate(0.8, 40)})
    measured_led(better, 0.95, 120)

    page = read(client_of(alice), REGISTRY)

    assert f"<b>80{NBSP}%</b><small>75 to 85, n = 40</small>" in page
    assert f"95{NBSP}%<small>90 to 100, n = 120</small>" in page
    assert "answers that were made while suggestions were visible" in page
    version = read(client_of(alice), version_url(2))
    assert "never counts for a promotion" in version


def test_a_figure_of_few_documents_is_not_printed(client_of, question, alice):
    make_challenger(question, metrics={"accuracy": estimate(0.8, 29)})

    page = read(client_of(alice), REGISTRY)

    assert f"80{NBSP}%" not in page
    assert "<small>n = 29</small>" in page


def test_the_list_says_who_wins_and_proposes_no_other(
    client_of, champion, better, worse, alice, bob
):
    for version in (better, worse):
        compare_at_once(champion, version)

    page = read(client_of(alice), REGISTRY)

    assert re.findall(r'chip (?:good|bad)">([^<]+)<', page) == ["Loses", "Wins"]
    assert "+45 points (" in page
    assert f"{version_url(2)}#promote" in page
    assert f"{version_url(3)}#promote" not in page
    assert "#promote" not in read(client_of(bob), REGISTRY)


def test_owners_see_what_they_can_do_and_others_do_not(client_of, better, alice, bob):
    mine, theirs = read(client_of(alice), REGISTRY), read(client_of(bob), REGISTRY)

    assert "rollback/" in mine
    assert "archive/" in mine
    assert "rollback/" not in theirs
    assert "archive/" not in theirs


def test_the_list_follows_a_version_that_is_being_measured(client_of, project, better, alice):
    job = project.jobs.create(
        kind=EVALUATE,
        params={"version": better.pk},
        state=JobState.RUNNING,
        progress_done=3,
        progress_total=40,
    )
    client = client_of(alice)

    assert 'hx-trigger="every 2s"' in read(client, REGISTRY)
    part = client.get(REGISTRY, headers=HTMX).content.decode()
    assert part.lstrip().startswith('<div id="versions"')
    assert "Measuring, 3 of 40" in part

    job.state, job.error = JobState.FAILED, "The endpoint says nothing."
    job.save()
    after = client.get(REGISTRY, headers=HTMX).content.decode()
    assert "hx-trigger" not in after
    assert "The endpoint says nothing." in after


def test_a_winner_is_promoted_with_one_click(client_of, question, champion, better, alice):
    compare_at_once(champion, better)
    client = client_of(alice)
    page = read(client, version_url(2))
    assert "It is ready to suggest" in page
    assert "It wins." in page

    response = client.post(version_url(2, "promote/"), {"instead_of": "1"}, follow=True)

    assert response.redirect_chain == [(f"{REGISTRY}?question=topic", 302)]
    page = response.content.decode()
    assert "New 2 suggests for “Topic”" in page
    assert "Known then: New 2 is right on 45 points more" in page
    assert in_use(question) == better


def test_what_does_not_win_is_said_not_to_and_not_proposed(
    client_of, question, champion, worse, alice
):
    compare_at_once(champion, worse)
    client = client_of(alice)

    page = read(client, version_url(2))
    assert "Not better than what suggests now" in page
    assert "It loses." in page
    assert "button primary" not in page

    response = client.post(version_url(2, "promote/"), {"instead_of": "1"})
    assert response.status_code == 422
    assert "Write down why it should suggest" in response.content.decode()
    assert in_use(question) == champion


def test_with_a_written_reason_it_is_promoted_and_the_reason_is_shown(
    client_of, champion, worse, alice
):
    given = {"instead_of": "1", "reason": "Its <errors> are cheaper."}

    response = client_of(alice).post(version_url(2, "promote/"), given, follow=True)

    assert "Reason: <q>Its &lt;errors&gt; are cheaper.</q>" in response.content.decode()


def test_who_promotes_from_an_old_page_is_told(client_of, question, better, alice):
    response = client_of(alice).post(version_url(2, "promote/"), {"instead_of": "9"})

    assert response.status_code == 422
    assert "Somebody has changed meanwhile" in response.content.decode()


def test_a_rollback_is_one_click(client_of, question, champion, better, alice):
    promote(version=better, author=alice)
    url = "/projects/tickets/models/topic/rollback/"
    client = client_of(alice)

    page = client.post(url, {"instead_of": "2"}, follow=True).content.decode()

    assert "Back to what was: the live head." in page
    assert "Rolled back from New 2 to the live head" in page
    again = client.post(url, {"instead_of": "2"}, follow=True).content.decode()
    assert "Somebody has changed meanwhile" in again


def test_a_challenger_is_archived_and_a_champion_is_not(client_of, champion, better, alice):
    client = client_of(alice)

    client.post(version_url(2, "archive/"))
    refused = client.post(version_url(1, "archive/"), follow=True).content.decode()

    better.refresh_from_db()
    assert better.stage == Stage.ARCHIVED
    assert "Old 1 is no challenger" in refused


def test_measuring_again_is_a_job_for_what_is_fixed(client_of, project, question, better, alice):
    make_challenger(question, kind=ModelKind.LIVE, name="Live")
    client = client_of(alice)

    client.post(version_url(2, "evaluate/"))
    client.post(version_url(3, "evaluate/"))

    assert [job.params for job in project.jobs.filter(kind=EVALUATE)] == [{"version": better.pk}]


def test_a_version_shows_its_files_and_how_it_was_made(client_of, question, alice):
    make_challenger(
        question,
        kind=ModelKind.FOLDER,
        folder="models/x/",
        files={"model.safetensors": "ab" * 32},
        parameters={"seed": 7, "labels": [1, 2]},
        environment={"torch": "2.9"},
        comment="From last year.",
    )

    page = read(client_of(alice), version_url(1))

    assert f"<dt>model.safetensors</dt><dd><code>{'ab' * 32}</code></dd>" in page
    assert "<dt>Seed</dt><dd>7</dd>" in page
    assert "<dt>torch</dt><dd>2.9</dd>" in page
    assert "From last year." in page
    assert "Not measured yet." in page


def test_the_quality_page_shows_what_suggests_and_no_challenger(
    client_of, project, question, better, champion, alice
):
    from inference.measuring.measure import figures_of

    for version, contaminated in ((champion, False), (champion, True), (better, False)):
        for served in (False, True):
            effect = {"effect": effect_figures(question)} if served else {}
            Measurement.objects.create(
                question=question,
                model_version=version,
                version=f"{version.version}{' as suggested' if served else ''}",
                documents=0,
                contaminated=contaminated,
                figures={"event": 0, **effect, **figures_of(question, {}, ([], {}), [])},
            )

    page = read(client_of(alice), "/projects/tickets/models/")

    assert "version 1 as suggested, which had learned" in page
    assert "people see: Old 1, which somebody promoted" in page


def test_two_known_versions_are_compared_at_once(client_of, champion, better, alice):
    given = {"first": "2", "second": "1"}

    response = client_of(alice).post(COMPARE_PAGE + "run/", given, follow=True)

    page = response.content.decode()
    assert response.redirect_chain == [(f"{COMPARE_PAGE}?first=1&second=2", 302)]
    assert "New 2 is better than Old 1" in page
    assert "+45 points" in page
    assert Comparison.objects.count() == 1


def test_what_was_not_asked_yet_is_compared_by_a_job(client_of, project, champion, question, alice):
    make_challenger(question, name="New")
    client = client_of(alice)

    page = client.post(
        COMPARE_PAGE + "run/", {"first": "1", "second": "2"}, follow=True
    ).content.decode()

    job = project.jobs.get(kind=COMPARE)
    assert job.is_finished
    assert job.error
    assert "They could not be compared." in page


def test_the_page_follows_a_comparison_under_way(client_of, project, champion, better, alice):
    project.jobs.create(
        kind=COMPARE,
        params={"first": champion.pk, "second": better.pk},
        state=JobState.RUNNING,
        message="Asking New 2",
    )
    client = client_of(alice)

    part = client.get(COMPARE_PAGE, headers=HTMX).content.decode()

    assert part.lstrip().startswith('<div id="compared"')
    assert 'hx-trigger="every 2s"' in part
    assert "Asking New 2" in part


def test_too_few_documents_are_no_verdict(client_of, project, question, bob, alice):
    documents = answered_blind(project, bob, 3)
    champion, version = make_champion(question, name="Old"), make_challenger(question, name="New")
    for one in (champion, version):
        say(one, documents, ["Refund"] * 3)
    compare_at_once(champion, version)

    page = read(client_of(alice), COMPARE_PAGE)

    assert "Too early to tell New 2 from Old 1" in page
    assert "3 of 30 blind test documents are answered." in page
    assert "points" not in page.split("Label by label")[0]


@pytest.mark.parametrize(
    ("first", "second"), [("1", "1"), ("1", "9"), ("x", "y")], ids=["same", "gone", "no numbers"]
)
def test_a_pair_that_is_none_is_no_error(client_of, champion, better, alice, first, second):
    client = client_of(alice)

    assert "There is nothing to compare yet" in read(
        client, COMPARE_PAGE, first=first, second=second
    )
    given = {"first": first, "second": second}
    assert client.post(COMPARE_PAGE + "run/", given).status_code == 302


def test_who_may_read_documents_sees_where_they_differ(
    client_of, documents, champion, better, alice, rita, bob
):
    compare_at_once(champion, better)

    for person in (alice, rita):
        page = read(client_of(person), COMPARE_PAGE)
        assert "18 of 40 documents." in page
        assert f"/documents/{documents[20].pk}/" in page
        assert "ticket 20" in page
    page = read(client_of(bob), COMPARE_PAGE)
    assert "ticket 20" not in page
    assert "/documents/" not in page.split("<main")[1]
    assert "Owners and reviewers see which." in page


def test_documents_that_somebody_may_be_asked_about_are_held_back(
    client_of, documents, champion, better, alice
):
    compare_at_once(champion, better)
    for document in documents[20:22]:
        document.state = DocumentState.OPEN
        document.save()

    page = read(client_of(alice), COMPARE_PAGE)

    assert "2 of them are not listed" in page
    assert f"/documents/{documents[20].pk}/" not in page
    assert f"/documents/{documents[22].pk}/" in page


def test_differing_documents_are_paged(client_of, champion, better, alice, monkeypatch):
    monkeypatch.setattr("inference.comparing.page.PAGE_SIZE", 10)
    compare_at_once(champion, better)
    client = client_of(alice)

    assert "ticket 30" not in read(client, COMPARE_PAGE)
    assert "ticket 30" in read(client, COMPARE_PAGE, page="2")


@pytest.mark.parametrize("differing", [1, 3])
def test_the_comparison_costs_the_same_however_many_documents(
    client_of, question, documents, champion, alice, differing, django_assert_num_queries
):
    version = make_challenger(question, name="New")
    said = ["Refund"] * (20 + differing) + ["Praise"] * (20 - differing)
    say(version, documents, said)
    compare_at_once(champion, version)
    client = client_of(alice)

    # session, user, membership, question, labels, versions, what suggests, comparison, job,
    # the live head beside the champion (by which the pair is chosen, and told of), documents that
    # are closed, those of the page
    with django_assert_num_queries(13):
        assert f"{differing} of 40 documents." in read(client, COMPARE_PAGE)


def test_spans_are_compared_by_their_borders_and_shown_in_words(
    client_of, project, question, bob, alice
):
    question.delete()
    names = make_question(project, "names", labels=["Person"], kind="span")
    person = names.labels.get().pk
    documents = make_documents(project, "Ada met Grace", imported_split="test")
    submit(
        document=documents[0],
        annotator=bob,
        chosen={names.pk: [Span("text", 0, 3, person)]},
        submission=Submission(client_id=uuid.uuid4()),
    )
    champion, version = make_champion(names, name="Old"), make_challenger(names, name="New")
    for one, (start, end) in ((champion, (8, 13)), (version, (0, 3))):
        item = {"label": person, "score": 0.9, "offered": True, "field": "text"}
        documents[0].suggestions.create(
            question=names,
            model_version=one,
            version=one.version,
            items=[{**item, "start": start, "end": end}],
        )

    comparison = compare_at_once(champion, version)
    page = read(client_of(alice), "/projects/tickets/models/names/compare/")

    assert comparison.figures["main"] == "micro_f1"
    assert comparison.figures["difference"]["value"] == 1
    assert (comparison.figures["wins"], comparison.figures["losses"]) == (1, 0)
    assert "<q>Grace</q>" in page
    assert "<q>Ada</q>" in page


def test_wins_and_losses_are_counted_label_by_label(project, question, bob):
    documents = answered_blind(project, bob, 4, "Refund", "Praise")
    champion, version = make_champion(question, name="Old"), make_challenger(question, name="New")
    say(champion, documents, ["Refund", "Refund", "Refund", "Praise"])
    say(version, documents, ["Praise", "Praise", "Refund", ""])

    figures = compare_at_once(champion, version).figures

    rows = {row["label"]: row for row in figures["labels"]}
    refund, praise = (question.labels.get(name=name).pk for name in ("Refund", "Praise"))
    assert (rows[refund]["wins"], rows[refund]["losses"], rows[refund]["answered"]) == (0, 1, 2)
    assert (rows[praise]["wins"], rows[praise]["losses"], rows[praise]["said"]) == (1, 1, [1, 2])
    assert (figures["wins"], figures["losses"], figures["both"], figures["neither"]) == (1, 2, 1, 0)
