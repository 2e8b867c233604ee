"""The database of a release, brought up to date: nothing is lost, and people go on working."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path
from secrets import token_hex

import pytest
from django.db import connection

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FIRST = {"projects": "0002", "labeling": "0002", "corpus": "0001", "inference": "0001"}
GROWS = {
    "django_migrations",  # by what was just applied
    "django_content_type",  # by tables that are new
    "auth_permission",  # by the same
    "sqlite_sequence",
}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The folder that a server of the first release left behind."""
    folder = tmp_path_factory.mktemp("first-release")
    with tarfile.open(HERE / "first_release.tgz") as tar:
        tar.extractall(folder, filter="data")
    shutil.copy(folder / "db.sqlite3", folder / "as-it-was.sqlite3")
    return folder


@pytest.fixture(scope="module")
def upgraded(release):
    return today(release, f"sqlite:///{release / 'db.sqlite3'}")


@pytest.fixture(scope="module")
def upgraded_on_postgresql(release, upgraded, django_db_setup, django_db_blocker):
    """The same release, had its people used PostgreSQL."""
    if connection.vendor != "postgresql":
        pytest.skip("needs DATABASE_URL=postgres://…")
    name = f"upgrade_{token_hex(6)}"
    with django_db_blocker.unblock():
        run_sql(f"CREATE DATABASE {name}")
    base, _, _ = os.environ["DATABASE_URL"].partition("?")
    url = f"{base.rsplit('/', 1)[0]}/{name}"
    # The files are the same ones, so they go back to what they were before the first upgrade.
    folder = release.with_name("on-postgresql")
    with tarfile.open(HERE / "first_release.tgz") as tar:
        tar.extractall(folder, filter="data")
    source = str(release / "as-it-was.sqlite3")
    try:
        run("tests.upgrade.at_release", source, json.dumps(leaves()), folder=folder, database=url)
        yield today(folder, url)
    finally:
        with django_db_blocker.unblock():
            run_sql(f"DROP DATABASE {name} WITH (FORCE)")


def today(folder, database):
    return json.loads(run("tests.upgrade.today", folder=folder, database=database))


def run(module, *arguments, folder, database):
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "annotate.settings",
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder),
        "DATABASE_URL": database,
        "DATABASE_POOL_SIZE": "0",
        "REDIS_URL": "",
        "PUBLIC_URL": "http://testserver",
        "SECRET_KEY": "only-for-tests-and-long-enough-for-the-check",
        "ENGINE": "off",
        "DEBUG": "1",  # static files need no manifest
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def leaves():
    """The last migrations that the first release knew, by their full names."""
    return [
        (room, next((ROOT / room / "migrations").glob(f"{number}_*.py")).stem)
        for room, number in FIRST.items()
    ]


def run_sql(statement):
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def old_rows(release, table):
    with closing(sqlite3.connect(release / "as-it-was.sqlite3")) as old:
        old.row_factory = sqlite3.Row
        return [dict(row) for row in old.execute(f'SELECT * FROM "{table}" ORDER BY 1')]


def new_rows(release, table, columns):
    wanted = ", ".join(f'"{column}"' for column in columns)
    with closing(sqlite3.connect(release / "db.sqlite3")) as new:
        new.row_factory = sqlite3.Row
        return [dict(row) for row in new.execute(f'SELECT {wanted} FROM "{table}" ORDER BY 1')]


def old_counts(release):
    with closing(sqlite3.connect(release / "as-it-was.sqlite3")) as old:
        names = old.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: old.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names
        }


def test_the_release_holds_something_of_everything_that_matters(release):
    counts = old_counts(release)
    empty = {
        "auth_group",
        "auth_group_permissions",
        "corpus_stagedanswers",
        "django_admin_log",
        "django_session",
        "projects_user_groups",
        "projects_user_user_permissions",
    }
    assert {name for name, count in counts.items() if not count} == empty


def test_no_table_loses_or_gains_a_row(release, upgraded):
    before = {name: count for name, count in old_counts(release).items() if name not in GROWS}

    assert {name: upgraded["tables"].get(name) for name in before} == before


@pytest.mark.parametrize(
    "table", ["labeling_event", "labeling_answer", "labeling_annotation", "projects_document"]
)
def test_answers_events_and_texts_are_the_same_to_the_byte(release, upgraded, table):
    before = old_rows(release, table)
    answered_since = {row["id"] for row in new_rows(release, table, ["id"])}
    ids = {row["id"] for row in before}
    after = [row for row in new_rows(release, table, list(before[0])) if row["id"] in ids]

    assert ids <= answered_since
    # Two more documents were answered after the upgrade; of those only the state has moved on.
    if table == "projects_document":
        for row in [*before, *after]:
            row.pop("state")
    assert after == before


def test_frozen_versions_are_whole_and_freezing_finds_nothing_new(upgraded):
    assert upgraded["versions"] == {"1": "", "2": ""}
    assert upgraded["freezes"] == "Nothing has changed since version 2."


def test_no_model_waits_for_a_migration(upgraded):
    assert upgraded["wants_migration"] is False


def test_every_page_opens(upgraded):
    assert {path: status for path, status in upgraded["pages"].items() if status != 200} == {}


def test_people_sign_in_with_their_old_passwords_and_go_on(upgraded):
    done = {"signed_in": True, "given": 200, "saved": 302}

    assert upgraded["work"] == {"ana": done, "ben": done}
    assert upgraded["frozen_after_work"] == "Version 3"


@pytest.mark.slow
@pytest.mark.django_db  # so that there is a connection to make a database with
def test_postgresql_ends_where_sqlite_does(upgraded, upgraded_on_postgresql):
    assert upgraded_on_postgresql["rows"] == upgraded["rows"]
    for name in ("versions", "freezes", "wants_migration", "pages", "work", "frozen_after_work"):
        assert upgraded_on_postgresql[name] == upgraded[name]
