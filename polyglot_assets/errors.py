"""The one exception that a user is meant to see.

Here: `UserError`. Not here: programming errors, which stay ordinary exceptions with a traceback.
"""


class UserError(Exception):
    """A mistake in what the user gave: a file, a setting, a name.

    The message is one line that names the file, row and field (or the variable) and says what was expected.
    The command line prints it without a traceback and exits with 2.
    """
