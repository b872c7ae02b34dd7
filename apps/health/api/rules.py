"""REST: alert rules, read and written as they are kept: shares as 0.01 for 1 %, money in minor units."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Member
from apps.core.permissions import STAFF_ROLES, Permission
from apps.core.rest import Resource, Unprocessable, refusal
from apps.health.actions import alert_rules as actions
from apps.health.api.people import Colleague, OwnedRow
from apps.health.models import AlertChannel, AlertRule
from apps.health.queries import rules as scope

PLAIN = (
    "active", "fact", "metric", "programme", "condition", "grain", "operator", "value", "days", "amber", "chance",
    "falling", "clients", "sites", "stake_amber", "stake_red", "notable", "high", "critical", "role", "channels",
)  # fmt: skip
WHOM = ["store", *(role.value for role in STAFF_ROLES)]


MOST_STEPS = 4


class Step(serializers.Serializer):
    """After so many minutes without anybody taking it, tell these: the store's owner, or a role."""

    minutes = serializers.IntegerField(min_value=1, max_value=43_200)
    whom = serializers.ChoiceField(choices=WHOM)


class RuleRow(OwnedRow, serializers.ModelSerializer):
    """When somebody is told. Empty `stores`, `clients` and `sites` mean all of them."""

    name = serializers.CharField(source="__str__")
    stores = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta:
        model = AlertRule
        fields = ("id", "name", "default", *PLAIN, "stores", "owner", "owner_name", "steps", "created_at", "changed_at")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_stores(self, rule: AlertRule) -> list[str]:
        """Slugs of those one may see."""
        known = self.context["slugs"]
        return [known[each] for each in rule.stores if each in known]

    @extend_schema_field(Step(many=True))
    def get_steps(self, rule: AlertRule) -> list[dict[str, Any]]:
        return [{"minutes": minutes, "whom": whom} for minutes, whom in rule.steps]


class RuleChange(serializers.ModelSerializer):
    """A rule as it is to be. `stores` are slugs, `owner` a colleague's e-mail address."""

    name = serializers.CharField(max_length=120)
    stores = serializers.ListField(child=serializers.CharField(max_length=80), max_length=500, required=False)
    clients = serializers.ListField(child=serializers.CharField(max_length=40), max_length=500, required=False)
    sites = serializers.ListField(child=serializers.CharField(max_length=2), max_length=50, required=False)
    channels = serializers.ListField(child=serializers.UUIDField(), max_length=50, required=False)
    owner = Colleague()
    steps = Step(many=True, required=False)
    days = serializers.IntegerField(min_value=1, max_value=30, required=False)
    amber = serializers.IntegerField(min_value=1, max_value=100, required=False)
    chance = serializers.IntegerField(min_value=1, max_value=99, required=False)
    stake_amber = serializers.IntegerField(min_value=0, max_value=100, required=False)
    stake_red = serializers.IntegerField(min_value=0, max_value=100, required=False)
    notable = serializers.IntegerField(min_value=0, max_value=10**15, required=False)
    high = serializers.IntegerField(min_value=0, max_value=10**15, required=False)
    critical = serializers.IntegerField(min_value=0, max_value=10**15, required=False)
    role = serializers.ChoiceField(choices=[role.value for role in STAFF_ROLES], required=False)

    class Meta:
        model = AlertRule
        fields = ("name", *PLAIN, "stores", "owner", "steps")

    def validate_stores(self, slugs: list[str]) -> list[int]:
        """Ids; a store one may not see is none."""
        found = scope.store_ids(slugs, self.context["member"])
        if found is None:
            raise refusal("stores", _("There is no such store."))
        return found

    def validate_steps(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(steps) > MOST_STEPS:
            raise refusal("steps", _("At most %d steps.") % MOST_STEPS)
        return steps

    def validate_clients(self, ids: list[str]) -> list[str]:
        known = {pk for pk, _name in scope.choices_for(self.context["member"]).clients}
        if not set(ids) <= known:
            raise refusal("clients", _("There is no such client."))
        return ids

    def validate_sites(self, codes: list[str]) -> list[str]:
        if not set(codes) <= set(scope.choices_for(self.context["member"]).sites):
            raise refusal("sites", _("There is no such site."))
        return codes

    def validate_channels(self, ids: list[UUID]) -> list[str]:
        if AlertChannel.objects.filter(pk__in=ids).count() != len(set(ids)):
            raise refusal("channels", _("There is no such channel."))
        return [str(each) for each in ids]

    def validate_owner(self, found: Member | None) -> Any:
        """The id."""
        return found and found.pk

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuses what can never speak, and what looks at others' stores."""
        attrs = {("owner_id" if name == "owner" else name): value for name, value in attrs.items()}
        if "steps" in attrs:
            attrs["steps"] = sorted([each["minutes"], each["whom"]] for each in attrs["steps"])
        rule = self.instance or AlertRule()
        wanted = {name: attrs.get(name, getattr(rule, name)) for name in (*PLAIN, "stores")}
        found = scope.problems(wanted, scope.Reach.of(self.context["member"]))
        if found:
            said = [{"field": name, "detail": str(problem)} for name, problem in found.items()]
            raise Unprocessable(said[0]["detail"], said)
        return attrs


@extend_schema_view(
    list=extend_schema(operation_id="list_alert_rules", summary=_("Alert rules"), tags=["alerts"]),
    retrieve=extend_schema(operation_id="get_alert_rule", summary=_("One alert rule"), tags=["alerts"]),
)
class Rules(Resource):
    permissions = {
        "list": Permission.HEALTH_VIEW,
        "retrieve": Permission.HEALTH_VIEW,
        "create": Permission.ALERT_RULES,
        "partial_update": Permission.ALERT_RULES,
        "destroy": Permission.ALERT_RULES,
    }
    row = RuleRow
    order = ("changed_at", "id")
    changed = "changed_at"

    def rows(self) -> QuerySet[AlertRule]:
        mine = [rule.pk for rule in scope.rules_for(self.member)]
        return AlertRule.objects.filter(pk__in=mine).select_related("owner__user")

    def get_serializer_context(self) -> dict[str, Any]:
        slugs = scope.slugs_of(AlertRule.objects.exclude(stores=[]), self.member)
        return super().get_serializer_context() | {"member": self.member, "slugs": slugs}

    def get_object(self) -> AlertRule:
        found = self.rows().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def _mine(self) -> AlertRule:
        found = self.get_object()
        if not scope.may_change(self.member, found):
            raise PermissionDenied
        return found

    def _saved(self, rule: AlertRule, data: Any, *, partial: bool) -> AlertRule:
        change = RuleChange(rule if partial else None, data=data, partial=partial, context={"member": self.member})
        change.is_valid(raise_exception=True)
        return actions.save(rule, change.validated_data, by=self.member, at=timezone.now())

    @extend_schema(
        operation_id="add_alert_rule", summary=_("Add an alert rule"), tags=["alerts"], request=RuleChange,
        responses={201: RuleRow},
    )  # fmt: skip
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """422 names what cannot be: also a rule that could never speak."""
        made = self._saved(AlertRule(), request.data, partial=False)
        return Response(self.shown(made), status=201)

    @extend_schema(
        operation_id="change_alert_rule", summary=_("Change an alert rule"), tags=["alerts"], request=RuleChange,
        responses=RuleRow,
    )  # fmt: skip
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Only what is named. It is looked at with the next evaluation."""
        found = self._mine()
        self.must_match(found)
        saved = self._saved(found, request.data, partial=True)
        return Response(self.shown(saved))

    @extend_schema(
        operation_id="remove_alert_rule", summary=_("Remove an alert rule"), tags=["alerts"], responses={204: None}
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Its incidents close with the next evaluation."""
        actions.remove(self._mine(), by=self.member, at=timezone.now())
        return Response(status=204)
