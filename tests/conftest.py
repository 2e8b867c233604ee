"""The people every test knows, and the project most of them work in."""

from __future__ import annotations

import asyncio
from inspect import iscoroutinefunction

import pytest
from django.db import connection
from django.test import Client

from projects.models import Project, Question, Role, User
from tests.factories import make_member, make_project, make_question, make_user
from tests.fresh import forget


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Threads of servers under test keep connections, and PostgreSQL drops no database in use."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def _fresh_process(request):
    """What a process remembers, forgotten: ids come again in every test."""
    on_a_loop = iscoroutinefunction(request.function)
    if on_a_loop:
        request.getfixturevalue("_fresh_before_the_loop_ends")
    yield
    if not on_a_loop:
        forget()


@pytest.fixture
async def _fresh_before_the_loop_ends():
    """A thread that still has something to tell to open pages waits for the loop."""
    yield
    await asyncio.to_thread(forget)


@pytest.fixture
def project(db) -> Project:
    """One required single-choice question, `topic`: Refund, Late delivery, Praise."""
    project = make_project("Support tickets", slug="tickets")
    make_question(project)
    return project


@pytest.fixture
def question(project) -> Question:
    return project.questions.get()


@pytest.fixture
def alice(project) -> User:
    """Owns the project."""
    return make_member(project, "alice", Role.OWNER)


@pytest.fixture
def rita(project) -> User:
    """Reviews."""
    return make_member(project, "rita", Role.REVIEWER)


@pytest.fixture
def bob(project) -> User:
    """Annotates."""
    return make_member(project, "bob", Role.ANNOTATOR)


@pytest.fixture
def dora(project) -> User:
    """Annotates as well."""
    return make_member(project, "dora", Role.ANNOTATOR)


@pytest.fixture
def vera(project) -> User:
    """Only looks."""
    return make_member(project, "vera", Role.VIEWER)


@pytest.fixture
def charlie(db) -> User:
    """A stranger: signed in, member of nothing here."""
    return make_user("charlie")


@pytest.fixture
def client_of():
    """A test client signed in as this person."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
