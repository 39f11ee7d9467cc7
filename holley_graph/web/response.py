"""Pages as answers: what a browser may load and do with them."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

POLICY = (
    "default-src 'none'; style-src 'self'; img-src https:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""No script at all, our own style sheet, and images of parts, which are on the shop's hosts."""
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; frame-ancestors 'none'; sandbox"
)
"""A report is one file with its style in it; it may do nothing else."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    # an address of the page names a person: the shop's host does not learn it with the image
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def html(text: str, status: int = 200, policy: str = POLICY) -> HTMLResponse:
    """Return a page with what keeps it safe."""
    return HTMLResponse(text, status, HEADERS | {"Content-Security-Policy": policy})
