"""The argument parser of all programs: its errors are one line."""

import argparse
from typing import NoReturn

from linfit import InputError


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises an InputError, where argparse prints the usage and exits."""

    def error(self, message: str) -> NoReturn:
        """Raise the error, with a hint at `--help`."""
        raise InputError(f"{message}. See {self.prog} --help.")
