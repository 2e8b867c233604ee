from __future__ import annotations

import logging

from django.db import transaction

from projects.changes import announce_change
from projects.models import Label, User

logger = logging.getLogger(__name__)


@transaction.atomic
def hide_suggestions(*, label: Label, hide: bool, by: User) -> bool:
    """Suggest this label to nobody from now on, or to everybody again; False: it was so already.

    The model goes on learning it, and what it would have said is kept, so that its worth can
    still be measured. Who did it stands in the log.
    """
    changed = Label.objects.filter(pk=label.pk).exclude(hide_suggestions=hide)
    if not changed.update(hide_suggestions=hide):
        return False
    about = {"label": label.pk, "question": label.question_id, "user": by.pk}
    logger.info("suggestions hidden" if hide else "suggestions shown again", extra=about)
    announce_change(label.question.project_id)
    return True
