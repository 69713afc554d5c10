"""The exceptions that a user is meant to see, as one line without a traceback.

Here: `UserError` and its kinds. Not here: programming errors, which stay ordinary exceptions with a traceback.
"""


class UserError(Exception):
    """A mistake in what the user gave: a file, a setting, a name.

    The message is one line that names the file, row and field (or the variable) and says what was expected.
    The command line prints it without a traceback and exits with 2.
    """


class EngineDown(UserError):  # noqa: N818 the name says what is the case
    """A teacher's engine is gone and waiting or a restart did not bring it back.

    What it answered before is safe in the ledger; the next run asks for the rest.
    """
