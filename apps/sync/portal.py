"""What clients see of the doors: how fresh their numbers are, and a place to leave files."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.queries import stores_for
from apps.core.http import MemberRequest, page, requires
from apps.core.permissions import Permission
from apps.sync.actions import uploads
from apps.sync.forms import UploadForm
from apps.sync.models import Connection
from apps.sync.queries import boards
from apps.sync.queries.freshness import freshness
from apps.sync.source import Unreadable


@requires(Permission.PORTAL_UPLOAD)
def portal_uploads(request: MemberRequest) -> HttpResponse:
    """Files for the agency: kept as they are; the agency looks at them and loads them."""
    stores = stores_for(request.member).filter(active=True)
    form = UploadForm(*((request.POST, request.FILES) if request.method == "POST" else ()), stores=stores)
    if request.method == "POST" and form.is_valid():
        problem = _kept(request, form)
        if not problem:
            messages.success(request, _("Thank you. Your agency will look at the file and use it."))
            return redirect("portal-uploads", agency=request.agency.slug)
        form.add_error("file", problem)
    context = {
        "form": form,
        "rows": boards.imports(request.member).filter(uploaded_by=request.member).select_related(None)[:50],
        "freshness": freshness(list(stores)),
    }
    return page(request, "sync/portal_uploads.html", context, status=422 if form.errors else 200)


def _kept(request: MemberRequest, form: UploadForm) -> str:
    store, file, at = form.cleaned_data["store"], form.cleaned_data["file"], timezone.now()
    door = Connection.objects.filter(store=store, kind=uploads.UPLOAD, state=Connection.State.ACTIVE).first()
    if door is None:
        return _("Your agency has not opened this store for files yet.")
    try:
        with uploads.spooled(file.chunks(), most=settings.UPLOAD_MOST_BYTES) as path:
            uploads.stage(store, door, path, name=file.name, by=request.member, at=at)
    except (uploads.CannotImport, Unreadable) as error:
        return _(str(error))
    return ""
