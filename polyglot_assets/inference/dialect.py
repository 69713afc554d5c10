"""Dialects: how the one shape of a request is written for a server that wants it otherwise.

Here: what a teacher's registry entry and its family say about it, what a refusal teaches, and the request in the
dialect's words; pure functions. Not here: HTTP and trying again (server_engine.py), and what other refusals mean
(chat_api.py).

Only what changes no answer's worth is learned from a refusal: another name, the system text in the user turn, JSON by
the template's words alone, no sampling seed. What the user chose (temperature, top_k, …) is left out only if the
registry says so, or the family is known to take none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from polyglot_assets.inference.engine import Request

JSON_FORMS = ("schema", "object", "words")
"""How JSON is asked for: by the schema, as any JSON object, or by the words of the template alone."""
_SYSTEM = ("keep", "fold")

_MISTRALS = "(mistral|mixtral|ministral|magistral|codestral|devstral|pixtral)"
_FAMILIES: tuple[tuple[str, dict[str, Any]], ...] = (
    # Templates without a system role; see the models' cards.
    (r"gemma-?2[-:.]|gemma[-:](1\.1-)?[27]b", {"system": "fold"}),
    (r"mistral[-:]7b-instruct-v0\.[12]|mixtral[-:]8x7b-instruct-v0\.1", {"system": "fold"}),
    # OpenAI's reasoning models have another name for the budget and take no sampling parameters.
    (
        r"^(.*/)?gpt-5(?!.*chat)([-.:][^/]*)?$|^((.*/)?(openai|azure\w*)/)?o[1-9]([-.:][^/]*)?$",
        {
            "rename": {"max_tokens": "max_completion_tokens"},
            "drop": ["temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty"],
        },
    ),
    # The names under which Mistral's own API has its models, also behind a gateway.
    (rf"^((.*/)?mistral/)?(open-)?{_MISTRALS}-[\w.-]*(latest|2\d{{3}})$", {"rename": {"seed": "random_seed"}}),
    # mistralai/ has weights too, whose names end in a date as well.
    (rf"^(.*/)?mistralai/{_MISTRALS}-[\w.-]*latest$", {"rename": {"seed": "random_seed"}}),
    (r"^(.*/)?deepseek-(chat|reasoner)$", {"json": "object"}),
)
"""(pattern of the name under which a server knows the model, what is known about it)."""

_BAD = r"(invalid|unsupported|unknown|unexpected|unrecogni[sz]ed|illegal|disallowed)"
_SYSTEM_ROLE = r"\b(system|developer)\b"
_NO_SYSTEM = re.compile(
    rf"{_SYSTEM_ROLE}.{{0,30}}(not|n't|un)\s?((be|yet) )?(support|allow|permit|accept|recogni[sz]ed|valid|enabled)"
    rf"|(not|n't) (yet )?(support|allow|accept|permit|take|know|have)(ed)?\b.{{0,30}}{_SYSTEM_ROLE}"
    rf"|{_SYSTEM_ROLE}.{{0,30}}\bnot (one of|in|among|an? (valid|known|supported|allowed))\b"
    rf"|{_SYSTEM_ROLE}[ -](role|message|prompt|instruction)s?\b.{{0,20}}(disabled|disallowed|forbidden|prohibited)"
    rf"|\b(no|without( a)?|remove the|omit the) (system|developer)[ -](role|message|prompt|instruction)"
    rf"|{_BAD}\b.{{0,30}}\brole\b[^,.]{{0,20}}{_SYSTEM_ROLE}|\brole\b.{{0,30}}{_BAD}\b[^,.]{{0,20}}{_SYSTEM_ROLE}"
    rf"|\buser\b.{{0,60}}\b(received|got|found)\b.{{0,10}}{_SYSTEM_ROLE}|roles must alternate"
    r"|(first message|conversation) (must|should|needs to) (be|start|begin)[^.]{0,30}\buser\b",
    re.IGNORECASE,
)
_ROLES = re.compile(
    r"\broles?\b.{0,80}\buser\b.{0,40}|\buser\b.{0,60}\broles?\b"
    r"|\b(supported( \w+){0,2}|allowed|valid|accepted|expected|one of|only)\b[^.]{0,25}\buser\b.{0,40}",
    re.IGNORECASE,
)
"""A list of the roles that a server takes. One without `system` says enough."""
_OTHER_ROLES = re.compile(r"\bassistant\b|\bmodel\b|\bbot\b", re.IGNORECASE)
_NOT_KNOWN = re.compile(
    r"unsupported|not (yet )?support|n't support|unrecogni[sz]ed|unknown|unexpected|extra inputs|extra_forbidden"
    r"|(not|n't) (be )?(permitted|allowed|available|implemented|enabled|accept)|unavailable|no endpoints found",
    re.IGNORECASE,
)
_NOT_TAKEN = re.compile(
    _NOT_KNOWN.pattern
    + r"|invalid(?!_request_error)|must (be|contain)|cannot be|(failed|unable) to|could not|disabled",
    re.IGNORECASE,
)
_JSON_FORMAT = re.compile(
    r"response_format|json[ _-]?(schema|object|mode|output)|the word '?json"
    r"|(structured|guided|constrained)[ _-]?(output|decod|generat|json)"
    r"|xgrammar|outlines|llguidance|lm-format-enforcer|\bgrammars?\b",
    re.IGNORECASE,
)
_OTHER_BUDGET = "max_completion_tokens"


@dataclass(frozen=True)
class Dialect:
    """How a server wants to be asked. The default is the request as it is.

    Attributes:
        rename: other names of parameters.
        drop: parameters that are left out.
        fold: whether the system text is put at the beginning of the user turn.
        json: one of `JSON_FORMS`.
    """

    rename: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    fold: bool = False
    json: str = "schema"

    def __or__(self, other: "Dialect") -> "Dialect":
        """What both want."""
        form = max(self.json, other.json, key=JSON_FORMS.index)
        return Dialect({**self.rename, **other.rename}, self.drop | other.drop, self.fold or other.fold, form)

    def body(self, model: str, request: Request) -> dict[str, Any]:
        """The body of a request."""
        messages = fold_system(request.messages) if self.fold else request.messages
        body: dict[str, Any] = {"model": model, "messages": messages}
        # top_k and the like are no part of OpenAI's API, but of most servers'
        body |= {self.rename.get(name, name): v for name, v in request.sampling.items() if name not in self.drop}
        if request.schema is not None and self.json == "schema":
            schema = {"name": "answer", "strict": True, "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.schema is not None and self.json == "object":
            body["response_format"] = {"type": "json_object"}
        return body

    def simpler(self) -> "list[Dialect]":
        """The same with simpler forms of JSON."""
        return [replace(self, json=form) for form in JSON_FORMS[JSON_FORMS.index(self.json) + 1 :]]

    def departures(self, request: Request) -> str:
        """What of a request does not reach the server as it is, as a text for the answer's row; names don't count."""
        said = [f"without {name}" for name in request.sampling if name in self.drop]
        if self.fold and _has_system(request):
            said.insert(0, "system text in the user turn")
        if request.schema is not None and self.json != "schema":
            said.append("JSON without schema")
        return ", ".join(said)

    def learn(self, refusal: str, request: Request) -> "Dialect | None":
        """The dialect that a refusal of `request` asks for; None if it teaches nothing.

        Args:
            refusal: the whole body of the refusal.
            request: what was refused.
        """
        if not self.fold and _has_system(request) and _takes_no_system(refusal):
            return self | Dialect(fold=True)
        if not _NOT_TAKEN.search(refusal):
            return None
        budget_unknown = _OTHER_BUDGET in refusal or _NOT_KNOWN.search(refusal) is not None
        if "max_tokens" not in self.rename and _names("max_tokens", refusal) and budget_unknown:
            return self | Dialect(rename={"max_tokens": _OTHER_BUDGET})
        seed = self.rename.get("seed", "seed")
        if "seed" not in self.drop and "seed" in request.sampling and _names(seed, refusal):
            return self | Dialect(drop=frozenset({"seed"}))
        if request.schema is not None and self.json != JSON_FORMS[-1] and _JSON_FORMAT.search(refusal):
            return self | Dialect(json=JSON_FORMS[JSON_FORMS.index(self.json) + 1])
        return None

    def advice(self, refusal: str, request: Request) -> str:
        """What could be written into the registry about a refusal that names a parameter of the user's choice."""
        if _NOT_TAKEN.search(refusal):
            for name in request.sampling:
                if name not in ("max_tokens", "seed") and name not in self.drop and _names(name, refusal):
                    return f'; dialect = {{ drop = ["{name}"] }} in the registry leaves it out'
        return ""


def _takes_no_system(refusal: str) -> bool:
    listed = [match.group() for match in _ROLES.finditer(refusal)]
    without = any(_OTHER_ROLES.search(roles) and "system" not in roles.casefold() for roles in listed)
    return without or _NO_SYSTEM.search(refusal) is not None


def _names(parameter: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(parameter)}\b", text) is not None


def dialect_of(name: str, entry: Mapping[str, Any]) -> Dialect:
    """The dialect of a model.

    Args:
        name: the name under which servers know the model.
        entry: `dialect` of its registry entry; what it says wins over what is known of the family.

    Raises:
        ValueError: the entry has an unknown or ill-typed key.
    """
    known = next((known for pattern, known in _FAMILIES if re.search(pattern, name.lower())), {})
    _check(entry)
    found = {**known, **entry}
    return Dialect(
        dict(found.get("rename", {})),
        frozenset(found.get("drop", ())),
        found.get("system", _SYSTEM[0]) == "fold",
        found.get("json", JSON_FORMS[0]),
    )


def _check(entry: Mapping[str, Any]) -> None:
    for key, value in entry.items():
        if key == "rename":
            right = isinstance(value, dict) and all(isinstance(name, str) and name for name in value.values())
            expected = 'a table such as { max_tokens = "max_completion_tokens" }'
        elif key == "drop":
            right = isinstance(value, list) and all(isinstance(name, str) for name in value)
            expected = 'a list such as ["seed", "top_k"]'
        elif key in ("system", "json"):
            choices = _SYSTEM if key == "system" else JSON_FORMS
            right, expected = value in choices, "one of " + ", ".join(choices)
        else:
            raise ValueError(f"dialect: {key}: unknown key; known are rename, drop, system, json")
        if not right:
            raise ValueError(f"dialect: {key}: expected {expected}, got {value!r}")


def _has_system(request: Request) -> bool:
    return any(message["role"] == "system" for message in request.messages)


def fold_system(messages: tuple[dict[str, str], ...]) -> tuple[dict[str, str], ...]:
    """Messages without system role: what it said begins the first user turn."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    others = [message for message in messages if message["role"] != "system"]
    if not system or not others or others[0]["role"] != "user":
        return messages
    content = "\n\n".join([*system, others[0]["content"]])
    return {**others[0], "content": content}, *others[1:]
