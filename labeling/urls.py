from django.urls import path

from labeling.views import label, skip, submit

# /projects/<slug>/label/
urlpatterns = [
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
