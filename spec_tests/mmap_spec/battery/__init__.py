"""The tests: one file a topic, the same names as clauses/."""
