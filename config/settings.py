"""Every setting of the product, and the only place that reads the environment."""

import ssl
from datetime import timedelta
from typing import Any

from csp import constants as csp
from django.core.exceptions import ImproperlyConfigured

from config import environment, gateway, logs, mail, server_urls
from integrations_health.web_database.waiting import Connection

ROOT = environment.ROOT
VAR = ROOT / "var"
environment.load_files(VAR)

# --- Django ---------------------------------------------------------------------------------

DEBUG = environment.flag("DEBUG", default=False)
SECRET_KEY = environment.text("SECRET_KEY", example="a long random string")
ALLOWED_HOSTS = environment.hosts("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PUBLIC_URL = environment.address(
    "PUBLIC_URL", example="https://health.example.com", default="http://127.0.0.1:8000"
)
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])
# Pages of other origins that may open a WebSocket; those of PUBLIC_URL always may.
WS_ALLOWED_ORIGINS = environment.addresses("WS_ALLOWED_ORIGINS", example="https://app.example.com")

INSTALLED_APPS = [
    "integrations_health",
    "alerts",
    "config.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_prometheus",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "config.request_metrics.Outermost",
    "integrations_health.request_ids.middleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Next to the views, so that the others still see to the page that it gives.
    "integrations_health.pages.away.DatabaseAway",
    # Nearer still: it counts what the one before it makes a page of.
    "config.request_metrics.Innermost",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "integrations_health.pages.themes.frame",
            ]
        },
    }
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "integrations_health.User"
AUTHENTICATION_BACKENDS = ["integrations_health.sign_in.ByNameOrExternalId"]
CSRF_FAILURE_VIEW = "integrations_health.pages.errors.form_refused"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The largest body of a request; no form and no call needs more.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
# But of what a provider tells by itself, which brings a whole account.
LARGEST_PROVIDER_EVENT = 256 * 1024

LOGGING = logs.configuration(
    as_text=environment.choice("LOG_FORMAT", default="json", among=("json", "text")) == "text"
)

LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "status"
LOGOUT_REDIRECT_URL = "sign-in"
# Whether anybody may see how providers and services do.
PUBLIC_STATUS_PAGE = environment.flag("PUBLIC_STATUS_PAGE", default=True)

# --- What a browser may do -------------------------------------------------------------------

_IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_ENGINE = "integrations_health.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _IS_HTTPS
SECURE_SSL_REDIRECT = False  # the proxy's business; it also terminates TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _IS_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if _IS_HTTPS else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "script-src": [csp.SELF],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF, "data:"],
        "font-src": [csp.SELF],
        "connect-src": [csp.SELF],
        "manifest-src": [csp.SELF],
        "form-action": [csp.SELF],
        "frame-ancestors": [csp.NONE],
        "base-uri": [csp.NONE],
        "object-src": [csp.NONE],
    }
}

# --- Who is asking ---------------------------------------------------------------------------

# Of the application's tokens: a shared secret (HS256), or public keys (RS256, ES256) as a JWKS, in
# a file or at a URL.
JWT_SECRET = environment.secret("JWT_SECRET")
JWT_JWKS = environment.text(
    "JWT_JWKS", example="https://app.example.com/.well-known/jwks.json", default=""
)
JWT_AUDIENCE = environment.text("JWT_AUDIENCE", example="integration-health", default="")
JWT_ISSUER = environment.text("JWT_ISSUER", example="https://app.example.com", default="")
# The claim that holds the application's own id of a user; without it, `sub` is our id.
JWT_USER_CLAIM = environment.text("JWT_USER_CLAIM", example="sub", default="")

# Keys that encrypt secrets at rest, the newest first; older ones still decrypt.
FIELD_ENCRYPTION_KEYS = environment.words("FIELD_ENCRYPTION_KEYS", default=[])
if not FIELD_ENCRYPTION_KEYS:
    raise ImproperlyConfigured(
        "FIELD_ENCRYPTION_KEYS is not set. Type 32 random bytes in URL-safe base64, made by "
        "`python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'`"
    )

# --- The API --------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "integrations_health.authentication.BearerAuthentication",
        "integrations_health.authentication.CallerOfSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["integrations_health.permissions.MayByScope"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "integrations_health.api.negotiation.ByQuality",
    "DEFAULT_PARSER_CLASSES": ["integrations_health.strict_json.StrictJSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "integrations_health.openapi.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "integrations_health.refusals.answer",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Integration Health",
    "DESCRIPTION": "How the third-party integrations of an application's users are, and were.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": PUBLIC_URL}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # `/docs` sends what was typed nowhere but here, and asks nobody whether the document is good.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "ENUM_NAME_OVERRIDES": {
        "Status": "integrations_health.serializers.STATUSES",
        "ErrorCode": "integrations_health.serializers.ERROR_CODES",
        "Cause": "integrations_health.serializers.CAUSES",
        "Provider": "integrations_health.serializers.PROVIDERS",
        "Severity": "alerts.serializers.SEVERITIES",
        "AlertType": "alerts.serializers.TYPES",
        "TellingState": "alerts.serializers.STATES",
        "Verdict": "alerts.serializers.VERDICTS",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "integrations_health.openapi.add_what_every_operation_shares",
    ],
}

# --- PostgreSQL -----------------------------------------------------------------------------

_database = environment.understood(
    "DATABASE_URL",
    by=server_urls.database,
    example="postgresql://user:password@127.0.0.1:5432/health "
    "(or start the product with `make run`, which brings a PostgreSQL of its own)",
    wanted="postgresql://user:password@127.0.0.1:5432/health, with %2F for / and %3F for ? in the "
    "password, and after ? only what libpq knows",
)
_database["ENGINE"] = "django.db.backends.postgresql"
# A worker keeps its connection: a new one for each batch costs PostgreSQL as much as the batch.
# Under ASGI a kept connection belongs to a thread that ends with its request, so `web` keeps none.
_database["CONN_MAX_AGE"] = environment.number("DATABASE_KEEP_SECONDS", default=600)
_database["CONN_HEALTH_CHECKS"] = True
# `web` answers on many threads and keeps its connections in a pool instead; 0: no pool.
_POOL_SIZE = environment.number("DATABASE_POOL_SIZE", default=0, most=500)
_database["OPTIONS"] = {
    **_database["OPTIONS"],
    "connect_timeout": 2,
    "keepalives_idle": 15,
    "tcp_user_timeout": 5000,
    # Only statements that ask for it keep their plan; see integrations_health.binary_sql.
    "prepare_threshold": 1_000_000,
    "application_name": "integration-health",
    # What is checked is in memory, or on an SSD: a random page costs hardly more than the next one.
    # With PostgreSQL's default, for spinning disks, a claim of 500 rows reads a table of 20,000.
    # After what the URL says, such as a search_path.
    "options": f"{_database['OPTIONS'].get('options', '')}"
    " -c statement_timeout=30000 -c lock_timeout=2000"
    " -c idle_in_transaction_session_timeout=10000 -c random_page_cost=1.1",
}
if _POOL_SIZE:
    _database["ENGINE"] = "integrations_health.web_database"
    _database["CONN_MAX_AGE"] = 0
    # People wait for it, as long as integrations_health.web_database.waiting says; the last of two
    # that are the same counts.
    _database["OPTIONS"]["options"] += " -c statement_timeout=10000"
    _database["OPTIONS"]["pool"] = {
        "connection_class": Connection,
        "min_size": 1,
        "max_size": _POOL_SIZE,
        "timeout": 2,
        "max_lifetime": 1800,
        # A connection that cannot be made is given up soon: who asks next, tries again. The pool's
        # own patience grows to minutes, by which it would come back late after an outage.
        "reconnect_timeout": 4,
    }
DATABASES = {"default": _database}

# --- Prometheus -----------------------------------------------------------------------------

# Whoever asks at /metrics shows it; without one there is no such address.
METRICS_TOKEN = environment.secret("METRICS_TOKEN")
# Its name and password are not part of its address, which may then be shown.
PUSHGATEWAY = environment.understood(
    "PUSHGATEWAY_URL",
    by=gateway.read,
    example="http://pushgateway:9091",
    wanted="http://pushgateway:9091 or https://user:password@push.example.com, without ? and #",
    default="",
)
# How often it is pushed, and what was counted is gathered.
METRICS_TICK = timedelta(seconds=15)
PROMETHEUS_LATENCY_BUCKETS = (0.01, 0.05, 0.1, 0.25, 1.0, 5.0, float("inf"))

# --- Redis ----------------------------------------------------------------------------------

_REDIS = (
    "redis://:password@127.0.0.1:6379/0, or rediss:// for TLS, with %2F for /, %3F for ? and %23 "
    "for # in the password, and behind a ? only what redis-py takes, such as ssl_cert_reqs=none"
)
REDIS_URL = environment.understood(
    "REDIS_URL",
    by=server_urls.redis,
    example="redis://127.0.0.1:6379/0 "
    "(or start the product with `make run`, which brings a Redis-compatible server of its own)",
    wanted=_REDIS,
)
CHANNELS_URL = environment.understood(
    "CHANNELS_URL", by=server_urls.redis, example=REDIS_URL, wanted=_REDIS, default=REDIS_URL
)
BROKER_URL = environment.understood(
    "BROKER_URL", by=server_urls.broker, example=REDIS_URL, wanted=_REDIS, default=REDIS_URL
)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # An idle consumer waits without end; whoever sends has a deadline of its own.
            "hosts": [{"address": CHANNELS_URL, "socket_timeout": None}],
            "capacity": 2000,
            "expiry": 30,
            # Consumers join again every minute: who vanished is forgotten within ten.
            "group_expiry": 600,
        },
    }
}

# How long the last known health is kept for when PostgreSQL is away; 0: not at all.
SNAPSHOT_KEPT = timedelta(hours=environment.number("SNAPSHOT_HOURS", default=24, most=720))

# --- Providers ------------------------------------------------------------------------------

PROVIDERS: dict[str, dict[str, Any]] = {
    "composio": {
        "base_url": environment.address(
            "COMPOSIO_BASE_URL",
            example="https://backend.composio.dev",
            default="https://backend.composio.dev",
        ),
        "api_key": environment.text("COMPOSIO_API_KEY", example="ak_...", default=""),
        # Any of them signs what Composio tells by itself; without one there is no such address.
        "webhook_secrets": environment.words("COMPOSIO_WEBHOOK_SECRET", default=[]),
        "calls_per_minute": environment.number("COMPOSIO_CALLS_PER_MINUTE", default=2000),
        "concurrency": environment.number("COMPOSIO_CONCURRENCY", default=50, least=1, most=500),
        # Where people may be sent to connect again, beside the API's own address.
        "link_hosts": environment.hosts("COMPOSIO_LINK_HOSTS", default=["connect.composio.dev"]),
    },
    "klavis": {
        "base_url": environment.address(
            "KLAVIS_BASE_URL", example="https://api.klavis.ai", default="https://api.klavis.ai"
        ),
        "api_key": environment.text("KLAVIS_API_KEY", example="...", default=""),
        "calls_per_minute": environment.number("KLAVIS_CALLS_PER_MINUTE", default=120),
        "concurrency": environment.number("KLAVIS_CONCURRENCY", default=20, least=1, most=500),
        "link_hosts": environment.hosts("KLAVIS_LINK_HOSTS", default=["www.klavis.ai"]),
    },
    "mcp": {
        "base_url": "",
        "api_key": "",
        "calls_per_minute": 0,  # each server is somebody else's: there is no common limit
        "concurrency": environment.number("MCP_CONCURRENCY", default=50, least=1, most=500),
        "options": {
            # Whoever registers a server chooses an address that this service then calls.
            "is_private_allowed": environment.flag("MCP_ALLOW_PRIVATE_SERVERS", default=False),
        },
    },
}

# --- Checks ---------------------------------------------------------------------------------

# Whole seconds: beat keeps its timetable in them.
TICK = timedelta(seconds=environment.number("TICK_SECONDS", default=5, least=1, most=60))
CHECK_BATCH_SIZE = environment.number("CHECK_BATCH_SIZE", default=1000, least=1, most=2000)
# How many batches of one provider a tick wakes at most; each wakes the next while more is due. One
# fewer run at once, or as many where several providers have something due (fair_share).
CHECK_WAKE_UPS = environment.number("CHECK_WAKE_UPS", default=4, least=1, most=100)
# How fast a backlog is worked off at a provider that sets no limit.
CATCH_UP_PER_SECOND = environment.number("CATCH_UP_PER_SECOND", default=100, least=1)
# Each deadline lies well within the next: a call, a check with its retries, a batch, the task's
# soft and hard limits, the lease. After the lease another worker takes the rows.
CALL_DEADLINE = timedelta(
    seconds=environment.seconds("CALL_DEADLINE_SECONDS", default=10, least=0.1, most=20)
)
CHECK_DEADLINE = CALL_DEADLINE * 2.2
BATCH_DEADLINE = CALL_DEADLINE * 6
CHECK_LEASE = CALL_DEADLINE * 12
SLOW_MS = environment.number("SLOW_MS", default=5000, least=1)
REUSE_HEALTHY_FOR = timedelta(seconds=60)
# By hand: one per integration in this time; whoever asked waits for the answer up to that.
MANUAL_CHECK_EVERY = timedelta(seconds=60)
MANUAL_CHECK_PATIENCE = timedelta(seconds=12)
# How often we look whether a provider, or a service, fails for many.
INCIDENT_TICK = timedelta(seconds=30)
HISTORY_MONTHS_KEPT = environment.number("HISTORY_MONTHS_KEPT", default=13, least=1, most=240)
# Hosts outside any provider that are tried before a provider is blamed for being unreachable.
EGRESS_CANARY_URLS = environment.addresses(
    "EGRESS_CANARY_URLS", example="https://one.example.com,https://two.example.com"
)
# For chaos tests only: the name of the place where a worker kills itself, or of the place and the
# one `place:thing` that does it.
CRASH_AT = environment.text("CRASH_AT", example="after_claim", default="")

# --- Alerts ---------------------------------------------------------------------------------

# How long a message waits for more to tell the same recipient.
NOTIFICATION_GROUPING = timedelta(seconds=30)
# What a recipient would get beyond that comes as one digest.
NOTIFICATIONS_PER_HOUR = environment.number(
    "NOTIFICATIONS_PER_HOUR", default=10, least=1, most=1000
)
# How often what was held back is looked at again.
ALERT_TICK = timedelta(seconds=30)

# --- Telling people -------------------------------------------------------------------------

# Without a mail server, mails are written to files, where a developer reads them.
_mail = environment.understood(
    "EMAIL_URL",
    by=mail.server,
    example="smtp+tls://user:password@mail.example.com:587",
    wanted="smtp+tls://user:password@host:587, smtp+ssl://user:password@host:465 or smtp://host:25",
    default="",
)
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_FILE_PATH = VAR / "mail"
EMAIL_HOST = _mail["EMAIL_HOST"] or ""
EMAIL_USE_TLS = bool(_mail.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_mail.get("EMAIL_USE_SSL"))
EMAIL_PORT = _mail["EMAIL_PORT"] or (465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"] or ""
# Of each answer of the mail server.
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = environment.understood(
    "DEFAULT_FROM_EMAIL",
    by=mail.sender,
    example="Integration Health <health@example.com>",
    wanted="health@example.com, or with a name, in quotes where it has a comma: "
    '"Example, Inc." <health@example.com>',
    default="Integration Health <health@localhost>",
    is_shown=True,
)
# Hosts in your own network that messages may go to, `host:port`, even unencrypted; any other
# private address is refused.
DELIVERY_TRUSTED_HOSTS = environment.hosts("DELIVERY_TRUSTED_HOSTS", default=[], has_ports=True)
DELIVERY_BATCH_SIZE = 40
DELIVERY_LEASE = timedelta(
    seconds=environment.seconds("DELIVERY_LEASE_SECONDS", default=120, least=1, most=600)
)
# Whoever sends starts no message after the budget: the last one has ended, and is marked, before
# the lease.
DELIVERY_BUDGET = min(timedelta(seconds=5), DELIVERY_LEASE / 2)

# --- Celery ---------------------------------------------------------------------------------

CELERY_BROKER_URL = BROKER_URL
# Celery's own default trusts whoever answers. What the URL says of TLS comes before it.
CELERY_BROKER_USE_SSL = (
    {"ssl_cert_reqs": ssl.CERT_REQUIRED} if BROKER_URL.startswith("rediss://") else None
)
CELERY_IMPORTS = ["config.tasks"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = CALL_DEADLINE.total_seconds() * 7.5
CELERY_TASK_TIME_LIMIT = CALL_DEADLINE.total_seconds() * 9
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False
# A batch outlives the broker's connection: what it asked is worth recording, and claims see to it
# that a second delivery finds nothing to do.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
