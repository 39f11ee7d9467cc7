"""Who asks BigQuery, and where: Google with real credentials over TLS, or an emulator on loopback with none."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

import google.auth
import grpc
from google.api_core.client_options import ClientOptions
from google.api_core.retry import Retry
from google.auth import impersonated_credentials
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from holley_graph.errors import AccessDenied, SettingsError
from holley_graph.settings import BigQuery

EMULATOR_VARIABLE = "BIGQUERY_EMULATOR_HOST"  # Google's own clients know it too
_PROJECT = "set bigquery.project, for example in holley-graph.toml"
_SCOPE = "https://www.googleapis.com/auth/bigquery"
_CALL_S = 60.0  # one attempt of one call; the deadline is for all attempts


@dataclass(frozen=True)
class Connection:
    """BigQuery as the settings describe it; clients are made when first used."""

    settings: BigQuery

    @cached_property
    def rest_endpoint(self) -> str | None:
        """Address of the REST interface; none: Google's."""
        return _address(self.settings.rest_endpoint or os.environ.get(EMULATOR_VARIABLE))

    @cached_property
    def emulated(self) -> bool:
        """Whether somebody on this machine plays BigQuery."""
        return self.rest_endpoint is not None and self.rest_endpoint.startswith("http:")

    @cached_property
    def client(self) -> bigquery.Client:
        """The REST client."""
        credentials, project = self._identity
        options = ClientOptions(api_endpoint=self.rest_endpoint) if self.rest_endpoint else None
        return bigquery.Client(
            project=project, credentials=credentials, location=self.settings.location, client_options=options
        )

    @cached_property
    def storage(self) -> BigQueryReadClient | None:
        """The client of the Storage Read interface; none beside an emulator that has none."""
        endpoint = self.settings.storage_endpoint
        if not self.emulated:
            options = ClientOptions(api_endpoint=endpoint) if endpoint else None
            return BigQueryReadClient(credentials=self._identity[0], client_options=options)
        if endpoint is None:
            return None
        if not _is_loopback(endpoint.rpartition(":")[0]):
            raise SettingsError(
                f"bigquery.storage_endpoint {endpoint}: an insecure channel is for loopback only",
                "name an https address",
            )
        channel = grpc.insecure_channel(endpoint, options=[("grpc.max_receive_message_length", -1)])
        return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

    @cached_property
    def retry(self) -> Retry:
        """Repeats a call that failed for the moment, until the deadline."""
        return DEFAULT_RETRY.with_timeout(self.settings.deadline_s)

    @property
    def call_s(self) -> float:
        """Seconds for one attempt of a call."""
        return min(_CALL_S, self.settings.deadline_s)

    def close(self) -> None:
        """Give connections back."""
        for name in ("client", "storage"):
            made = self.__dict__.pop(name, None)
            if made is not None:
                (made.close if name == "client" else made.transport.close)()

    @cached_property
    def _identity(self) -> tuple[Credentials, str]:
        settings = self.settings
        if self.emulated:
            if settings.project is None:
                raise SettingsError("bigquery.project is not set: an emulator has no default project", _PROJECT)
            return AnonymousCredentials(), settings.project
        try:
            if settings.credentials_file is not None:
                credentials, project = google.auth.load_credentials_from_file(
                    str(settings.credentials_file), scopes=[_SCOPE]
                )
            else:
                credentials, project = google.auth.default(scopes=[_SCOPE])
        except GoogleAuthError as error:
            raise AccessDenied(
                f"no Google credentials: {str(error).splitlines()[0]}",
                "gcloud auth application-default login, or set bigquery.credentials_file",
            ) from error
        if settings.impersonate:
            credentials = impersonated_credentials.Credentials(credentials, settings.impersonate, [_SCOPE])
        project = settings.project or project
        if project is None:
            raise SettingsError("bigquery.project is not set, and the credentials name none", _PROJECT)
        return credentials, project


def _address(endpoint: str | None) -> str | None:
    if endpoint is None:
        return None
    endpoint = endpoint if "://" in endpoint else f"http://{endpoint}"
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise SettingsError(
            f"bigquery.rest_endpoint {endpoint}: plain http is for an emulator on loopback only",
            "use an https address, or none for Google's",
        )
    return endpoint.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
