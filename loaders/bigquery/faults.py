"""Google's errors as ours: what is missing, on which table, and whether the same command may work later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions as api
from google.auth.exceptions import GoogleAuthError, TransportError

from holley_graph.errors import AccessDenied, HolleyGraphError, SourceError, SourceUnreachable, TooExpensive

FAULTS = (api.GoogleAPICallError, api.RetryError, requests.RequestException, GoogleAuthError)
"""Everything that Google's clients raise when BigQuery or the way to it is the reason."""

FOR_THE_MOMENT = frozenset(
    {"quotaExceeded", "rateLimitExceeded", "backendError", "internalError", "jobBackendError", "jobInternalError",
     "jobRateLimitExceeded", "resourcesExceeded"}
)  # fmt: skip
_QUERIES = "does not have permission to query table"  # BigQuery's words for a lack of bigquery.tables.getData
_PERMISSION = re.compile(r"\bbigquery\.[a-z]+\.[a-zA-Z]+\b")
_RESOURCE = re.compile(
    r"(?:Table|Dataset|Project|table|dataset|project|resource) ['\"]?([\w/:.-]*[\w])['\"]?", re.ASCII
)
_ROLE = {
    "bigquery.tables.getData": "roles/bigquery.dataViewer on the dataset",
    "bigquery.tables.get": "roles/bigquery.dataViewer on the dataset",
    "bigquery.tables.create": "roles/bigquery.dataEditor on the scratch dataset",
    "bigquery.tables.updateData": "roles/bigquery.dataEditor on the dataset that is written to",
    "bigquery.jobs.create": "roles/bigquery.jobUser on the project that pays",
    "bigquery.readsessions.create": "roles/bigquery.readSessionUser on the project that pays",
}


@contextmanager
def told(what: str, deadline_s: float) -> Iterator[None]:
    """Turn whatever Google's clients raise inside into an error that says what to do.

    Args:
        what: what was being done, for example `table events, project.dataset.name`.
        deadline_s: seconds that were tried, for the message.
    """
    try:
        yield
    except FAULTS as error:
        raise of(error, what, deadline_s) from error


def of(error: Exception, what: str, deadline_s: float) -> HolleyGraphError:
    """Say in our words what an error of Google's clients means."""
    cause = error.cause if isinstance(error, api.RetryError) and error.cause else error
    line = _line(cause)
    reason = reason_of(cause)
    refused = isinstance(cause, GoogleAuthError) and not isinstance(cause, TransportError)
    if refused or isinstance(cause, api.Unauthorized | api.Unauthenticated):
        return AccessDenied(
            f"{what}: the credentials are expired or refused: {line}",
            "gcloud auth application-default login, or a new key in bigquery.credentials_file",
        )
    if reason == "bytesBilledLimitExceeded":
        return TooExpensive(f"{what}: {line}", "raise bigquery.max_bytes_billed to allow it")
    if reason == "stopped":
        return SourceUnreachable(f"{what}: the job was cancelled: {line}", "run the same command again")
    if reason in FOR_THE_MOMENT or isinstance(cause, api.TooManyRequests):
        return SourceUnreachable(f"{what}: {reason or 'quota'}: {line}", "run the same command again later")
    if isinstance(cause, api.Forbidden):
        return _denied(what, line)
    if isinstance(cause, api.NotFound):
        hint = "check project, location, datasets and tables in [bigquery]; the scratch dataset has to exist"
        return SourceError(f"{what}: not found: {line}", hint)
    if isinstance(cause, api.ClientError) and not isinstance(cause, api.Cancelled):
        return SourceError(f"{what}: {line}", "BigQuery says so; docs/bigquery.md lists what it refuses")
    return SourceUnreachable(
        f"{what}: no answer within {deadline_s:g} s: {line}",
        "nothing was written; run the same command again, or raise bigquery.deadline_s",
    )


def reason_of(error: Exception) -> str:
    """BigQuery's own word for what went wrong; empty if it has none."""
    listed = getattr(error, "errors", None) or [{}]
    first = listed[0]
    return str(first.get("reason", "")) if isinstance(first, dict) else ""


def _denied(what: str, line: str) -> AccessDenied:
    named = _PERMISSION.search(line)
    permission = "bigquery.tables.getData" if _QUERIES in line else named[0] if named else None
    if permission is None:
        return AccessDenied(f"{what}: {line}", "docs/bigquery.md lists the rights that are needed")
    resource = _RESOURCE.search(line)
    on = f" on {resource[1]}" if resource else ""
    role = _ROLE.get(permission, "a role with it")
    return AccessDenied(f"{what}: the permission {permission}{on} is missing", f"grant {role}")


def _line(error: BaseException) -> str:
    """The first line of a message, without the address that was called."""
    text = str(getattr(error, "message", "") or error).strip() or type(error).__name__
    return re.sub(r"^\w+ https?://\S+?: ", "", text.splitlines()[0])
