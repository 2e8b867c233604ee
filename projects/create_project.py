from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction

from projects.config import BadConfig, problems_of
from projects.models import Label, Membership, Project, Question, QueueOrder, Role, User
from projects.models.project import default_text_fields
from projects.write_guidelines import write_guidelines


def create_project(*, slug: str, config: dict[str, Any], author: User | None = None) -> Project:
    """Make a project from its config: whole, or not at all.

    The author becomes an owner. Raises BadConfig with every problem found.
    """
    problems = _slug_problems(slug) + problems_of(config)
    users = _users(config, problems)
    if problems:
        raise BadConfig(problems)
    with transaction.atomic():
        project = Project.objects.create(
            slug=slug,
            name=config["name"],
            overlap=config.get("overlap", 1),
            reserve=config.get("reserve", 0.2),
            queue_order=config.get("queue_order", QueueOrder.RANDOM),
            suggest_from=config.get("suggest_from"),
            data_license=config.get("data_license", ""),
            text_fields=config.get("text_fields", default_text_fields()),
            created_by=author,
        )
        if config.get("guidelines"):
            write_guidelines(project=project, text=config["guidelines"], author=author)
        for position, question in enumerate(config["questions"]):
            _question(project, question, position)
        _members(project, config, users, author)
    return project


def _question(project: Project, config: dict[str, Any], position: int) -> None:
    labels = config.get("labels", [])
    question = Question.objects.create(
        project=project,
        position=position,
        **{"required": True, **{key: config[key] for key in config if key != "labels"}},
    )
    Label.objects.bulk_create(
        Label(question=question, position=place, **label) for place, label in enumerate(labels)
    )


def _members(
    project: Project, config: dict[str, Any], users: dict[str, User], author: User | None
) -> None:
    roles = {row["username"]: row["role"] for row in config.get("members", [])}
    rows = [
        Membership(project=project, user=users[username], role=role)
        for username, role in roles.items()
        if author is None or username != author.username
    ]
    if author is not None:
        rows.append(Membership(project=project, user=author, role=Role.OWNER))
    Membership.objects.bulk_create(rows)


def _slug_problems(slug: str) -> list[str]:
    try:
        validate_slug(slug)
    except ValidationError:
        return [f"slug: “{slug}” may hold letters, figures, - and _ only."]
    if len(slug) > 60:  # noqa: PLR2004
        return ["slug: at most 60 characters."]
    if Project.objects.filter(slug=slug).exists():
        return [f"slug: a project “{slug}” exists already. Choose another."]
    return []


def _users(config: object, problems: list[str]) -> dict[str, User]:
    """The members' users by name; those that do not exist become problems."""
    if problems or not isinstance(config, dict):
        return {}
    names = [row["username"] for row in config.get("members", [])]
    found = {user.username: user for user in User.objects.filter(username__in=names)}
    problems += [
        f"members[{place}].username: there is no user “{name}”. Create the account first."
        for place, name in enumerate(names)
        if name not in found
    ]
    return found
