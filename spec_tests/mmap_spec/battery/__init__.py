"""The tests: one file a topic, the same names as clauses/."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.searches")  # so that its failures show the values
