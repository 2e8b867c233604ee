from django.urls import path

from inference.views import models, registry

# /projects/<slug>/models/
urlpatterns = [
    path("projects/<slug:slug>/models/", models.models, name="models"),
    path("projects/<slug:slug>/models/versions/", registry.registry, name="registry"),
    path("projects/<slug:slug>/models/<slug:question>/<int:number>/", models.model, name="model"),
]
