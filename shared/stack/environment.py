"""The environment variables of each service."""

from collections.abc import Mapping

from shared.mail import derive_return_path_key
from shared.registry import get_registry
from shared.stack.directory import StackDirectory
from shared.stack.install.environments import STATISTICS_VENV
from shared.stack.keys import StackSecrets
from shared.stack.settings import StackSettings

DEFAULT_MAIL_FROM = "Candor <no-reply@candor.example>"
_NOT_INHERITED = (
    *("MONGO_DATABASE", "CANDOR_SERVICE_PORT", "CANDOR_TLS_CERT", "CANDOR_TLS_KEY"),
    *("CANDOR_RETURN_PATH_KEY", "NEWSLETTER_RETURN_PATH_MASTER"),
)
"""Settings of a single service: inherited by all, they would make services share a database or a port. The TLS
settings are dropped because hops on loopback have no TLS."""
_URL_SETTINGS = ("MONGO_URL", "AMQP_URL", "SMTP_URL")
"""Set for each service; URLs of other services, such as MONGO_URL_IDENTITY, contain their passwords."""


def build_environment(
    service: str, settings: StackSettings, secrets: StackSecrets, urls: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of *service*: the inherited variables and those derived from the stack.

    *urls* contains MONGO_URL, AMQP_URL and SMTP_URL, each if the service uses that part.
    """
    home = StackDirectory(settings.home)
    inherited = {
        name: value
        for name, value in settings.inherited_env.items()
        if name not in _NOT_INHERITED and not name.startswith(_URL_SETTINGS)
    }
    return {
        **inherited,
        **urls,
        "CANDOR_MODE": settings.mode,
        "CANDOR_HOST": "127.0.0.1",
        "CANDOR_PUBLIC_URL": settings.public_url,
        "CANDOR_KEYRING": str(secrets.keyrings[service]),
        "CANDOR_DATA": str(home.data / service),
        "CANDOR_MAIL_FROM": settings.inherited_env.get("CANDOR_MAIL_FROM", DEFAULT_MAIL_FROM),
        **(_mail_variables(service, settings, secrets) if get_registry().get(service).sends_mail else {}),
        **(_portal_variables(settings) if service == "portal" else {}),
        **(_identity_variables(home, settings, secrets) if service == "identity" else {}),
        **(_payments_variables(settings, secrets) if service == "payments" else {}),
        **(_telemetry_variables(settings) if service == "telemetry" else {}),
    }


def _mail_variables(service: str, settings: StackSettings, secrets: StackSecrets) -> dict[str, str]:
    if settings.inbound_domain is None:
        return {}
    master = settings.inherited_env.get("NEWSLETTER_RETURN_PATH_MASTER") or secrets.return_path_master
    own = {
        "CANDOR_INBOUND_DOMAIN": settings.inbound_domain,
        "CANDOR_RETURN_PATH_KEY": derive_return_path_key(master.partition(",")[0].strip(), service),
    }
    if service != "newsletter":
        return own
    listener = {"NEWSLETTER_INBOUND_PORT": str(settings.ports["inbound-smtp"])}
    return {**own, **listener, "NEWSLETTER_RETURN_PATH_MASTER": master}


def _portal_variables(settings: StackSettings) -> dict[str, str]:
    # The portal is a frontend like any other: it calls the public APIs through the listener of the edge for frontends.
    return {"PORTAL_API_URL": settings.ports.build_url("frontend")}


def _payments_variables(settings: StackSettings, secrets: StackSecrets) -> dict[str, str]:
    """Name what payments uses only when it is named, where the operator names nothing: the simulator, and both ways in.

    On one machine both ways of entering a card are shown; production has the processor's page unless told.
    """
    if not settings.is_local:
        return {}
    defaults = {"PAYMENTS_CARD_ENTRY": "both", "PAYMENTS_PROCESSOR": "simulator"}
    named = {name: settings.inherited_env.get(name) or value for name, value in defaults.items()}
    if named["PAYMENTS_PROCESSOR"] != "simulator":
        return named
    # Through the edge, as a real processor's events come.
    webhook = {
        "PAYMENTS_WEBHOOK_SECRETS": secrets.webhook_secret,
        "PAYMENTS_SIMULATOR_WEBHOOK_URL": f"{settings.ports.build_url('edge')}/v1/payments/processor-events",
    }
    return {**named, **{name: settings.inherited_env.get(name) or value for name, value in webhook.items()}}


def _telemetry_variables(settings: StackSettings) -> dict[str, str]:
    # OpenDP is in an environment of its own; only the process that draws the noise uses it.
    named = settings.inherited_env.get("TELEMETRY_NOISE_PYTHON")
    return {"TELEMETRY_NOISE_PYTHON": named or str(STATISTICS_VENV / "bin" / "python")}


def _identity_variables(home: StackDirectory, settings: StackSettings, secrets: StackSecrets) -> dict[str, str]:
    staff = {"IDENTITY_STAFF_FILE": str(secrets.staff_file)} if settings.is_local else {}
    # Identity leads C04, so its probe reads the access log of the edge, which runs no probes.
    return {"CANDOR_ACCESS_LOG": str(home.access_log), **staff}
