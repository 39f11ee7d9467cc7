"""The five raw tables of the data contract, as Arrow types."""

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
PROPERTY = pa.struct(
    [
        ("property_name", pa.string()),
        ("string_value", pa.string()),
        ("long_value", pa.int64()),
        ("double_value", pa.float64()),
    ]
)
PRODUCT = pa.struct([("product_number", pa.string())])
SCHEMAS = {
    "user_attributes": pa.schema(
        [
            ("user_id", pa.string()),
            ("update_timestamp", TIME),
            ("auxia_insertion_timestamp", TIME),
            ("user_properties", pa.list_(PROPERTY)),
        ]
    ),
    "events": pa.schema(
        [
            ("user_id", pa.string()),
            ("event_name", pa.string()),
            ("client_event_timestamp", TIME),
            ("auxia_insertion_timestamp", TIME),
            ("event_properties", pa.list_(PROPERTY)),
        ]
    ),
    "fitment": pa.schema(
        [
            ("v1_year", pa.string()),
            ("v1_make", pa.string()),
            ("v1_model", pa.string()),
            ("products", pa.list_(PRODUCT)),
        ]
    ),
    "items": pa.schema([(n, pa.string()) for n in ("PartNumber", "PartType", "Tags", "Title", "Brand")]),
    "orders": pa.schema([(n, pa.string()) for n in ("ITEM", "SHIP_TO_EMAIL", "ORDER_DATE", "ORDER_NUMBER")]),
}
