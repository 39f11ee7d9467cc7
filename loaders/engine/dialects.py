"""What a statement in BigQuery's dialect is in DuckDB's."""

from __future__ import annotations

import re
from functools import cache

import sqlglot
from sqlglot import exp

from holley_graph import spelling
from holley_graph.loaders.engine import statements

_AMOUNT = re.compile(r"%'(?:d|(\.\d+f))")


@cache
def duckdb(name: str) -> str:
    """Translate statement `name` for DuckDB."""
    return translated(statements.load(name).text)


def translated(text: str) -> str:
    """Translate a statement for DuckDB."""
    body = sqlglot.parse_one(text, dialect="bigquery")
    if body.find(exp.Normalize):
        _spell_in_full(body)
    return str(body.transform(_as_duckdb_means_it).sql(dialect="duckdb", comments=False))


def _as_duckdb_means_it(node: exp.Expression) -> exp.Expression:
    """Replace what sqlglot leaves with another meaning."""
    if isinstance(node, exp.Cast) and node.to.is_type("varbinary", "binary"):
        # DuckDB's cast of text to BLOB reads \x escapes and refuses anything but ASCII.
        return exp.Anonymous(this="ENCODE", expressions=[node.this])
    if isinstance(node, exp.Uuid):
        node.set("is_string", False)  # 16 bytes to group by instead of 36 characters
    if isinstance(node, exp.Format):
        # FORMAT is printf in BigQuery and Python's in DuckDB; statements use it for amounts with separators only.
        node.set("this", exp.Literal.string(_AMOUNT.sub(r"{:,\1}", node.name)))
    if isinstance(node, exp.Subquery) and (lists := _multiplied(node)):
        # BigQuery has no inner product of two arrays; a subquery per row takes DuckDB a hundred times as long.
        return exp.Anonymous(this="LIST_INNER_PRODUCT", expressions=lists)
    if isinstance(node, exp.Subquery) and (total := _summed(node)):
        return total
    if isinstance(node, exp.Select):
        _unnest_in_place(node)
    return node


def _unnest_in_place(select: exp.Select) -> None:
    """Take a list apart beside the rows that hold it: DuckDB joins them to it by a hash of the whole list."""
    first, *others = select.args.get("joins") or [exp.Join()]
    if not isinstance(unnest := first.this, exp.Unnest) or first.args.get("on") or unnest.args.get("offset"):
        return
    source, (elements,) = select.args["from_"].this, unnest.expressions
    if first.side == "LEFT":  # a row without elements stays, with a missing one
        some = exp.GT(this=exp.ArraySize(this=elements.copy()), expression=exp.Literal.number(0))
        elements = exp.case().when(some, elements).else_(exp.Array(expressions=[exp.Null()]))
    element = exp.alias_(exp.Anonymous(this="UNNEST", expressions=[elements]), unnest.args["alias"].columns[0].name)
    select.set("from_", exp.From(this=exp.select("*", element).from_(source).subquery(source.alias_or_name)))
    select.set("joins", others)


def _summed(node: exp.Subquery) -> exp.Expression | None:
    """Return the sum over one list without a subquery per row, if the sum of something of its elements is all."""
    body, clauses = node.this, {name for name, value in node.this.args.items() if value}
    if clauses != {"expressions", "from_"} or not isinstance(unnest := body.args["from_"].this, exp.Unnest):
        return None
    if not isinstance(summed := body.selects[0], exp.Sum):
        return None
    of_one = exp.Lambda(this=summed.this, expressions=unnest.args["alias"].columns, colon=True)
    values = exp.Anonymous(this="LIST_TRANSFORM", expressions=[*unnest.expressions, of_one])
    return exp.Anonymous(this="LIST_SUM", expressions=[values])


def _multiplied(node: exp.Subquery) -> list[exp.Expr]:
    """Return the two arrays whose elements are multiplied place by place and summed, if that is all."""
    body, joins = node.this, node.this.args.get("joins") or []
    if len(joins) != 1 or not (isinstance(body.selects[0], exp.Sum) and isinstance(joins[0].this, exp.Unnest)):
        return []
    lists = [body.args["from_"].this, joins[0].this]
    offsets = {unnest.args["offset"].name for unnest in lists if unnest.args.get("offset")}
    elements = {unnest.args["alias"].columns[0].name for unnest in lists}
    summed, on = body.selects[0].this, joins[0].args["on"]
    names = [{column.name for column in part.find_all(exp.Column)} for part in (summed, on)]
    same = isinstance(summed, exp.Mul) and isinstance(on, exp.EQ) and names == [elements, offsets]
    return [unnest.expressions[0] for unnest in lists] if same else []


def _spell_in_full(body: exp.Expr) -> None:
    """Give a statement that reads raw texts all of Unicode (`letters`).

    A text of ASCII needs none of it, and a plain text stays as it is: a match is far cheaper than two replacements.
    """
    named = {exp.Normalize: "NFKC", exp.Upper: "FULL_UPPER", exp.Lower: "FULL_LOWER"}
    for node in reversed(list(body.find_all(*named))):  # the innermost first
        plain = node.this if isinstance(node, exp.Normalize) else node
        is_ascii = exp.and_(*map(_is_ascii, _columns(node)))
        full = exp.Anonymous(this=named[type(node)], expressions=[node.this.copy()])
        node.replace(exp.case().when(is_ascii, plain.copy()).else_(full))
    for node in list(body.find_all(exp.Trim)):
        columns, patterns = _columns(node), {parameter.name for parameter in node.find_all(exp.Parameter)}
        if len(columns) == 1 and patterns == {"invisible", "blank"}:
            text, plain = columns[0].copy(), exp.Literal.string(spelling.PLAIN)
            is_plain = exp.Anonymous(this="REGEXP_FULL_MATCH", expressions=[text, plain])
            node.replace(exp.case().when(is_plain, text.copy()).else_(node.copy()))


def _columns(node: exp.Expr) -> list[exp.Column]:
    """Return each column that an expression reads, once."""
    return list({column.sql(): column for column in node.find_all(exp.Column)}.values())


def _is_ascii(column: exp.Column) -> exp.NullSafeEQ:
    """Whether a text has as many bytes as characters; a missing one has none of either."""
    letters, size = exp.Length(this=column.copy()), exp.Anonymous(this="STRLEN", expressions=[column.copy()])
    return exp.NullSafeEQ(this=letters, expression=size)
