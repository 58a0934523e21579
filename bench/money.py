"""The price of a million events in append operations."""

from typing import Any

DOLLARS_PER_10_000_WRITES = 0.055
"""Hot tier, from Microsoft's cost examples for blob storage (2024-07)."""


def price(appends_per_event: float) -> float:
    """Return the dollars that the appends of a million events cost."""
    return appends_per_event * 1_000_000 / 10_000 * DOLLARS_PER_10_000_WRITES


def run(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return operations and price for each cell of the ingest table."""
    return [
        {
            "workload": row["workload"],
            "in_flight": row["in_flight"],
            "naive_appends": 1_000_000,
            "product_appends": round(row["product"]["appends_per_event"] * 1_000_000),
            "naive_dollars": round(price(1.0), 2),
            "product_dollars": round(price(row["product"]["appends_per_event"]), 2),
        }
        for row in rows
    ]


HEAD = (
    "| workload | in flight | appends per million events | dollars naive → product |"
    "\n|---|---|---|---|"
)


def in_words(row: dict[str, Any]) -> str:
    return (
        f"| {row['workload']} | {row['in_flight']} | {row['product_appends']} "
        f"| {row['naive_dollars']:.2f} → {row['product_dollars']:.2f} |"
    )
