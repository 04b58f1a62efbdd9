"""The files that ship."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
POLICY = ROOT / "mappings" / "payment" / "policy.yaml"
CALENDAR = ROOT / "mappings" / "payment" / "calendar.yaml"
