"""A bank that has no patience, and everything that can break between it and the books."""
