"""What a value says, in plain Python: how a text is spelled, whether it is an address or nobody, which price."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

Row = dict[str, Any]

MOST_CHARACTERS = 500
MAX_PRICE = 100_000.0
KINDS = {
    "VIEWED PRODUCT": ("VIEWED", r"prod(uct)?id"),
    "CART UPDATE": ("CARTED", r"items_(\d+)\.prod(uct)?id"),
    "ORDERED PRODUCT": ("ORDERED", r"prod(uct)?id"),
    "PLACED ORDER": ("ORDERED", r"items_(\d+)\.prod(uct)?id"),
    "CONSUMER WEBSITE ORDER": ("ORDERED", r"skus_(\d+)"),
}
PLACEHOLDERS = {"n/a", "na", "null", "none", "nil", "nan", "undefined", "unknown", "anonymous"}


def text(value: str | None, case: Callable[[str], str] = str) -> str | None:
    """Spell a text as it compares; blank is missing."""
    seen = "".join(letter for letter in value or "" if not invisible(letter))
    return case(" ".join(unicodedata.normalize("NFKC", seen).split())) or None


def invisible(letter: str) -> bool:
    """Controls, and what Unicode calls default ignorable."""
    number = ord(letter)
    if letter.isspace():
        return False
    if unicodedata.category(letter) in ("Cc", "Cf") and (number == 0x61C or not 0x600 <= number <= 0x8FF):
        return True
    return number in (0x34F, 0x115F, 0x1160, 0x3164, 0xFFA0) or 0xFE00 <= number <= 0xFE0F


def placeholder(value: str) -> bool:
    return value.lower() in PLACEHOLDERS or not set(value) - {"0", "-"}


def mailbox(value: str) -> bool:
    local, at, domain = value.rpartition("@")
    odd = set(' ,;:<>()[]"')
    quoted = len(local) > 2 and local[0] == local[-1] == '"' and not set(local[1:-1]) & {'"', "@"}
    return bool(at and local and domain) and not set(domain) & odd and (quoted or not set(local) & {*odd, "@"})


def mention(value: str) -> bool:
    """Whether something stands on both sides of an @, percent-encoded ones included."""
    return bool(re.search(r"[^\s\\](@|%(25)*40)[^\s\\\"@]", value))


def address(value: str) -> bool:
    """Whether a domain that ends in letters follows an @."""
    ends = re.split(r"@|%(?:25)*40", value)
    return any(
        before
        and (before[-1].isalnum() or before[-1] in "\"!#$&'*+=?^_{|}~.-")
        and re.match(r"(?:[\w-]+\.)+[^\W\d_]{2}", after)
        for before, after in pairwise(ends)
    )


def bad_key(feed: str, *values: str) -> str | None:
    if any(len(value) > MOST_CHARACTERS for value in values):
        return f"{feed}.too_long"
    return f"{feed}.address" if any(map(address, values)) else None


def amount(words: str) -> float | None:
    """Read a price in words: currency first, then by what separates thousands."""
    codes = ["usd", "cad", "eur", "gbp", "aud", "mxn"]
    bare = words.lower()
    for code in codes:
        bare = bare.removeprefix(code).removesuffix(code)
    bare = bare.strip()
    if bare and unicodedata.category(bare[-1]) == "Sc":
        bare = bare[:-1].strip()
    signs = [n for n, letter in enumerate(bare) if unicodedata.category(letter) == "Sc"]
    if signs and bare[: signs[0]] in ("", "us", "ca", "c", "au", "a", "mx"):
        bare = bare[signs[0] + 1 :].strip()
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([e][+-]?\d+)?", bare, re.A):
        return float(bare)
    for thousands, point in ((r"[, ']", r"\."), (r"[. ']", ",")):
        few = "{1,2}" if point == "," else "+"
        if re.fullmatch(rf"\d{{1,3}}({thousands}\d{{3}})+({point}\d{few})?", bare, re.A):
            if point == "," and "," not in bare and len(re.findall(r"\.", bare)) < 2:
                continue
            return float(re.sub(thousands, "", bare).replace(",", "."))
    return float(bare.replace(",", ".")) if re.fullmatch(r"\d+,\d{1,2}", bare, re.A) else None


def event_items(name: str, properties: Iterable[Row]) -> list[tuple[str, float | None, str | None, bool]]:
    skus: set[tuple[str, str]] = set()
    prices: dict[str, float] = {}
    images: dict[str, str] = {}
    bad: set[str] = set()
    for prop in properties:
        report, words = (text(prop["property_name"]) or "").lower(), text(prop["string_value"])
        slot = match.group(2) if (match := re.match(r"(items|skus)_([0-9]+)", report)) else ""
        if re.fullmatch(KINDS[name][1], report):
            value = words or (str(prop["long_value"]) if prop["long_value"] is not None else None)
            skus |= {(slot, value.upper())} if value else set()
        elif re.fullmatch(r"price|itemprice|items_[0-9]+\.itemprice", report):
            message = [n for n in (prop["double_value"], prop["long_value"]) if n is not None]
            value_ = message[0] if message else amount(words) if words else None
            if value_ is not None and math.isfinite(value_) and value_ <= MAX_PRICE:
                prices[slot] = max(prices.get(slot, value_), value_)
            elif message or words:
                bad.add(slot)
        elif (
            re.fullmatch(r"imageurl|items_[0-9]+\.imageurl", report)
            and (url := image(prop["string_value"])) is not None
        ):
            images[slot] = max(images.get(slot, ""), url)
    return [(sku, prices.get(slot), images.get(slot), slot in bad) for slot, sku in skus]


def image(value: str | None) -> str | None:
    """None: there is none; blank: it cannot be used."""
    seen = " ".join("".join(letter for letter in value or "" if not invisible(letter)).split())
    return https(seen) if seen else None


def https(url: str) -> str:
    """Blank: it cannot be used."""
    if address(re.sub(r"(?i)@[^@/?&]*\.(jpe?g|png|gif|webp|avif|svg)", "", url)):
        return ""
    if url.startswith("//"):
        return "https:" + url
    if url.startswith("http://"):
        return "https://" + url.removeprefix("http://")
    return url if url.startswith("https://") else ""


def order_date(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, "%A, %B %d, %Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def year(value: str) -> int | None:
    return int(value) if re.fullmatch(r"[+-]?[0-9]{1,9}", value) else None


def base_sku(sku: str) -> str:
    return sku[:-1] if len(sku) > 1 and sku[-1] in "BRGP" and sku[-2] in "0123456789" else sku


def display_key(sku: str) -> str:
    for tail in ("-KIT", "-BLK", "-POL", "-CHR", "-RAW"):
        if sku.endswith(tail):
            return base_sku(sku.removesuffix(tail))
    head, dash, tail = sku.rpartition("-")
    short = dash and 1 <= len(tail) <= 2 and tail.isascii() and tail.isalnum()
    return base_sku(head if short else sku)


def eligible(product: Row) -> bool:
    kind, price = product["part_type"], 50 if product["price"] is None else product["price"]
    if product["refurbished"] or product.get("available") is False or product["image_url"] is None or price < 50:
        return False
    if any(word in kind for word in ("Gasket", "Decal", "Key", "Washer", "Clamp")):
        return False
    if "Bolt" in kind and kind not in ("Engine Cylinder Head Bolt", "Engine Bolt Kit"):
        return False
    if "Cap" in kind and "Distributor Cap" not in kind and kind not in ("Wheel Hub Cap", "Wheel Cap Set"):
        return False
    return kind != "UNKNOWN" or price >= 3000
