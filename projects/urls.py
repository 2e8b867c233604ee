from django.urls import URLPattern, URLResolver, include, path

from projects.views import (
    accounts,
    guidelines,
    home,
    jobs,
    join,
    labels,
    lifecycle,
    new_project,
    overview,
    people,
    settings,
)

# /accounts/
account_urls = [
    path("", accounts.account, name="account"),
    path("login/", accounts.login, name="login"),
    path("logout/", accounts.logout, name="logout"),
    path("password/", accounts.password_change, name="password_change"),
    path("password/reset/", accounts.password_reset, name="password_reset"),
    path("password/reset/sent/", accounts.password_reset_done, name="password_reset_done"),
    path(
        "password/reset/<uidb64>/<token>/",
        accounts.password_reset_confirm,
        name="password_reset_confirm",
    ),
    path("password/reset/done/", accounts.password_reset_complete, name="password_reset_complete"),
]

# /projects/<slug>/people/
people_urls = [
    path("", people.people, name="people"),
    path("invite", people.invite, name="new_invite"),
    path("invites/<int:invite_id>/revoke", people.revoke, name="revoke_invite"),
    path("<int:membership_id>/role", people.set_role, name="set_role"),
    path("<int:membership_id>/remove", people.remove, name="remove_member"),
]

# /projects/<slug>/labels/
label_urls = [
    path("", labels.labels, name="labels"),
    path("questions/add", labels.add_question, name="add_question"),
    path("questions/<int:question_id>/change", labels.change_question, name="change_question"),
    path("questions/<int:question_id>/delete", labels.delete_question, name="delete_question"),
    path("questions/<int:question_id>/add", labels.add_label, name="add_label"),
    path("questions/<int:question_id>/add-several", labels.add_labels, name="add_labels"),
    path("<int:label_id>/change", labels.change_label, name="change_label"),
    path("<int:label_id>/delete", labels.delete_label, name="delete_label"),
    path("<int:label_id>/suggestions", labels.change_suggestions, name="change_suggestions"),
]

# /projects/<slug>/jobs/
job_urls = [
    path("", jobs.job_list, name="jobs"),
    path("<int:job_id>/", jobs.job_page, name="job"),
    path("<int:job_id>/cancel", jobs.cancel_job, name="cancel_job"),
    path("<int:job_id>/retry", jobs.retry_job, name="retry_job"),
]

# /projects/<slug>/
project_urls: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="project"),
    path("labels.css", labels.labels_css, name="labels_css"),
    path("labels/", include(label_urls)),
    path("guidelines/", guidelines.guidelines, name="guidelines"),
    path("guidelines/edit", guidelines.edit_guidelines, name="edit_guidelines"),
    path("people/", include(people_urls)),
    path("settings/", settings.settings, name="settings"),
    path("settings/project.json", settings.project_config, name="project_config"),
    path("settings/archive", lifecycle.archive, name="archive_project"),
    path("settings/unarchive", lifecycle.unarchive, name="unarchive_project"),
    path("settings/delete", lifecycle.delete, name="delete_project"),
    path("leave", lifecycle.leave, name="leave_project"),
    path("jobs/", include(job_urls)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("new/", new_project.new_project, name="new_project"),
    path("deletions/<int:job_id>/retry", lifecycle.retry_deletion, name="retry_deletion"),
    path("accounts/", include(account_urls)),
    path("invites/<str:token>/", join.invite, name="invite"),
    path("projects/<slug:slug>/", include(project_urls)),
]
