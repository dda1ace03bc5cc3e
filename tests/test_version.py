from importlib.metadata import version

import rlcalc


def test_the_version_is_that_of_the_package() -> None:
    assert rlcalc.__version__ == version("rlcalc")
