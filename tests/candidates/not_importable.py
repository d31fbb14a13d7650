"""Cannot be imported."""

raise ImportError("a library of this module is missing")
