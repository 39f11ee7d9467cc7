"""The source `csv:DIR`: lists of a shop as flat CSV or Parquet files, which become the five raw tables."""
