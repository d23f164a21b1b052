"""Django's admin as an app with our site."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Django's admin; `staff_site` says how it differs."""

    default_site = "config.staff_site.StaffSite"
