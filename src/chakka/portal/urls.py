"""Which page answers which address."""

from django.urls import URLPattern, URLResolver, path
from django.views.i18n import set_language

from chakka.portal.accounts import pages as entry
from chakka.portal.billing import pages as billing
from chakka.portal.situation import pages as situation
from chakka.portal.transport import tls_page

urlpatterns: list[URLPattern | URLResolver] = [
    path("", situation.home, name="home"),
    path("invoices/", billing.invoices, name="invoices"),
    path("invoices/<str:number>.pdf", billing.invoice_pdf, name="invoice_pdf"),
    path("login/", entry.login, name="login"),
    path("login/unlock/", entry.unlock, name="unlock"),
    path("logout/", entry.logout, name="logout"),
    path("password/", entry.password, name="password"),
    path("language/", set_language, name="set_language"),
    path("tls", tls_page, name="tls"),
]
