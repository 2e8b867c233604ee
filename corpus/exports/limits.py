"""What a format cannot say of a project, known before anything is written."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from corpus.formats import WRITABLE, Format
from corpus.record import SPAN
from labeling.models import Annotation
from projects.models import Project, QuestionKind


def formats_for(project: Project) -> list[Format]:
    """CoNLL is made of spans; without a question for them there is nothing to write."""
    has_spans = project.questions.filter(kind=SPAN).exists()
    return [each for each in WRITABLE.values() if has_spans or each.name != "conll"]


def limits_of(project: Project, format_name: str) -> list[str]:
    """Sentences for whoever is about to choose the format, with figures. At most five queries."""
    match format_name:
        case "txt":
            return _limits_of_text(project)
        case "conll":
            return _limits_of_conll(project)
        case _:
            return []


def _limits_of_text(project: Project) -> list[str]:
    answered = project.documents.published().count() - _unanswered(project)
    said = ["Only texts are written. Ids and metadata stay out."]
    if answered:
        said.append(f"So do the answers of {counted(answered, 'document')}.")
    if others := project.text_fields[1:]:
        said.append(f"So do the texts {', '.join(others)}.")
    return said


def _limits_of_conll(project: Project) -> list[str]:
    said = ["What tags cannot say, such as a span that ends inside a token, is listed afterwards."]
    if unanswered := _unanswered(project):
        said.append(f"{counted(unanswered, 'document')} without an answer: left out.")
    spans = project.questions.filter(kind=QuestionKind.SPAN)
    if spans.filter(overlapping=True).exists():
        said.append("Of spans that overlap only the first becomes a tag.")
    if spans.count() > 1:
        said.append("One question's spans become tags; those of the others stand in comments.")
    if others := project.text_fields[1:]:
        said.append(f"Tags speak of {project.text_fields[0]} alone, not of {', '.join(others)}.")
    return said


def _unanswered(project: Project) -> int:
    answers = Annotation.objects.counted().filter(document=OuterRef("pk"))
    return project.documents.published().filter(~Exists(answers)).count()


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
