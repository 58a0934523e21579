"""The tables of an archive as Parquet files."""
