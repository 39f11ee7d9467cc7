"""Texts that would be more than text to a page, a drawing, a statement or a terminal that does not quote them."""

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "--><img src=x onerror=alert(1)>",
    "</td></style></svg></pre><b>",
    "\"'> onmouseover='alert(1)' x=\"",
    "javascript:alert(1)",
    "`${alert(1)}` {{7*7}} %s {0}",
    r"$\frac{$ a$b$c \u003c",
    "&lt;b&gt; &#60; &amp",
    "[b]x[/b] =cmd|' /C calc'!A0",
    "\x1b]0;title\x07\x1b[31m",
    "right \u202e to left, \u2028 \u2029 \u200b",
]
