"""Translates the Python arguments in linfit's messages into the options of the programs."""

import re

_ARGUMENTS = {
    r"LinearRegression\(normalize=True\)": "--normalize",
    r"missing='drop'": "--missing drop",
    r"features=\[\.\.\.\]": "--features",
    r"\b(categorical|features)=\[([^\[\]]*)\]": r"--\1 \2",
}


def as_options(text: str) -> str:
    """Return a message with options in place of arguments.

    Example:
        >>> as_options("Try categorical=['city', 'area code'], or missing='drop'.")
        "Try --categorical city 'area code', or --missing drop."
    """
    for argument, option in _ARGUMENTS.items():
        text = re.sub(argument, option, text)
    names = re.compile(r"(?<=--categorical )('[^']*'(?:, '[^']*')*)|(?<=--features )('[^']*'(?:, '[^']*')*)")
    return names.sub(lambda found: " ".join(map(_word, re.findall(r"'([^']*)'", found[0]))), text)


def _word(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else f"'{name}'"
