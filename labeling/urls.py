from django.urls import include, path

from labeling.views import (
    answers,
    document_acts,
    documents,
    label,
    queue_settings,
    setup,
    skip,
    submit,
)

# /projects/<slug>/documents/
document_urls = [
    path("", documents.documents, name="documents"),
    path("delete", document_acts.delete_documents, name="delete_documents"),
    path("restore", document_acts.restore_documents, name="restore_documents"),
    path("requeue", document_acts.requeue_documents, name="requeue_documents"),
    path("<int:document_id>/", documents.document, name="document"),
    path(
        "<int:document_id>/answers/<int:annotation_id>/correct",
        answers.correct_answer,
        name="correct_answer",
    ),
    path(
        "<int:document_id>/answers/<int:annotation_id>/withdraw",
        answers.withdraw_answer,
        name="withdraw_answer",
    ),
    path(
        "<int:document_id>/answers/<int:annotation_id>/put-back",
        answers.put_back_answer,
        name="put_back_answer",
    ),
]

# /projects/<slug>/label/
urlpatterns = [
    path("projects/<slug:slug>/documents/", include(document_urls)),
    path("projects/<slug:slug>/labels/<int:label_id>/merge", setup.merge_label, name="merge_label"),
    path(
        "projects/<slug:slug>/settings/queue", queue_settings.queue_settings, name="queue_settings"
    ),
    path("projects/<slug:slug>/label/", label.label, name="label"),
    path("projects/<slug:slug>/label/undo", skip.undo, name="undo"),
    path(
        "projects/<slug:slug>/label/<int:document_id>/",
        label.label_document,
        name="label_document",
    ),
    path("projects/<slug:slug>/label/<int:document_id>/submit", submit.submit, name="submit"),
    path("projects/<slug:slug>/label/<int:document_id>/skip", skip.skip, name="skip"),
    path("projects/<slug:slug>/label/<int:document_id>/draft", submit.draft, name="draft"),
]
