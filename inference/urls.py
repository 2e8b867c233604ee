from django.urls import path

from inference import views

# /projects/<slug>/models/
urlpatterns = [
    path("projects/<slug:slug>/models/", views.models, name="models"),
    path("projects/<slug:slug>/models/<slug:question>/<int:number>/", views.model, name="model"),
]
