"""Fills a database of the first release (commit ee98772) with its demo and a little of the rest.

Run inside a checkout of that commit, as README.md says: only its code knows how its rows are made.
"""

import gzip
import io
import os
import sys
import tarfile
import uuid
from datetime import timedelta
from pathlib import Path

import django


def main(target: str) -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("load_demo")
    label_with_suggestions()
    survey()
    call_command("work", batch=True)
    leave_traces()
    pack(Path(target))


def label_with_suggestions() -> None:
    """Ana goes on where the demo ended: two answers with suggestions in sight, and a draft."""
    from corpus.freeze import freeze, request_freeze
    from inference import engine
    from inference.encoding import encode_later
    from labeling import queue
    from projects.models import Project, User

    demo = Project.objects.get(slug="support-messages")
    olivia, ana = (User.objects.get(username=name) for name in ("olivia", "ana"))
    serving = engine.serving()
    serving.started.result()
    encode_later(demo)
    work_off()
    for _ in range(3):
        document = queue.lease_next(project=demo, annotator=ana)
        answer_as_suggested(demo, ana, document)
    draft(demo, ana)
    freeze(project=demo, comment="With suggestions", author=olivia)
    request_freeze(project=demo, comment="Nothing is new", author=olivia)
    engine.stop()


def answer_as_suggested(demo, ana, document) -> None:
    from inference import live, suggesting
    from inference.engine import serving
    from labeling.exposures import mark_painted
    from labeling.models import Exposure
    from labeling.submit import Submission, submit

    heads = live.refresh(demo)
    opened = suggesting.look_up(
        project_id=demo.pk,
        user_id=ana.pk,
        document_id=document.pk,
        encoder=serving().engine.name,
    )
    suggested = suggesting.suggest(document, opened.vector, heads)
    suggesting.store(opened=opened, user_id=ana.pk, suggested=suggested)
    seen = Exposure.objects.filter(document=document, annotator=ana)
    painted = list(seen.values_list("pk", flat=True))
    mark_painted(document=document, annotator=ana, ids=painted)
    labels = demo.questions.get().labels
    offered = [item["label"] for item in suggested[0].items if item["offered"]]
    chosen = {demo.questions.get().pk: offered[:1] or [labels.first().pk]}
    submission = Submission(client_id=uuid.uuid4(), active_ms=4200, painted=painted)
    submit(document=document, annotator=ana, chosen=chosen, submission=submission)


def draft(demo, ana) -> None:
    from labeling import queue
    from labeling.drafts import save_draft

    document = queue.lease_next(project=demo, annotator=ana)
    question = demo.questions.get()
    save_draft(
        document=document,
        annotator=ana,
        client_id=uuid.uuid4(),
        sequence=2,
        chosen={question.pk: [question.labels.first().pk]},
    )
    queue.give_back(project=demo, annotator=ana)


def survey() -> None:
    """A second project: two questions, every role, answers and predictions that came in a file."""
    from corpus.exporting import Options, request_export
    from corpus.receiving import receive, start
    from projects.create_project import create_project
    from projects.invites import issue
    from projects.models import Invite, Membership, Role, User
    from projects.write_guidelines import write_guidelines

    olivia, ana, ben = (User.objects.get(username=name) for name in ("olivia", "ana", "ben"))
    project = create_project(slug="survey", config=SURVEY, author=olivia)
    write_guidelines(project=project, text="Read twice.", author=olivia)
    write_guidelines(project=project, text="Read **twice**, choose once.", author=olivia)
    Membership.objects.create(project=project, user=ana, role=Role.REVIEWER)
    Membership.objects.create(project=project, user=ben, role=Role.VIEWER)
    invite = Invite(project=project, role=Role.ANNOTATOR, note="The night shift", uses_left=3)
    invite.created_by = olivia
    issue(invite=invite, days=7)
    source = receive(
        project=project,
        file=io.BytesIO(ROWS.encode()),
        file_name="survey.csv",
        format="csv",
        uploaded_by=olivia,
    )
    start(source, created_by=olivia, here=lambda done, total, message: None)
    receive(
        project=project,
        file=io.BytesIO(b"text\nStill waiting\n"),
        file_name="waiting.csv",
        format="csv",
        uploaded_by=olivia,
    )
    request_export(project=project, options=Options(format="jsonl"), created_by=olivia)
    work_off()


def work_off() -> None:
    from django.core.management import call_command

    call_command("work", batch=True)


def leave_traces() -> None:
    """What a running server leaves behind: a socket, a worker's beat."""
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from labeling.models import Presence
    from projects.models import Membership, WorkerBeat

    member = Membership.objects.first()
    yesterday = timezone.now() - timedelta(days=1)
    Presence.objects.create(
        project=member.project, user=member.user, channel="gone", seen_at=yesterday
    )
    WorkerBeat.objects.create(name="gone", started_at=yesterday, beat_at=yesterday)
    Session.objects.all().delete()


def pack(target: Path) -> None:
    """The database without its free pages, and the files its rows name, in one archive."""
    from django.conf import settings
    from django.db import connection

    packed = settings.DATA_DIR / "packed.sqlite3"
    packed.unlink(missing_ok=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(packed)])
    with gzip.GzipFile(target, "wb", mtime=0) as out, tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(packed, "db.sqlite3", filter=nameless)
        tar.add(settings.MEDIA_ROOT, "files", filter=nameless)


def nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uname = member.gname = ""
    member.uid = member.gid = 0
    return member


SURVEY = {
    "name": "Survey",
    "overlap": 2,
    "reserve": 0.5,
    "queue_order": "imported",
    "text_fields": ["title", "body"],
    "questions": [
        {
            "name": "mood",
            "kind": "choice",
            "labels": [{"name": "Glad", "hotkey": "g", "color": "150"}, {"name": "Sad"}],
        },
        {
            "name": "themes",
            "title": "What is it about?",
            "kind": "choice",
            "multiple": True,
            "required": False,
            "labels": [{"name": "Price"}, {"name": "Service"}, {"name": "価格 😀"}],
        },
    ],
}
ROWS = (
    "id,title,body,mood,themes,split,meta,prediction.mood,prediction.mood.score\r\n"
    'S-1,First,"Two\r\nlines",Glad,"[""Price""]",test,"{""shop"": 3}",,\r\n'
    'S-2,שלום,Right to left,Sad,"[""Service"", ""価格 😀""]",,,,\r\n'
    "S-3,Third,No answer yet,,,,,Sad,0.75\r\n"
    "S-4,Bad,No such label,Furious,,,,,\r\n"
    "S-5,Fifth,,,,calibration,,,\r\n"
)

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotate.settings")
    sys.path.insert(0, str(Path.cwd()))
    main(sys.argv[1])
