"""How often and after which pauses something is tried again.

Here: the numbers, and the length of a pause. Not here: what is tried again (dispatch.py, whose_fault.py).
"""

import random

RETRIES = 4
"""After something broke. A server that is busy or away is asked for as long as the user's patience lasts."""
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0


def pause(times: int) -> float:
    """The pause after so many failures: twice as long each time, and not the same for all that failed together."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(times - 1, 30))) * random.uniform(0.75, 1)  # noqa: S311
