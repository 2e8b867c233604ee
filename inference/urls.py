from django.urls import path

from inference.views import (
    auto_label,
    comparing,
    folders,
    lineage,
    models,
    predictions,
    publishing,
    registry,
    remote,
    training,
)

# /projects/<slug>/models/
urlpatterns = [
    path("projects/<slug:slug>/models/", models.models, name="models"),
    path("projects/<slug:slug>/models/lineage/", lineage.lineage, name="lineage"),
    path("projects/<slug:slug>/models/lineage.json", lineage.lineage_json, name="lineage_json"),
    path("projects/<slug:slug>/models/import/", folders.import_model, name="import_model"),
    path(
        "projects/<slug:slug>/models/import/labels/<slug:upload>/",
        folders.map_model,
        name="map_model",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/<int:number>/folder.zip",
        folders.model_folder,
        name="model_folder",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/<int:number>/push",
        publishing.push_model,
        name="push_model",
    ),
    path("projects/<slug:slug>/models/train/", training.train, name="train"),
    path(
        "projects/<slug:slug>/models/train/jobs/<int:training_id>/",
        training.training,
        name="training",
    ),
    path(
        "projects/<slug:slug>/models/train/jobs/<int:training_id>/stop/",
        training.stop_training,
        name="stop_training",
    ),
    path(
        "projects/<slug:slug>/models/train/jobs/<int:training_id>/resume/",
        training.resume_training,
        name="resume_training",
    ),
    path("projects/<slug:slug>/models/remote/new/", remote.new_remote, name="add_remote"),
    path(
        "projects/<slug:slug>/models/remote/tries/<int:try_id>/",
        remote.remote_try,
        name="remote_try",
    ),
    path("projects/<slug:slug>/models/auto-label/", auto_label.auto_label, name="auto_label"),
    path(
        "projects/<slug:slug>/models/auto-label/start/",
        auto_label.start_auto_label,
        name="start_auto_label",
    ),
    path(
        "projects/<slug:slug>/models/auto-label/<int:run_id>/choose/",
        auto_label.choose_auto_label,
        name="choose_auto_label",
    ),
    path(
        "projects/<slug:slug>/models/auto-label/<int:run_id>/apply/",
        auto_label.apply_auto_label,
        name="apply_auto_label",
    ),
    path(
        "projects/<slug:slug>/models/auto-label/<int:run_id>/undo/",
        auto_label.undo_auto_label,
        name="undo_auto_label",
    ),
    path(
        "projects/<slug:slug>/models/auto-label/<int:run_id>/stop/",
        auto_label.stop_auto_label,
        name="stop_auto_label",
    ),
    path(
        "projects/<slug:slug>/models/auto-label/<int:run_id>/resume/",
        auto_label.resume_auto_label,
        name="resume_auto_label",
    ),
    path("projects/<slug:slug>/models/versions/", registry.registry, name="registry"),
    path("projects/<slug:slug>/models/predictions/", predictions.predictions, name="predictions"),
    path(
        "projects/<slug:slug>/models/predictions/export/",
        predictions.export_predictions,
        name="export_predictions",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/<int:number>/predict/",
        predictions.predict,
        name="predict",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/<int:number>/predict/stop/",
        predictions.stop_predicting,
        name="stop_predicting",
    ),
    path("projects/<slug:slug>/models/<slug:question>/<int:number>/", models.model, name="model"),
    path(
        "projects/<slug:slug>/models/<slug:question>/<int:number>/promote/",
        registry.promote_model,
        name="promote_model",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/<int:number>/archive/",
        registry.archive_model,
        name="archive_model",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/<int:number>/evaluate/",
        registry.evaluate_model,
        name="evaluate_model",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/rollback/",
        registry.rollback_model,
        name="rollback_model",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/compare/",
        comparing.compare_models,
        name="compare_models",
    ),
    path(
        "projects/<slug:slug>/models/<slug:question>/compare/run/",
        comparing.run_comparison,
        name="run_comparison",
    ),
]
