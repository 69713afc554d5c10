"""What a server's refusal means: the kinds of trouble, read from status, headers and words.

Here: how refusals are read; pure functions. Not here: requests and answers (chat_api.py), what a refusal teaches about
a server's dialect (dialect.py), and who is asked again when (dispatch.py).
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus

LONGEST_PAUSE = 120.0
"""Seconds; a server that wants to be left alone for longer is asked again after these."""

_TOO_LONG_STATUS = (400, 413, 422, 500)
_TOO_LONG = re.compile(
    r"context[ _]?(length|window|size|limit)"  # OpenAI, vLLM, SGLang, llama.cpp, Anthropic, LiteLLM
    r"|maximum model length|max_model_len|max_tokens must be at least 1, got -"  # vLLM
    r"|input is too large to process"  # llama.cpp
    r"|tokens`? .{0,40}must be <= ?\d|must have less than \d+ tokens"  # TGI
    r"|should not exceed max_|max_(seq_len|num_tokens|input_len)\b"  # TensorRT-LLM
    r"|maximum prompt length|range of input length"  # xAI, Moonshot, DashScope
    r"|(prompt|input|sequence)( tokens?)?( length)? .{0,30}(exceeds|(can|must |may )not exceed|can't exceed)"  # Zhipu
    r"|reduce the length of|input tokens? .{0,20}exceed|exceeds (the )?max(imum)?[ _](input|prompt|length)"  # Groq
    r"|longer than (the )?max(imum)?[ _](length|input|prompt|context|model|sequence)"  # Friendli
    r"|too many (input |prompt )?tokens|token count .{0,40}exceeds|tokens? over limit|token limit"  # Gemini
    r"|(prompt|input)( tokens?)?( length)? (is |was |are )?too (long|large)|string_above_max_length|string too long"
    r"|\btokens?\b.{0,60}\b(is|are|was|were)( \w+)? (larger|greater|longer|more|higher|bigger) than"
    r"|\btokens?\b(?!.{0,40}\b(quota|rate|budget|per|daily|monthly|day|minute)\b).{0,40}\bexceed"
    r"|\d tokens?\b[^.]{0,40}\b(only|at most|max(imum)?|up to)\b.{0,30}\d"
    r"|(only|at most|up to|max(imum)?( of)?) \d+ (input |prompt )?tokens?\b.{0,60}(got|given|received|requested)"
    r"|(reduce|shorten|trim|truncate) (the |your )?(prompt|input|messages?|context|conversation|text)\b"
    r"|\b(message|text|conversation|query|prompt|input)s?( \w+){0,2} (is |was |are )?too (long|large|big)\b"
    r"|max(imum)?[ _](prompt|input|sequence)( token)?s?[ _](length|size)|expected maxLength|must be shorter than \d"
    r"|context[ _]overflow|(exceeds?|out of|(not|n't) fit (in|into)) (the )?(model'?s? )?(context|kv cache)\b"
    r"|(输入|上下文|提示词|prompt|token).{0,12}(超长|过长|超过|超出|超限)",
    re.IGNORECASE,
)
_SPENT = r"(reached|exceeded|exhausted|depleted|consumed|used up|hit|expired|ended|is over|(has )?run out)"
_ALLOWANCE = r"(limits?|quotas?|cap|allowance|allocation|budget|credits?|funds|balance|tier|trial|plan)"
_OUT_OF_MONEY = re.compile(
    r"insufficient[ _](user[ _]|account[ _])?(quota|balance|credits?|funds)|exceeded[ _](your[ _])?current[ _]quota"
    r"|billing_(hard_limit|not_active)|account is not active|account.{0,60}suspended|credit balance is too low|arrear"
    r"|\b(out of|not enough|no( more| remaining)?|0) (credit|fund|money|balance)s?\b|used up (all )?your"
    rf"|\b(spend(ing)?|monthly|weekly|daily|free|budget|billing|cost|credits?|trial|usage)( \w+){{0,3}} {_ALLOWANCE}\b"
    rf".{{0,40}}\b{_SPENT}\b|{_SPENT} (\w+ ){{0,3}}(spend(ing)?|monthly|weekly|free|billing|usage|trial) "
    rf"(\w+ )?{_ALLOWANCE}|\b(budget|credits?|funds|trial|subscription)( \w+)? (have |has )?(been )?{_SPENT}\b"
    r"|budget_?exceeded|(balance|credits?) (is|are) (negative|empty|zero|too low)|negative (account )?balance"
    r"|(add|buy|purchase|top up)( \w+){0,2} (credit|fund|balance)s?\b(?! to (unlock|increase|raise))"
    r'|"code": "?11(10|11|12|13|20|21)\b|欠费|(余额|额度|配额)(已)?(不足|用完|用尽|耗尽)|请充值',  # Zhipu, gateways
    re.IGNORECASE,
)
"""What is wrong with the account: to wait does not help."""
_OUT_OF_MONEY_STATUS = (400, 403, 429, 500)
_COMES_BACK = re.compile(
    r"retry[ _]?delay|(retry|try again) in [\d.]++(?! ?(h|d|week|month))|per[ _-]?(minute|second)", re.IGNORECASE
)
"""Gemini says that the quota is exceeded, and for a minute."""
_NEVER_FITS = re.compile(r"request too large for|tokens must be reduced", re.IGNORECASE)
"""OpenAI's 429 for a request that is above the limit of a minute by itself."""
_FILTERED = re.compile(
    r"content[ _]?filter|content management policy|content[ _]policy|usage (polic|guideline)|data_?inspection"
    r"|inappropriate content|invalid_prompt|(input|output) new_sensitive|sensitive content|responsible_?ai_?policy"
    r'|prohibited[ _]content|considered high risk|guardrail_intervened|"code": "?(1301|1026|1027)\b|敏感',
    re.IGNORECASE,
)
_NO_SUCH_FORM = re.compile(r"no endpoints found that (support|can handle)", re.IGNORECASE)
"""OpenRouter's 404 for a model that is there, and takes none of the parameters."""
_ROOM = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"maximum context length is (?P<all>\d+) tokens and your request has (?P<prompt>\d+) input tokens",
        r"maximum context length (?:is|of) (?P<all>\d+) tokens.{0,80}?(?P<prompt>\d+) (?:in the|of text|tokens from)",
        r"must be <= (?P<all>\d+)\. Given: (?P<prompt>\d+) `inputs`",
        r"sum of prompt length \((?P<prompt>\d+)[\d.]*\).{0,80}should not exceed \w+ \((?P<all>\d+)",
        r"at most (?P<all>\d+) (?:completion|output) tokens",
        r"range of max_(?:completion_)?tokens (?:is|should be) \[\d+, ?(?P<all>\d+)\]",
        r"exceed context limit: (?P<prompt>\d+) \+ \d+ > (?P<all>\d+)",
        r"max_(?:completion_)?tokens`?\W.{0,40}(?:cannot|must not|may not|can't) exceed (?P<all>\d+)",
        r"max_tokens=\d+ cannot be greater than max_model_len=(?P<all>\d+)",
        r"max_tokens`?:? \d+ > (?P<all>\d+), which is the maximum",
        r"max_tokens`? must be less than or equal to `?(?P<all>\d+)",
    )
)
"""How servers say what they take: tokens of prompt and answer with those of the prompt, or those of an answer alone."""

_BUDGET = re.compile(r"max_(new_|completion_|output_)?tokens|maxOutputTokens|output tokens", re.IGNORECASE)


class Kind(Enum):
    """What a try that brought no answer says about the next one."""

    FINAL = auto()
    """The same would come back, for this request alone."""
    REFUSED = auto()
    """The same would come back, and perhaps for every request: which, a harmless request tells."""
    TOO_LONG = auto()
    """Final: the prompt leaves no room for an answer."""
    TOO_LARGE = auto()
    """As REFUSED, else as TOO_LONG: the server takes no such budget, or no body of this size."""
    FAILED = auto()
    """Something broke. Worth a few more tries."""
    DENIED = auto()
    """401, 402, 404: the key, the account or the model. It concerns every request."""
    BUSY = auto()
    """The server is there, and takes nothing at the moment."""
    LOST = auto()
    """The connection or a gateway gave up before there was an answer; the server may be gone."""
    GONE = auto()
    """No connection."""
    HUNG = auto()
    """No answer within the time for one."""


AWAY = (Kind.LOST, Kind.GONE, Kind.HUNG)
"""It may be that nobody is there."""

_MESSAGES = ("message", "detail", "msg", "error_msg", "status_msg")
_KINDS = {
    401: Kind.DENIED,
    402: Kind.DENIED,
    404: Kind.DENIED,
    408: Kind.BUSY,
    409: Kind.FAILED,
    425: Kind.BUSY,
    429: Kind.BUSY,
    502: Kind.LOST,
    503: Kind.LOST,
    504: Kind.LOST,
    529: Kind.BUSY,  # "overloaded", of some providers
    # Cloudflare, when what it stands before is away.
    **dict.fromkeys((520, 521, 522, 523, 524, 525, 526, 530), Kind.LOST),
}


class TryError(Exception):
    """A try that brought no answer.

    Args:
        kind: what it says about the next try.
        text: class, status and message. Not fit to be shown before it went through `clean`.
        wait: how many seconds the server wants to be left alone.
        status: of the HTTP response; 0 if that was no matter.
        body: the whole of what a server said. Never shown.
    """

    def __init__(self, kind: Kind, text: str, wait: float | None = None, status: int = 0, body: str = "") -> None:
        super().__init__(text)
        self.kind, self.text, self.wait, self.status, self.body = kind, text, wait, status, body


_COMES_UP = re.compile(
    r"loading|start(ing|s|ed)?\b|warm|boot|initiali[sz]|cold|wak(e|ing)|spin|scal(e|ing)|provision|deploy|download|pulling"
    r"|not (yet )?(ready|loaded|available)|unavailable|maintenance|temporar|overload|capacity|queue|wait|later|healthy"
    r"|workers?\b|启动|加载|繁忙",
    re.IGNORECASE,
)


def is_broken(error: TryError) -> bool:
    """Whether it does not look as if the server were only coming up, or had too much to do."""
    return (error.kind is Kind.FAILED or error.status == 502) and not _COMES_UP.search(error.text)


def read_refusal(status: int, headers: Mapping[str, str], content: bytes) -> TryError:
    """What it means that a server answered with a status other than 200."""
    text = f"HTTP {status} {_phrase(status)}".rstrip()
    if 300 <= status < 400:
        # A redirect could carry prompts and key to another host.
        text += f": redirects to {headers.get('Location')}, which is not followed"
        return TryError(Kind.REFUSED, text, status=status)
    message, whole = _message(content)
    text += f": {message}" if message else ""
    kind = _kind(status, whole)
    wait = None if kind in (Kind.REFUSED, Kind.TOO_LONG, Kind.TOO_LARGE) else retry_after(headers)
    return TryError(kind, text, wait, status, whole)


def _kind(status: int, whole: str) -> Kind:
    kind = _KINDS.get(status, Kind.REFUSED if 400 <= status < 500 else Kind.FAILED)
    if status in _TOO_LONG_STATUS and _TOO_LONG.search(whole):
        return Kind.TOO_LONG
    if status == 413 or (status == 429 and _NEVER_FITS.search(whole)):
        return Kind.TOO_LARGE
    if status in _OUT_OF_MONEY_STATUS and _OUT_OF_MONEY.search(whole) and not _COMES_BACK.search(whole):
        return Kind.DENIED
    if status == 404 and _NO_SUCH_FORM.search(whole):
        return Kind.REFUSED
    return Kind.FINAL if kind in (Kind.REFUSED, Kind.FAILED) and _FILTERED.search(whole) else kind


def room(refusal: TryError) -> tuple[int, int] | None:
    """Tokens that a server says it has for an answer, and those of the prompt (0 if it names none); None if it is
    silent.
    """
    if refusal.kind in (Kind.REFUSED, Kind.TOO_LONG):
        for pattern in _ROOM:
            if match := pattern.search(refusal.body):
                said = match.groupdict()
                prompt = int(said.get("prompt") or 0)
                return int(said["all"]) - prompt, prompt
    return None


def concerns_budget(refusal: TryError) -> bool:
    """Whether it is, or may be, the budget and not the prompt that a server has too little room for."""
    said = room(refusal)
    budget_is_more = said[0] > said[1] if said is not None else _BUDGET.search(refusal.body) is not None
    return refusal.kind is Kind.TOO_LONG and budget_is_more


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _message(content: bytes) -> tuple[str, str]:
    """The message in the body of an error, and the whole body."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        whole = content.decode("utf-8", "replace")
        return whole, whole
    whole = json.dumps(body, ensure_ascii=False)
    if isinstance(body, list) and body and isinstance(body[0], dict):
        body = body[0]  # as Gemini's API has it
    found = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        found = next((found[name] for name in _MESSAGES if found.get(name)), found)
    return (found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)), whole


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server wants to be left alone, at most `LONGEST_PAUSE`; None if it does not say."""
    for name, unit in (("Retry-After-Ms", 0.001), ("Retry-After", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            seconds = _seconds_until(value)
        # 0 says "at once". That would be a server asked without a pause for as long as it is busy.
        if math.isfinite(seconds) and seconds > 0:
            return min(seconds, LONGEST_PAUSE)
    return None


def _seconds_until(date: str) -> float:
    """From now to an HTTP date. The one place with a wall clock, because the date is of a wall clock."""
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return math.nan
    if moment.tzinfo is None:  # "-0000" is how some write GMT
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


def describe(error: BaseException) -> str:
    """Class and message of an error that is no HTTP status."""
    return f"{type(error).__name__}: {error}"
