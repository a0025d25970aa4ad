"""Where things stand: the folder of the checkout, or of the release on a host."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
SQL = ROOT / "sql"
DEPLOY = ROOT / "deploy"
INSTANCE = ROOT / "instance"  # a site's own: settings, statements laid over ours, lists
