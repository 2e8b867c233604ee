from django.urls import path

from inference.views import folders, lineage, models, registry

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
    path("projects/<slug:slug>/models/versions/", registry.registry, name="registry"),
    path("projects/<slug:slug>/models/<slug:question>/<int:number>/", models.model, name="model"),
]
