"""REST: the door for Amazon's notifications, as an API destination of EventBridge or a bridge of a queue posts them."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.permissions import Permission
from apps.core.rest import Resource, Unprocessable
from apps.health.actions.notifications import take
from apps.sync.actions.letters import NotUnderstood


class ToldRow(serializers.Serializer):
    """What became of a notification: taken, known (it came before), ignored (nobody here reads this type), or test."""

    result = serializers.ChoiceField(choices=["taken", "known", "ignored", "test"])
    notice = serializers.UUIDField(source="notice.pk", allow_null=True, default=None)


class Notifications(Resource):
    permissions = {"create": Permission.HEALTH_EDIT}
    row = ToldRow
    keyed = False  # a notification carries its own id

    @extend_schema(
        operation_id="bring_notification",
        summary=gettext_lazy("Bring a notification of Amazon"),
        description=gettext_lazy(
            "The envelope as Amazon sends it, or an event of EventBridge with it in `detail`. It may come twice and in any"
            " order. It is kept as a notice, and what it is about is read from Amazon again."
        ),
        tags=["health"],
        request={"application/json": {"type": "object", "additionalProperties": True}},
        responses={202: ToldRow},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep one notification. 422 for what is none, or of a store that the key may not see."""
        if not isinstance(request.data, Mapping):
            raise Unprocessable(_("A notification is a JSON object."))
        try:
            told = take(request.data, by=self.member, at=timezone.now())
        except NotUnderstood as error:
            raise Unprocessable(str(error)) from None
        return Response(ToldRow(told).data, status=202)
