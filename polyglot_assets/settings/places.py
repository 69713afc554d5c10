"""Where files are: those that ship with the project, the default lake, and paths that a user gives.

Here: paths that need no setting to be known. Not here: the settings themselves (groups.py).
"""

from pathlib import Path

from polyglot_assets.domain.errors import UserError

PACKAGE = Path(__file__).parents[1]
CHECKOUT = PACKAGE.parent


def bundled(name: str) -> Path:
    """A folder that ships with the project: beside the package in a checkout, inside it in a wheel.

    Args:
        name: `dbt_like_sql` or `samples`.
    """
    in_checkout = CHECKOUT / {"samples": "data/samples"}.get(name, name)
    return in_checkout if in_checkout.is_dir() else PACKAGE / "_bundled" / name


def checkout() -> Path | None:
    """The checkout that this package lies in; None if it is installed from a wheel."""
    return CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else None


def default_lake() -> Path:
    """`data/lake` in the checkout."""
    # In a checkout the lake lies in the checkout, wherever the command is started from, so that the command line
    # and the UI see the same one. An installed wheel has no such place and uses the working directory.
    return (checkout() or Path.cwd()) / "data" / "lake"


def absolute(path: Path, variable: str) -> Path:
    """A path that a user gave in a variable: `~` stands for the home, and a relative one begins where we are.

    Raises:
        UserError: nobody knows the home.
    """
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise UserError(f"{variable}={path}: the home that ~ stands for is not known; write the whole path") from None
