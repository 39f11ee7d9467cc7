"""Who asks BigQuery, and where, before anybody is asked."""

import json

import pytest

from holley_graph.errors import AccessDenied, SettingsError
from holley_graph.loaders.bigquery.connection import EMULATOR_VARIABLE, Connection
from holley_graph.settings import BigQuery


@pytest.fixture(autouse=True)
def no_identity(monkeypatch, tmp_path):
    """Nothing of this machine's own: no key, no emulator, no metadata server to ask."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", EMULATOR_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture
def key(tmp_path):
    """Credentials of a person, as `gcloud auth application-default login` leaves them."""
    message = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    path = tmp_path / "key.json"
    path.write_text(json.dumps(message))
    return path


@pytest.mark.parametrize("address", ["http://bigquery.example.org", "http://10.0.0.7:9050", "example.org:9050"])
def test_plain_http_off_loopback_is_refused(address):
    with pytest.raises(SettingsError, match=r"plain http is for an emulator on loopback only"):
        _ = Connection(BigQuery(project="p", rest_endpoint=address)).client


def test_an_insecure_channel_off_loopback_is_refused():
    config = BigQuery(project="p", rest_endpoint="http://localhost:9050", storage_endpoint="10.0.0.7:9060")
    with pytest.raises(SettingsError, match="an insecure channel is for loopback only"):
        _ = Connection(config).storage


def test_an_emulator_is_found_by_its_variable_and_asked_without_credentials(monkeypatch):
    monkeypatch.setenv(EMULATOR_VARIABLE, "localhost:9050")
    connection = Connection(BigQuery(project="p"))
    assert (connection.emulated, connection.rest_endpoint) == (True, "http://localhost:9050")
    assert type(connection.client._credentials).__name__ == "AnonymousCredentials"
    assert connection.storage is None  # never Google's beside somebody else's REST


def test_another_https_address_is_asked_with_credentials(key):
    config = BigQuery(project="p", rest_endpoint="https://bigquery.example.org/", credentials_file=key)
    connection = Connection(config)
    assert connection.client._connection.API_BASE_URL == "https://bigquery.example.org"
    assert type(connection.client._credentials).__module__ == "google.oauth2.credentials"


def test_without_any_credentials_it_says_how_to_get_some():
    with pytest.raises(AccessDenied, match="no Google credentials") as refused:
        _ = Connection(BigQuery(project="p")).client
    assert "gcloud auth application-default login" in refused.value.hint


def test_application_default_credentials_are_found(monkeypatch, key):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    assert Connection(BigQuery(project="p")).client.project == "p"
    with pytest.raises(SettingsError, match=r"bigquery\.project is not set, and the credentials name none"):
        _ = Connection(BigQuery()).client


@pytest.mark.parametrize("content", [None, "not json", '{"type": "unheard of"}'])
def test_a_key_file_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "broken.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AccessDenied, match=r"broken\.json"):
        _ = Connection(BigQuery(project="p", credentials_file=path)).client


def test_a_service_account_is_acted_as(key):
    account = "sync@p.iam.gserviceaccount.com"
    credentials = Connection(BigQuery(project="p", credentials_file=key, impersonate=account)).client._credentials
    assert credentials.service_account_email == account
