"""What the commands of the command line share.

Here: how a user's mistake ends, the lake and the release that a command is about, and whom a server lets in. Not here:
any command.
"""

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from polyglot_assets import settings as settings_
from polyglot_assets.domain.errors import UserError
from polyglot_assets.lake.files import sweep

if TYPE_CHECKING:
    from polyglot_assets.lake.store import Lake

_CIRCUMSTANCES = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENAMETOOLONG
)  # fmt: skip
"""Of permissions and disks, whichever file a command meets them at: nothing that a traceback would help to mend."""


def clear_errors(command: Callable[..., None]) -> Callable[..., None]:
    """A user's mistake, or a disk that cannot be written, ends in one line and exit code 2."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except UserError as error:
            click.echo(f"polyglot: {error}", err=True)
            sys.exit(2)
        except OSError as error:
            if error.errno not in _CIRCUMSTANCES:
                raise
            click.echo(f"polyglot: {error.filename or 'cannot write'}: {error.strerror}", err=True)
            sys.exit(2)

    return guarded


def typed(argument: str) -> str:
    """An argument of the command line as UTF-8, which it nearly always is, whatever the locale says that it is.

    Under `LC_ALL=C` without Python's UTF-8 mode it would be no text at all, and under a Latin-1 locale another one.
    """
    try:
        return os.fsencode(argument).decode()
    except UnicodeError:
        return argument


def existing_lake() -> "Lake":
    """The lake of the settings.

    Raises:
        UserError: there is none yet.
    """
    from polyglot_assets.lake.store import Lake  # DuckDB takes time to import, which a shell that completes has not

    lake = Lake(settings_.load().lake)
    if not lake.root.is_dir():
        raise UserError(f"there is no lake at {lake.root} yet; run `polyglot demo`, or set POLYGLOT_LAKE")
    sweep(lake.root)
    return lake


def warn_of_open_door(host: str, what: str) -> None:
    """Says what others can do with a server without a login, unless it listens to this machine alone.

    Args:
        host: address it listens on.
        what: what everybody who reaches it can do, and what helps, in one sentence.
    """
    try:
        alone = ip_address(host).is_loopback
    except ValueError:
        alone = host == "localhost"
    if not alone:
        click.echo(f"polyglot: --host {host} lets other machines in. {what}", err=True)


def release_folder(release: str) -> Path:
    """The folder of a release that a user named: a path, a version or its first digits, or `latest`.

    Raises:
        UserError: there is none.
    """
    from polyglot_assets.release import versions

    try:
        if (named := versions.followed(Path(release)) / "manifest.json").exists():
            return named.parent
    except OSError as error:
        raise UserError(f"{release}: cannot be read ({error.strerror})") from None
    lake = existing_lake()
    return versions.path(lake, versions.resolve(lake, release))
