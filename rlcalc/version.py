"""The version, in one place: the package's, the command's, and that of every JSON answer."""

__version__ = "0.1.0"
