"""What this room keeps about a document's text, taken out when the document is erased."""

from __future__ import annotations

from django.db import transaction

from corpus.erase import also_erases
from inference import answered
from inference.models import AutoLabelDocument, RemoteFailure, RemoteUse, Vector
from inference.spans import word_memory
from inference.vectors import recent
from projects.models import Document


@also_erases
def erase_suggestions_and_vectors(document: Document) -> None:
    """Its suggestions, and its vectors where no other document has the same text."""
    document.suggestions.all().delete()
    AutoLabelDocument.objects.filter(document=document).update(items=[])
    RemoteFailure.objects.filter(document=document).delete()
    quoting = RemoteUse.objects.filter(model_version__project=document.project)
    quoting.exclude(last_error="").update(last_error="", last_error_at=None)
    transaction.on_commit(answered.forget_all)
    word_memory.erase(document.texts.values())
    text_hash = document.text_hash
    if Document.objects.filter(text_hash=text_hash).exclude(pk=document.pk).exists():
        return
    Vector.objects.filter(text_hash=text_hash).delete()
    transaction.on_commit(lambda: recent.forget(text_hash))
