from django.urls import path

from inference.views import lineage, models, registry

# /projects/<slug>/models/
urlpatterns = [
    path("projects/<slug:slug>/models/", models.models, name="models"),
    path("projects/<slug:slug>/models/lineage/", lineage.lineage, name="lineage"),
    path("projects/<slug:slug>/models/lineage.json", lineage.lineage_json, name="lineage_json"),
    path("projects/<slug:slug>/models/versions/", registry.registry, name="registry"),
    path("projects/<slug:slug>/models/<slug:question>/<int:number>/", models.model, name="model"),
]
