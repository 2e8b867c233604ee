import pytest

from labeling.models import Slot
from labeling.queue import lease_next
from labeling.skip import SkipReason, skip
from labeling.submit import Submission
from projects.models import Document, Project
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db

PAGE = "/projects/tickets/settings/queue"


def change(client, per_cent, **more):
    form = {"overlap": "1", "queue_order": "random", "reserve_percent": f"{per_cent}"}
    return client.post(PAGE, {**form, "confirmed": f"1 random {per_cent}", **more})


def membership():
    rows = Document.objects.order_by("pk")
    return list(rows.values_list("in_reserve", "reserve_epoch"))


@pytest.mark.parametrize(("per_cent", "inside"), [(100, True), (0, False)])
def test_documents_that_nobody_has_begun_draw_again(client_of, project, alice, per_cent, inside):
    make_documents(project, count=3, in_reserve=not inside)

    change(client_of(alice), per_cent)

    project.refresh_from_db()
    assert (project.reserve, project.reserve_epoch) == (per_cent / 100, 2)
    assert membership() == [(inside, 2)] * 3
    assert set(Slot.objects.values_list("in_reserve", flat=True)) == {inside}


def test_the_lot_is_a_fair_one_also_of_what_the_order_left_over(
    client_of, project, alice, monkeypatch
):
    """Half of a random queue answered leaves high coins of order: none may be shut out."""
    tosses = iter([0.1, 0.9, 0.29, 0.3])
    monkeypatch.setattr("labeling.change_reserve.toss", lambda: next(tosses))
    make_documents(project, count=4, order_coin=0.9)

    change(client_of(alice), 30)

    assert [inside for inside, _ in membership()] == [True, False, True, False]


def test_what_somebody_began_stays_in_its_epoch(client_of, project, alice, bob, dora):
    answered, skipped, _held, split, free = make_documents(project, count=5)
    Document.objects.filter(pk=split.pk).update(imported_split="train")
    answer(answered, bob, "Refund")
    skip(
        document=skipped,
        annotator=bob,
        reason=SkipReason.OTHER,
        note="",
        submission=Submission(client_id="00000000-0000-4000-8000-000000000001"),
    )
    Slot.objects.filter(document__in=[skipped, split, free]).update(rank=2)
    lease_next(project=project, annotator=dora)

    change(client_of(alice), 100)

    assert membership() == [(False, 1)] * 4 + [(True, 2)]
    assert Slot.objects.get(in_reserve=True).document == free


def test_blind_or_open_stays_as_it_fell(client_of, project, alice):
    coins = [document.display_coin for document in make_documents(project, count=3)]

    change(client_of(alice), 100)

    assert [document.display_coin for document in Document.objects.order_by("pk")] == coins


def test_documents_that_come_to_the_reserve_are_served_at_random(client_of, project, alice):
    project.queue_order = "imported"
    project.save()
    [document] = make_documents(project, count=1)

    change(client_of(alice), 100, queue_order="imported", confirmed="1 imported 100")

    assert document.slots.get().rank == document.order_coin


def test_a_share_between_two_per_cents_is_left_alone(client_of, project, alice):
    Project.objects.update(reserve=0.125)

    change(client_of(alice), 12, overlap="2", confirmed="2 random 12")

    project.refresh_from_db()
    assert (project.reserve, project.reserve_epoch, project.overlap) == (0.125, 1, 2)


def test_the_page_says_what_a_new_share_means(client_of, project, alice, bob):
    for document in make_documents(project, count=4)[:1]:
        answer(document, bob, "Refund")

    page = change(client_of(alice), 50, confirmed="").content.decode()

    assert "3 documents that nobody has begun draw a new lot; about 2 of them" in page
    assert "never mixed across epochs" in page
    assert Project.objects.get().reserve_epoch == 1


def test_without_documents_it_is_just_saved(client_of, project, alice):
    response = change(client_of(alice), 40, confirmed="")

    project.refresh_from_db()
    assert response.status_code == 302
    assert (project.reserve, project.reserve_epoch) == (0.4, 2)
