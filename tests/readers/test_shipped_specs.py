"""The shipped specs stand by their names, wherever the package is installed."""

from rlcalc.readers.shipped_specs import shipped_specs, specs_folder


def test_every_yaml_of_the_folder_is_a_spec_and_nothing_else() -> None:
    specs = shipped_specs()

    assert sorted(specs) == sorted(path.stem for path in specs_folder().glob("*.yaml"))
    assert all(path.is_file() for path in specs.values())
    assert "README" not in specs
