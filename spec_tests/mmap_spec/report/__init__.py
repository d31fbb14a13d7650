"""The result stream, and what is drawn from it."""
