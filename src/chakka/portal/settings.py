"""Django's settings, all from the one configuration of the node (`chakka.config_file`)."""

from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from chakka.config_file import configuration
from chakka.portal.database import database
from chakka.portal.secret import secret_key

CONFIG = configuration()
PORTAL = CONFIG.portal
_HERE = Path(__file__).parent

SECRET_KEY = secret_key(CONFIG.directory)
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *PORTAL.hosts]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "chakka.portal.accounts",
    "chakka.portal.contracts",
    "chakka.portal.billing",
]
MIDDLEWARE = [
    "chakka.portal.proxy.BehindProxy",
    "chakka.portal.transport.KeepsMethod",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "chakka.portal.language.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "chakka.portal.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"shown": "chakka.portal.templatetags.shown"},
            "context_processors": [
                "django.template.context_processors.request",
                "chakka.portal.bar.bar",
            ],
        },
    }
]
WSGI_APPLICATION = "chakka.portal.wsgi.application"

STATIC_URL = "/static/"
STATICFILES_DIRS = [_HERE / "static"]
# The files lie in the package; nothing is collected.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False

DATABASES = {"default": database(CONFIG.database.url, CONFIG.directory)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
USE_I18N = True
LOCALE_PATHS = [_HERE / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = PORTAL.https
# Instants are UTC; this is only how pages show them.
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"

# What is sent to people; without a mail server it is printed.
_MAIL = "smtp" if PORTAL.mail_host else "console"
EMAIL_BACKEND = f"django.core.mail.backends.{_MAIL}.EmailBackend"
EMAIL_HOST = PORTAL.mail_host
EMAIL_PORT = PORTAL.mail_port
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = PORTAL.mail_from

# service.md R7.3: encrypted transport only; [portal] https = false is for trials on one machine.
SECURE_SSL_REDIRECT = PORTAL.https
SECURE_REDIRECT_EXEMPT = [r"^tls$"]
SECURE_HSTS_SECONDS = 31_536_000 if PORTAL.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = PORTAL.https
CSRF_COOKIE_SECURE = PORTAL.https
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

# No request leaves the site, and nothing in a page runs that did not come as a file of ours.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
