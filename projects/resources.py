"""Labels and people as tables: what their columns mean, checked as the product's pages check."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, ClassVar

from diff_match_patch import diff_match_patch
from django.core.exceptions import ValidationError
from django.db.models import Max, QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from import_export.fields import Field
from import_export.resources import Diff, ModelResource
from import_export.results import Result
from import_export.widgets import IntegerWidget, Widget
from tablib import Dataset

from projects.forms import LabelForm
from projects.members import LastOwner, change_role
from projects.models import Label, Membership, Project, Question, Role, User
from projects.sheets import ABSENT, unstorable


class PlainDiff(Diff):  # type: ignore[misc]
    """As the library's, without the inline styles that our security policy forbids."""

    TAGS: ClassVar[dict[int, str]] = {-1: "<del>{}</del>", 0: "{}", 1: "<ins>{}</ins>"}

    def as_html(self) -> list[SafeString]:
        return [
            self.marked(str("" if self.new and old != new else old), str(new))
            for old, new in zip(self.left, self.right, strict=True)
        ]

    def marked(self, old: str, new: str) -> SafeString:
        differ = diff_match_patch()
        parts = differ.diff_main(old, new)
        differ.diff_cleanupSemantic(parts)
        return format_html_join(
            "", "{}", ((format_html(self.TAGS[op], text),) for op, text in parts)
        )


class SheetResource(ModelResource):  # type: ignore[misc]
    """Columns by name, none of them unknown; values that can be stored."""

    class Meta:
        abstract = True
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    needs: tuple[str, ...] = ()

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        return PlainDiff

    def import_data(self, dataset: Dataset, *args: Any, **options: Any) -> Result:
        """All of a table, or nothing of it."""
        options["rollback_on_validation_errors"] = True
        result: Result = super().import_data(dataset, *args, **options)
        return result

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        """Raises ValidationError when the table as a whole is not one of these."""
        known = [field.column_name for field in self.get_import_fields()]
        given = dataset.headers or []
        if unknown := [name for name in given if name not in known]:
            raise ValidationError(
                f"There is no column “{unknown[0]}” here. Known are {', '.join(known)}."
            )
        if missing := [name for name in self.needs if name not in given]:
            raise ValidationError(f"The column “{missing[0]}” is missing.")

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        """Raises ValidationError by field."""
        wrong = {name: why for name, value in row.items() if (why := unstorable(value))}
        if wrong:
            raise ValidationError(wrong)
        for name, value in list(row.items()):
            if value is ABSENT or value is None:
                row[name] = ""
            elif not isinstance(value, str):
                row[name] = str(value)


class QuestionWidget(Widget):  # type: ignore[misc]
    """A question by its name, inside the project that the row names."""

    def clean(self, value: Any, row: dict[str, Any] | None = None, **kwargs: Any) -> Question:
        slug = (row or {}).get("project", "")
        project = Project.objects.filter(slug=slug, deleting_at=None).first()
        if project is None:
            raise ValueError(f"There is no project “{slug}”.")
        question = project.questions.filter(name=value).first()
        if question is None:
            raise ValueError(f"The project “{slug}” has no question “{value}”.")
        return question

    def render(self, value: Question | None, obj: Any = None, **kwargs: Any) -> str:
        return value.name if value else ""


class LabelResource(SheetResource):
    """Labels as rows. `id` says which one is changed; without it, a row is a new label."""

    project = Field(attribute="question__project__slug", column_name="project", readonly=True)
    question = Field(attribute="question", column_name="question", widget=QuestionWidget())
    position = Field(attribute="position", column_name="position", widget=IntegerWidget())
    needs = ("project", "question", "name")

    class Meta(SheetResource.Meta):
        model = Label
        abstract = False
        fields = (
            "id",
            "project",
            "question",
            "name",
            "description",
            "color",
            "hotkey",
            "position",
        )
        export_order = fields

    def get_queryset(self) -> QuerySet[Label]:
        return Label.objects.select_related("question__project")

    def after_init_instance(
        self,
        instance: Label,
        new: bool,  # noqa: FBT001 - the library's signature
        row: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        if new:
            instance.position = None  # type: ignore[assignment]  # until the row or we say one

    def validate_instance(
        self,
        instance: Label,
        import_validation_errors: dict[str, Any] | None = None,
        validate_unique: bool = True,  # noqa: FBT001, FBT002 - the library's signature
    ) -> None:
        """Refuse what the project's own page would refuse. Raises ValidationError."""
        errors = dict(import_validation_errors or {})
        stored = Label.objects.filter(pk=instance.pk).first() if instance.pk else None
        if instance.pk and not stored:
            errors["id"] = "There is no label of this id. Leave it empty for a new label."
        if "question" not in errors:
            if stored and stored.question_id != instance.question_id:
                errors["question"] = "A label cannot move to another question: its answers stay."
            errors |= as_on_the_page(instance)
        if errors:
            raise ValidationError(errors)
        if getattr(instance, "position", None) is None:
            instance.position = behind(instance.question)
        super().validate_instance(instance, None, validate_unique)


def as_on_the_page(label: Label) -> dict[str, Any]:
    """What the form of the labels page says about these values; its key is taken over."""
    values = {name: getattr(label, name) for name in ("name", "description", "color", "hotkey")}
    form = LabelForm(values, instance=copy.copy(label), question=label.question)
    if not form.is_valid():
        return {
            name: [str(error) for error in errors]
            for name, errors in form.errors.items()
            if name != "place"
        }
    for name in values:
        setattr(label, name, form.cleaned_data[name])
    return {}


def behind(question: Question) -> int:
    last: int | None = question.labels.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


class RolesWidget(Widget):  # type: ignore[misc]
    """`tickets: owner; survey: annotator`, by the projects' short names."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> dict[str, Role]:
        roles: dict[str, Role] = {}
        for part in filter(None, (part.strip() for part in (value or "").split(";"))):
            slug, _, name = (word.strip() for word in part.partition(":"))
            if name not in Role.values:
                raise ValueError(
                    f"“{part}” is not a role. Write project: role; roles are "
                    f"{', '.join(Role.values)}."
                )
            if slug in roles:
                raise ValueError(f"The project “{slug}” stands twice.")
            roles[slug] = Role(name)
        known = Project.objects.filter(slug__in=roles, deleting_at=None)
        if lost := set(roles) - set(known.values_list("slug", flat=True)):
            raise ValueError(f"There is no project “{min(lost)}”.")
        return roles

    def render(
        self, value: Iterable[Membership] | dict[str, Role], obj: Any = None, **_: Any
    ) -> str:
        rows = value if isinstance(value, dict) else {row.project.slug: row.role for row in value}
        return "; ".join(f"{slug}: {rows[slug]}" for slug in sorted(rows))


class RolesField(Field):  # type: ignore[misc]
    """Reads memberships; what a table asks for waits on the person until the row is saved."""

    def get_value(self, instance: User) -> Any:
        held = {row.project.slug: row.role for row in memberships_of(instance)}
        return held | getattr(instance, "asked_roles", {})

    def save(self, instance: User, row: dict[str, Any], is_m2m: bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002
        instance.asked_roles = self.clean(row)  # type: ignore[attr-defined]


def memberships_of(user: User) -> Iterable[Membership]:
    return user.memberships.all() if user.pk else ()


class PeopleResource(SheetResource):
    """People as rows known by `username`. Passwords neither go out nor come in.

    A new person gets an account without a password: the way in is "forgot your password" or an
    admin who sets one. Roles that a row does not name stay as they are.
    """

    roles = RolesField(column_name="roles", attribute="roles", widget=RolesWidget())
    needs = ("username",)

    class Meta(SheetResource.Meta):
        model = User
        abstract = False
        import_id_fields = ("username",)
        fields = ("username", "first_name", "last_name", "email", "time_zone", "roles")
        export_order = fields

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.prefetch_related("memberships__project")

    def init_instance(self, row: dict[str, Any] | None = None) -> User:
        person = User()
        person.set_unusable_password()
        return person

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        if not row["username"]:
            raise ValidationError({"username": "A person needs one."})
        if not row.get("time_zone", "UTC"):
            row["time_zone"] = "UTC"

    def validate_instance(
        self,
        instance: User,
        import_validation_errors: dict[str, Any] | None = None,
        validate_unique: bool = True,  # noqa: FBT001, FBT002 - the library's signature
    ) -> None:
        """Raises ValidationError."""
        errors = dict(import_validation_errors or {})
        alike = User.objects.filter(username__iexact=instance.username).exclude(pk=instance.pk)
        if instance.username and alike.exists():
            errors["username"] = "Somebody has this name already, in other capitals."
        super().validate_instance(instance, errors, validate_unique)

    def after_save_instance(self, instance: User, row: dict[str, Any], **kwargs: Any) -> None:
        """Give the roles that the row asks for. Raises ValidationError."""
        for slug, role in getattr(instance, "asked_roles", {}).items():
            give_role(instance, slug, role)


def give_role(user: User, slug: str, role: Role) -> None:
    """Raises ValidationError when a project would be left without an owner."""
    project = Project.objects.get(slug=slug)
    membership, created = Membership.objects.get_or_create(
        project=project, user=user, defaults={"role": role}
    )
    if created or membership.role == role:
        return
    try:
        change_role(membership=membership, role=role)
    except LastOwner as last:
        raise ValidationError({"roles": f"{slug}: {last}"}) from None
