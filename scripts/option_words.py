"""How the programs word the arguments that linfit's messages suggest: as options of the command line."""

import shlex

from linfit.arguments import Argument


def as_option(argument: Argument) -> str:
    """Return an argument of linfit as an option.

    Example:
        >>> as_option(Argument("categorical", ["city", "area code"])), as_option(Argument("missing", "drop"))
        ("--categorical city 'area code'", '--missing drop')
        >>> as_option(Argument("features")), as_option(Argument("normalize", True))
        ('--features', '--normalize')
    """
    option, value = f"--{argument.name.replace('_', '-')}", argument.value
    if value is ... or value is True:
        return option
    return f"{option} {shlex.join(map(str, value)) if isinstance(value, list | tuple) else shlex.quote(str(value))}"
