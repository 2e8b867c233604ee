from datetime import timedelta

import pytest
from django.utils import timezone

from labeling import presence
from labeling.models import Presence, Slot
from labeling.queue import GRACE, LEASE, lease_next
from projects.models import Membership, Role
from tests.factories import make_documents

pytestmark = pytest.mark.django_db


@pytest.fixture
def leased(project, bob):
    make_documents(project, count=1)
    lease_next(project=project, annotator=bob)
    return {"project_id": project.pk, "user_id": bob.pk}


def seconds_left():
    return (Slot.objects.leased().get().leased_until - timezone.now()).total_seconds()


def test_the_last_socket_leaves_a_short_grace(leased):
    presence.joined(**leased, channel="one")

    presence.left(**leased, channel="one")

    assert seconds_left() <= GRACE.total_seconds()


def test_closing_one_of_two_tabs_frees_nothing(leased):
    presence.joined(**leased, channel="one")
    presence.joined(**leased, channel="two")

    presence.left(**leased, channel="one")

    assert seconds_left() > GRACE.total_seconds()


def test_coming_back_in_time_keeps_the_lease(leased):
    presence.joined(**leased, channel="one")
    presence.left(**leased, channel="one")

    presence.joined(**leased, channel="again")

    assert seconds_left() > GRACE.total_seconds()


def test_a_socket_that_never_said_goodbye_is_forgotten(leased):
    presence.joined(**leased, channel="killed")
    Presence.objects.update(seen_at=timezone.now() - LEASE)
    presence.joined(**leased, channel="one")

    presence.left(**leased, channel="one")

    assert seconds_left() <= GRACE.total_seconds()


def test_a_ping_extends_the_lease(leased):
    presence.joined(**leased, channel="one")
    Slot.objects.update(leased_until=timezone.now() + timedelta(seconds=1))

    assert presence.renew(**leased, channel="one")

    assert seconds_left() > GRACE.total_seconds()


@pytest.mark.parametrize("what", ["removed", "viewer", "inactive"])
def test_who_may_no_longer_label_is_told_so(leased, bob, what):
    presence.joined(**leased, channel="one")
    if what == "removed":
        Membership.objects.all().delete()
    elif what == "viewer":
        Membership.objects.update(role=Role.VIEWER)
    else:
        bob.is_active = False
        bob.save()

    assert not presence.renew(**leased, channel="one")
