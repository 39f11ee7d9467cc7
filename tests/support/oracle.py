"""The contract's value rules once more, in plain Python and row by row: what the SQL is held against."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.spelled import (
    KINDS,
    MAX_PRICE,
    MOST_CHARACTERS,
    address,
    bad_key,
    base_sku,
    display_key,
    eligible,
    event_items,
    image,
    mailbox,
    mention,
    order_date,
    placeholder,
    text,
    year,
)

Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]

SERVICE = ("EXT-", "GIFT-", "WARRANTY-", "SERVICE-", "PREAUTH-")
MOST_IDS = 20
SHOP = ZoneInfo("America/Chicago")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class World:
    """Clean tables (lists of rows), reject and ignore counts, and graph tables of one set of raw tables."""

    def __init__(self, raw: Tables, boundary: datetime, as_of: int, key: bytes = b"") -> None:
        self.raw, self.boundary, self.end, self.key = raw, boundary, EPOCH + timedelta(seconds=as_of), key
        self.rejected: dict[str, Counter[str]] = defaultdict(Counter)
        self.ignored: dict[str, Counter[str]] = defaultdict(Counter)
        self.users = self._users()
        self.fitment = self._fitment()
        self.items = self._items()
        self.catalogue = {row["sku"] for row in self.fitment + self.items} - {None}
        self.events = self._events()
        self.interactions = whole(self.events)
        self.orders = self._orders()

    def _users(self) -> list[Row]:
        newest: dict[str, dict[str, tuple[Any, ...]]] = {}
        for row in self.raw.get("user_attributes", ()):
            updated, inserted = row["update_timestamp"], row["auxia_insertion_timestamp"]
            if updated is not None and updated >= self.end:
                self.ignored["user_attributes"]["outside_window"] += 1
                continue
            user = text(row["user_id"])
            if user is None:
                self.rejected["user_attributes"]["user.no_id"] += 1
                continue
            groups: dict[str, list[str | None]] = defaultdict(list)
            nobody = False
            for prop in row["user_properties"] or ():
                name = (text(prop["property_name"]) or "").lower()
                value = text(prop["string_value"])
                if name == "email" and value is not None and placeholder(value):
                    value, nobody = None, True
                if name != "email" and value is None and prop["long_value"] is not None:
                    value = str(prop["long_value"])
                groups[name].append(value)
            if reason := self._bad_user(user, groups):
                self.rejected["user_attributes"][reason] += 1
                continue
            self.ignored["user_attributes"]["placeholder_email"] += nobody
            user = self.named(user)
            user_row = newest.setdefault(user, {})
            for name in ("email", "v1_year", "v1_make", "v1_model"):
                if groups[name]:
                    case = str.lower if name == "email" else str.upper
                    report = max(case(value or "") for value in groups[name])
                    rank = (updated or EPOCH, inserted or EPOCH, report, updated)
                    user_row[name] = max(user_row.get(name, rank), rank)
        ids = Counter(got(user_row, "email") for user_row in newest.values())
        self.ignored["user_attributes"]["shared_email"] += sum(
            n for email, n in ids.items() if email and n > MOST_IDS
        )
        self.ignored["user_attributes"] += Counter()  # drops zeros
        return [
            {
                "user_id": user,
                "email": got(user_row, "email") if ids[got(user_row, "email")] <= MOST_IDS else None,
                "year": year(got(user_row, "v1_year") or ""),
                "make": got(user_row, "v1_make"),
                "model": got(user_row, "v1_model"),
                "since": max(
                    (
                        seconds(rank[3])
                        for name, rank in user_row.items()
                        if name != "email" and rank[3] is not None
                    ),
                    default=None,
                ),
            }
            for user, user_row in newest.items()
        ]

    def _bad_user(self, user: str, message: Mapping[str, list[str | None]]) -> str | None:
        vehicle = [value for name in ("v1_make", "v1_model") for value in message[name] if value]
        emails = [value for value in message["email"] if value]
        if placeholder(user):
            return "user.placeholder_id"
        if any(len(value) > MOST_CHARACTERS for value in (user, *vehicle, *emails)):
            return "user.too_long"
        if any(value is not None and self.year(value) is None for value in message["v1_year"]):
            return "user.bad_year"
        if not all(map(mailbox, emails)):
            return "user.bad_email"
        if any(map(address, vehicle)):
            return "user.address"
        return "user.bar" if any("|" in value for value in vehicle) else None

    def named(self, user: str) -> str:
        """Hash an id that may be an address."""
        if not mention(user):
            return user
        return "hashed:" + hmac.new(self.key, user.lower().encode(), hashlib.sha256).hexdigest()

    def year(self, value: str) -> int | None:
        number = year(value)
        newest = (self.end - timedelta(microseconds=1)).year + 2
        return number if number is not None and 1885 <= number <= newest else None

    def _fitment(self) -> list[Row]:
        fits: dict[tuple[int, str, str], set[str]] = {}
        for row in self.raw.get("fitment", ()):
            number = self.year(text(row["v1_year"]) or "")
            make, model = text(row["v1_make"], str.upper), text(row["v1_model"], str.upper)
            if number is None:
                self.rejected["fitment"]["fitment.bad_year"] += 1
            elif make is None or model is None:
                self.rejected["fitment"]["fitment.no_vehicle"] += 1
            elif reason := bad_key("fitment", make, model) or ("fitment.bar" if "|" in make + model else None):
                self.rejected["fitment"][reason] += 1
            else:
                skus = fits.setdefault((number, make, model), set())
                for product in row["products"] or ():
                    sku = text(product["product_number"], str.upper)
                    if sku is None:
                        self.rejected["fitment"]["fitment.no_sku"] += 1
                    elif reason := bad_key("fitment", sku):
                        self.rejected["fitment"][reason] += 1
                    elif sku.startswith(SERVICE):
                        self.ignored["fitment"]["sku.service"] += 1
                    else:
                        skus.add(sku)
        return [
            {"sku": sku, "year": y, "make": make, "model": model}
            for (y, make, model), skus in fits.items()
            for sku in (skus or {None})
        ]

    def _items(self) -> list[Row]:
        lines: dict[str, list[Row]] = defaultdict(list)
        for row in self.raw.get("items", ()):
            sku = text(row["PartNumber"], str.upper)
            if sku is None:
                self.rejected["items"]["item.no_sku"] += 1
            elif reason := bad_key("item", sku, text(row["PartType"]) or ""):
                self.rejected["items"][reason] += 1
            elif any(address(text(row.get(name)) or "") for name in ("Title", "Brand")):
                self.rejected["items"]["item.address"] += 1
            elif sku.startswith(SERVICE):
                self.ignored["items"]["sku.service"] += 1
            else:
                lines[sku].append(row)

        def greatest(rows: list[Row], column: str) -> str | None:
            return max((value for row in rows if (value := text(row.get(column)))), default=None)

        return [
            {
                "sku": sku,
                "part_type": greatest(rows, "PartType"),
                "refurbished": any("refurbished" in (row["Tags"] or "").lower() for row in rows),
                **{name.lower(): greatest(rows, name) for name in ("Title", "Brand")},
                "price": max((n for r in rows if 0 < (n := r.get("ListPrice") or 0) <= MAX_PRICE), default=None),
                "image_url": max((url for row in rows if (url := image(row.get("ListImage")))), default=None),
                "available": max((is_ for row in rows if (is_ := row.get("Available")) is not None), default=None),
            }
            for sku, rows in lines.items()
        ]

    def _events(self) -> list[Row]:
        prices: dict[tuple[Any, ...], list[float]] = defaultdict(list)
        images: dict[tuple[Any, ...], list[tuple[datetime, str]]] = defaultdict(list)
        times: dict[tuple[Any, ...], set[tuple[datetime, str]]] = defaultdict(set)
        self.hot = set[str]()
        rejected, ignored = self.rejected["events"], self.ignored["events"]
        for row in self.raw.get("events", ()):
            name, when, user = (
                text(row["event_name"], str.upper) or "",
                row["client_event_timestamp"],
                text(row["user_id"]),
            )
            if when is not None and not self.boundary <= when < self.end:
                ignored["outside_window"] += 1
            elif name not in KINDS:
                ignored["other_name"] += 1
            elif user is None:
                rejected["event.no_user"] += 1
            elif placeholder(user):
                rejected["event.placeholder_user"] += 1
            elif len(user) > MOST_CHARACTERS:
                rejected["event.too_long"] += 1
            elif when is None:
                rejected["event.no_time"] += 1
            else:
                items = event_items(name, row["event_properties"] or ())
                if not items:
                    rejected["event.no_sku"] += 1
                for sku, price, image, bad in items:
                    if reason := bad_key("event", sku):
                        rejected[reason] += 1
                        continue
                    key = (self.named(user), KINDS[name][0], sku, (when - EPOCH).days)
                    self.hot |= {key[0]} if KINDS[name][0] == "ORDERED" else set()
                    if sku.startswith(SERVICE):
                        ignored["sku.service"] += 1
                    elif sku not in self.catalogue:
                        rejected["event.unknown_sku"] += 1
                    else:
                        ignored["bad_price"] += bad
                        times[key].add((when, name))
                        prices[key] += [price] if price is not None else []
                        images[key] += [(when, image)] if image is not None else []
        ignored += Counter()  # drops a zero
        return [
            {
                "user_id": user,
                "kind": kind,
                "sku": sku,
                "day": day,
                "at": sorted(seconds(when) for when, _ in time),
                "count": len(time),
                "price": max(prices[user, kind, sku, day], default=None),
                "image_url": max(images[user, kind, sku, day], default=(None, None))[1] or None,
                "image_at": micros(max(images[user, kind, sku, day], default=(None, None))[0]),
            }
            for (user, kind, sku, day), time in times.items()
        ]

    def _orders(self) -> list[Row]:
        lines: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        rejected, ignored = self.rejected["orders"], self.ignored["orders"]
        for row in self.raw.get("orders", ()):
            day = order_date(text(row["ORDER_DATE"]) or "")
            sku, email = text(row["ITEM"], str.upper), text(row["SHIP_TO_EMAIL"], str.lower)
            if day is None:
                rejected["order.bad_date"] += 1
            elif day >= self.end:
                ignored["outside_window"] += 1
            elif sku is None:
                rejected["order.no_item"] += 1
            elif email is None:
                rejected["order.no_email"] += 1
            elif placeholder(email):
                rejected["order.placeholder_email"] += 1
            elif max(len(sku), len(email)) > MOST_CHARACTERS:
                rejected["order.too_long"] += 1
            elif not mailbox(email):
                rejected["order.bad_email"] += 1
            elif sku.startswith(SERVICE):
                ignored["sku.service"] += 1
            elif sku not in self.catalogue:
                rejected["order.unknown_sku"] += 1
            else:
                ignored["past_boundary"] += day >= self.boundary
                lines[email, sku].append(day)
        ignored += Counter()  # drops a zero
        return [
            {
                "email": email,
                "sku": sku,
                "at": sorted(seconds(day) for day in days if day < self.boundary),
                "last_at": seconds(max(days)),
            }
            for (email, sku), days in lines.items()
        ]

    def graph(self, key: bytes, half_life_days: float | None, base: Mapping[str, float]) -> dict[str, list[Row]]:
        """Make the graph tables, with the default eligibility and without limits on dealers and crawlers."""

        def hashed(email: str) -> str:
            return hmac.new(key, email.encode(), hashlib.sha256).hexdigest()

        def weight(kind: str, times: list[int]) -> float:
            # age counts to the start of the half-life that as_of lies in
            start = 0 if half_life_days is None else seconds(self.end) // (half_life_days * 86_400) * half_life_days
            ages = [start - t / 86_400 for t in times]
            return sum(base[kind] * (1.0 if half_life_days is None else 2 ** (-a / half_life_days)) for a in ages)

        def interaction(kind: str, user: str, sku: str, times: list[int], last: int) -> Row:
            first = times[0] if times else None
            report = {"count": len(times), "first_at": first, "last_at": last, "at": times}
            return {"user_id": user, "sku": sku, **report, "weight": weight(kind, times)}

        address = {row["user_id"]: row["email"] for row in self.users}
        members: dict[str, list[str]] = defaultdict(list)
        for user, email in address.items():
            if email:
                members[email].append(user)
        for row in self.orders:
            if row["email"] not in members:
                members[row["email"]] = ["buyer:" + hashed(row["email"])]
                address[members[row["email"]][0]] = row["email"]
        people = set(address) | {row["user_id"] for row in self.interactions}
        hot = {address.get(user) or user for user in self.hot}
        owners = [u for u in self.users if u["email"] and u["year"] is not None and u["make"] and u["model"]]
        vehicles = {(r["year"], r["make"], r["model"]) for r in [*self.fitment, *owners]}
        models: dict[tuple[str, str], list[int]] = defaultdict(list)
        for y, make, model in vehicles:
            models[make, model].append(y)
        bought: dict[tuple[str, str], list[tuple[list[int], int]]] = defaultdict(list)
        for o in self.orders:
            for user in members[o["email"]]:
                bought[user, o["sku"]].append((o["at"], o["last_at"]))
        days = {
            (user, base_sku(sku), t // 86_400)
            for (user, sku), parts in bought.items()
            for at, _ in parts
            for t in at
        }
        events = [(t, e["sku"], e["user_id"]) for e in self.interactions if e["kind"] == "ORDERED" for t in e["at"]]
        for t, sku, user in sorted(events):
            day = (datetime.fromtimestamp(t, SHOP).date() - EPOCH.date()).days
            if (user, base_sku(sku), day) not in days:
                days.add((user, base_sku(sku), day))
                bought[user, sku].append(([t], t))
        ordered = [
            interaction(
                "ordered", user, sku, sorted(t for at, _ in parts for t in at), max(last for _, last in parts)
            )
            for (user, sku), parts in bought.items()
        ]
        seen = {
            table: [
                interaction(table, e["user_id"], e["sku"], e["at"], e["at"][-1])
                for e in self.interactions
                if e["kind"] == table.upper()
            ]
            for table in ("viewed", "carted")
        }
        products = self._products()
        owned = {u["user_id"]: (str(u["year"]), u["make"], u["model"]) for u in owners}
        return {
            "user": [
                {
                    "user_id": user,
                    "email_hash": hashed(email) if (email := address.get(user)) else None,
                    "engagement_tier": "hot" if (address.get(user) or user) in hot else "cold",
                    "drives": " ".join(owned.get(user, ())) or None,
                }
                for user in people
            ],
            "vehicle": [{"vehicle_id": f"{y}|{a}|{o}", "year": y, "make": a, "model": o} for y, a, o in vehicles],
            "vehicle_model": [
                {"model_id": f"{a}|{o}", "make": a, "model": o, "first_year": min(ys), "last_year": max(ys)}
                for (a, o), ys in models.items()
            ],
            "make": [{"name": make} for make in {make for make, _ in models}],
            "product": products,
            "part_type": [{"name": name} for name in {p["part_type"] for p in products}],
            "owns": [
                {"user_id": u["user_id"], "vehicle_id": "|".join(owned[u["user_id"]]), "since": u["since"]}
                for u in owners
            ],
            "fits": [
                {"sku": f["sku"], "vehicle_id": f"{f['year']}|{f['make']}|{f['model']}"}
                for f in self.fitment
                if f["sku"]
            ],
            "of_model": [{"vehicle_id": f"{y}|{a}|{o}", "model_id": f"{a}|{o}"} for y, a, o in vehicles],
            "made_by": [{"model_id": f"{a}|{o}", "make": a} for a, o in models],
            "of_type": [{"sku": p["sku"], "part_type": p["part_type"]} for p in products],
            "ordered": ordered,
            **seen,
            "co_purchased": rounded(
                co_purchased(
                    [row | {"person": address.get(row["user_id"]) or row["user_id"]} for row in ordered], 100
                )
            ),
            "co_viewed": rounded(co_viewed(seen["viewed"], 1800, 50)),
        }

    def _products(self) -> list[Row]:
        listed = {row["sku"]: row for row in self.items}
        products = []
        for sku in self.catalogue:
            events = [e for e in self.events if e["sku"] == sku]
            images = [(e["image_at"], e["image_url"] or "") for e in events if e["image_at"] is not None]
            row = listed.get(sku, defaultdict(lambda: None, refurbished=False))
            price = row["price"] or max((e["price"] for e in events if e["price"] is not None), default=None)
            product = {
                "sku": sku, "base_sku": base_sku(sku),
                "display_key": display_key(sku),
                "part_type": row["part_type"] or "UNKNOWN",
                "price": price,
                "image_url": row["image_url"] or max(images, default=(0, ""))[1] or None,
                **{name: row[name] for name in ("title", "brand", "refurbished")},
            }  # fmt: skip
            products.append(product | {"eligible": eligible(product | {"available": row["available"]})})
        return products


def seconds(when: datetime) -> int:
    return micros(when) // 1_000_000  # type: ignore[operator]


def micros(when: datetime | None) -> int | None:
    if when is None:
        return None
    past = when - EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def got(user_row: Mapping[str, tuple[Any, ...]], name: str) -> str | None:
    return user_row[name][2] or None if name in user_row else None


def co_purchased(ordered: Iterable[Row], max_skus: int) -> list[Row]:
    """Brute force over all pairs of all people."""
    firsts: dict[Any, dict[Any, int]] = defaultdict(dict)
    for row in ordered:
        if len(row["at"]):
            basket = firsts[row["person"]]
            basket[row["sku"]] = min(*row["at"], basket.get(row["sku"], row["at"][0]))
    baskets = [basket for basket in firsts.values() if len(basket) <= max_skus]
    buyers = Counter(sku for basket in baskets for sku in basket)
    groups: dict[tuple[Any, Any], list[int]] = defaultdict(list)
    for basket in baskets:
        for a, b in permutations(basket, 2):
            if basket[a] <= basket[b]:
                groups[a, b].append(max(basket[a], basket[b]))
    return [
        {
            "sku": a,
            "other_sku": b,
            "count": len(times),
            "weight": pmi(len(times), len(baskets), buyers[a], buyers[b]),
        }
        | {"last_at": max(times)}
        for (a, b), times in groups.items()
    ]


def co_viewed(viewed: Iterable[Row], gap_s: int, max_skus: int) -> list[Row]:
    """Brute force over all pairs of all sessions."""
    views: dict[Any, list[tuple[int, Any]]] = defaultdict(list)
    for row in viewed:
        views[row["user_id"]] += [(t, row["sku"]) for t in row["at"]]
    sessions: list[set[Any]] = []
    for seen in views.values():
        last = None
        for t, sku in sorted(seen):
            if last is None or t - last > gap_s:
                sessions.append(set())
            sessions[-1].add(sku)
            last = t
    sessions = [session for session in sessions if len(session) <= max_skus]
    viewers = Counter(sku for session in sessions for sku in session)
    pairs = Counter(pair for session in sessions for pair in combinations(sorted(session), 2))
    return [
        {"sku": a, "other_sku": b, "count": n, "weight": pmi(n, len(sessions), viewers[a], viewers[b])}
        for (a, b), n in pairs.items()
    ]


def rounded(pairs: list[Row]) -> list[Row]:
    """Weights of pairs as the graph keeps them; a snapshot, which derives its own, keeps all digits."""
    return [row | {"weight": round(row["weight"], 1)} for row in pairs]


def pmi(together: int, all_: int, a: int, b: int) -> float:
    return max(0.0, math.log(together * all_ / (a * b)))


def whole(daily: list[Row]) -> list[Row]:
    """Put the days of each user, kind and SKU together: when, and how often."""
    times: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in daily:
        times[row["user_id"], row["kind"], row["sku"]] += row["at"]
    return [{"user_id": u, "kind": k, "sku": s, "at": sorted(time)} for (u, k, s), time in times.items()]
