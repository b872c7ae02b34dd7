"""Addresses of people, agencies, stores and settings."""

from django.urls import URLPattern, URLResolver, path

from apps.accounts.views import brand, clients, desk, doors, handing, house, keys, me, members, money, review, settings

everyone: list[URLPattern | URLResolver] = [
    path("", doors.home, name="home"),
    path("me/", me.me, name="me"),
    path("me/preferences/", doors.preferences, name="me-preferences"),
    path("me/sessions/end/", me.end_other_sessions, name="me-sessions-end"),
    path("me/sessions/<int:pk>/end/", me.end_session, name="me-session-end"),
    path("invite/<str:token>/", doors.invitation, name="invitation"),
    path("healthz", doors.healthz, name="healthz"),
    path("readyz", doors.readyz, name="readyz"),
]
staff: list[URLPattern | URLResolver] = [
    path("palette/", desk.palette, name="palette"),
    path("jobs/", desk.jobs, name="jobs"),
    path("jobs/tray/", desk.job_tray, name="job-tray"),
    path("jobs/<uuid:pk>/", desk.job, name="job"),
    path("jobs/<uuid:pk>/cancel/", desk.cancel_job, name="job-cancel"),
    path("jobs/<uuid:pk>/file/", desk.job_file, name="job-file"),
    path("views/", desk.saved_views, name="saved-views"),
    path("views/save/", desk.save_view, name="saved-view-save"),
    path("views/<uuid:pk>/share/", desk.share_view, name="saved-view-share"),
    path("views/<uuid:pk>/delete/", desk.delete_view, name="saved-view-delete"),
    path("settings/", settings.settings, name="settings"),
    path("settings/members/", members.members, name="settings-members"),
    path("settings/members/<uuid:pk>/", members.member, name="settings-member"),
    path(
        "settings/members/<uuid:pk>/save/",
        members.save_member,
        name="settings-member-save",
    ),
    path(
        "settings/members/<uuid:pk>/deactivate/",
        members.deactivate_member,
        name="settings-member-deactivate",
    ),
    path(
        "settings/members/<uuid:pk>/reactivate/",
        members.reactivate_member,
        name="settings-member-reactivate",
    ),
    path("settings/members/<uuid:pk>/hand-over/", handing.hand_over, name="settings-hand-over"),
    path("settings/members/handed/<int:number>/", handing.handed, name="settings-handed"),
    path("settings/invitations/", members.invitations, name="settings-invitations"),
    path("settings/invitations/new/", members.invite, name="settings-invite"),
    path(
        "settings/invitations/<uuid:pk>/resend/",
        members.resend_invitation,
        name="settings-invitation-resend",
    ),
    path(
        "settings/invitations/<uuid:pk>/revoke/",
        members.revoke_invitation,
        name="settings-invitation-revoke",
    ),
    path("settings/roles/", house.roles, name="settings-roles"),
    path("settings/roles/limits/", house.save_limits, name="settings-limits-save"),
    path("settings/thresholds/", house.thresholds, name="settings-thresholds"),
    path(
        "settings/thresholds/save/",
        house.save_threshold,
        name="settings-threshold-save",
    ),
    path(
        "settings/thresholds/<int:pk>/delete/",
        house.drop_threshold,
        name="settings-threshold-delete",
    ),
    path("settings/api/", keys.keys, name="settings-keys"),
    path("settings/api/new/", keys.create_key, name="settings-key-create"),
    path("settings/api/<uuid:pk>/rotate/", keys.rotate_key, name="settings-key-rotate"),
    path("settings/api/<uuid:pk>/revoke/", keys.revoke_key, name="settings-key-revoke"),
    path("settings/currency/", money.currency, name="settings-currency"),
    path("settings/currency/save/", money.save_currency, name="settings-currency-save"),
    path("settings/currency/rate/", money.save_rate, name="settings-rate-save"),
    path("settings/currency/rates/", money.import_rates, name="settings-rates-import"),
    path("settings/currency/rate/<uuid:pk>/delete/", money.drop_rate, name="settings-rate-delete"),
    path("stores/<slug:store>/rates/", money.rates_of_store, name="store-rates"),
    path("settings/clients/", clients.clients, name="settings-clients"),
    path("settings/clients/new/", clients.create_client, name="settings-client-create"),
    path("settings/clients/<uuid:pk>/", clients.client, name="settings-client"),
    path(
        "settings/clients/<uuid:pk>/save/",
        clients.save_client,
        name="settings-client-save",
    ),
    path(
        "settings/clients/<uuid:pk>/delete/",
        clients.delete_client,
        name="settings-client-delete",
    ),
    path("settings/brand/", brand.brand, name="settings-brand"),
    path("settings/brand/logo/", brand.logo, name="settings-logo"),
    path("settings/brand/save/", brand.save_brand, name="settings-brand-save"),
    path("settings/security/", review.security, name="settings-security"),
    path("settings/security/rules/", house.save_security, name="settings-security-save"),
    path("settings/security/review/", review.sign_off, name="settings-access-review"),
    path("settings/security/review/<int:number>/", review.past, name="settings-past-review"),
]
portal: list[URLPattern | URLResolver] = [path("logo/", brand.portal_logo, name="portal-logo")]
