from django.urls import path

from inference.views import models

# /projects/<slug>/models/
urlpatterns = [
    path("projects/<slug:slug>/models/", models.models, name="models"),
    path("projects/<slug:slug>/models/<slug:question>/<int:number>/", models.model, name="model"),
]
