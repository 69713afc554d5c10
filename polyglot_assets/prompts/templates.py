"""Templates: text files whose content hash is their version.

Here: loading, checking, versioning and filling them in. Not here: which seeds go in (choose.py).

The project's own lie in `templates/`. A folder of the user's (POLYGLOT_TEMPLATES) may hold others of the same names,
for all languages or, in a folder called by its code, for one; each file takes the place of the one below it. The text
of a template stands in the published column `synth_prompt`, so a folder of templates states their license, in
`license.txt`. It is no part of a version: another license is no other question to the teacher.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from string import Template

from polyglot_assets.contracts.former import PRESENT
from polyglot_assets.domain.errors import UserError, nearest, shown
from polyglot_assets.domain.grid import STRATEGIES
from polyglot_assets.domain.ids import content_id
from polyglot_assets.lake.reading import is_folder, text_of
from polyglot_assets.recipes.registry import NAMES, RECIPES
from polyglot_assets.text.invisible import is_name
from polyglot_assets.text.languages import display_name
from polyglot_assets.text.tags import base_of
from polyglot_assets.text.variants import to_target

_HERE = "\0"
"""Around the names of the places that stay open while the rest of a template is filled in; no template contains it."""

FOLDER = Path(__file__).with_name("templates")
SYSTEM = "system"
PLACES = ("examples", "prompt", "response")
"""What a template may show of the seeds: several of them with their answers, the seed's prompt, its answer."""
_LICENSE = "license"
_UNKNOWN = "unknown"

Texts = Mapping[tuple[str, str], str]
"""Texts of a folder by language (empty: all) and name of the file."""


@dataclass(frozen=True)
class StrategyTemplate:
    """System and user message of one strategy. `version` changes with any character of either.

    `licenses` are those of both texts, as the hub spells them.
    """

    strategy: str
    system: str
    user: str
    licenses: tuple[str, ...] = (_UNKNOWN,)

    @cached_property
    def version(self) -> str:
        """Content hash, 12 hex digits."""
        return content_id(self.strategy, self.system, self.user)[:12]

    def renderer(self, language: str) -> Callable[[str | Mapping[str, str]], tuple[str, str]]:
        """A function from what is to be shown to (system message, user message), for a target language.

        It takes texts by place (`PLACES`), or one text for all; they are inserted as they are, dollar signs and all.
        """
        name = display_name(language)
        system = Template(self.system).substitute(language=name)
        open_places = {place: f"{_HERE}{place}{_HERE}" for place in PLACES}
        pieces = Template(self.user).substitute(language=name, **open_places).split(_HERE)

        def render(values: str | Mapping[str, str]) -> tuple[str, str]:
            filled = list(pieces)
            for at in range(1, len(pieces), 2):
                filled[at] = values if isinstance(values, str) else values[pieces[at]]
            return system, "".join(filled)

        return render


class Templates(Mapping[str, StrategyTemplate]):
    """The templates of all strategies: by strategy those for all languages, and `of` those for one.

    Args:
        folders: texts of the folders, the one that counts most first.
    """

    def __init__(self, folders: list[Texts]) -> None:
        self._folders = folders
        self._known: dict[tuple[str, str], StrategyTemplate] = {}

    def __getitem__(self, strategy: str) -> StrategyTemplate:
        if strategy not in RECIPES:
            raise KeyError(strategy)
        return self.of(strategy, "")

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def of(self, strategy: str, language: str) -> StrategyTemplate:
        """The template of a strategy for a target language."""
        known = self._known.get((strategy, language))
        if known is None:
            system, *its = self._text(SYSTEM, language)
            user, *others = self._text(strategy, language)
            known = StrategyTemplate(strategy, system, user, tuple(sorted({*its, *others})))
            self._known[strategy, language] = known
        return known

    def version(self, strategies: Iterable[str] = STRATEGIES) -> str:
        """A hash of the templates of these strategies and of their licenses."""
        languages = {language for texts in self._folders for language, _ in texts} | {""}
        all_of_them = [self.of(strategy, language) for strategy in strategies for language in sorted(languages)]
        stated = {(template.version, " + ".join(template.licenses)) for template in all_of_them}
        return content_id(sorted(map(list, stated)))[:12]

    def _text(self, name: str, language: str) -> tuple[str, str]:
        """A text and its license."""
        for texts in self._folders:
            for code in dict.fromkeys((language, base_of(language), "")):
                if (code, name) in texts:
                    stated = (texts.get((at, _LICENSE)) for at in dict.fromkeys((code, "")))
                    return texts[code, name], next(filter(None, stated), _UNKNOWN)
        raise UserError(f"the strategy {name} has no template: there is no {name}.txt in POLYGLOT_TEMPLATES")


@lru_cache(maxsize=8)
def load(own: Path | None = None) -> Templates:
    """The project's templates, and in their place those in a folder of the user's.

    A dollar sign starts a placeholder; `$$` is a dollar. Where a folder states no license, it is `unknown`.

    Raises:
        UserError: the folder cannot be read, or a file in it is no template; the message names it.
    """
    if own is not None and not is_folder(own):
        raise UserError(f"POLYGLOT_TEMPLATES: {own} is not a folder")
    try:
        return Templates([dict(_texts(folder)) for folder in (own, FOLDER) if folder])
    except OSError as error:
        raise UserError(f"{error.filename or own}: cannot be read ({error.strerror})") from None


def _texts(folder: Path, language: str = "") -> Iterator[tuple[tuple[str, str], str]]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not language:
            if (code := _language(path.name)) != path.name:
                hint = f"; write {code!r}" if code else ", such as 'de'"
                raise UserError(f"{path}: a folder of templates is called by the code of a language{hint}")
            yield from _texts(path, path.name)
        elif path.suffix == ".txt":
            name, known = PRESENT.get(path.stem, path.stem), (SYSTEM, *NAMES, _LICENSE)
            if name not in known:
                raise UserError(f"{path}: no template is called so{nearest(name, known)}")
            if name != path.stem and path.with_stem(name).exists():
                raise UserError(f"{path}: {name}.txt, its present name, is there too; keep that one")
            yield (language, name), _checked(path)


def _language(name: str) -> str | None:
    """The code of the language that a folder is called by; None if it is called by none."""
    code = to_target(name)
    try:
        return code if code and display_name(code) else None
    except LookupError:
        return None


def _checked(path: Path) -> str:
    """The text of a template.

    Raises:
        UserError: it is empty, has a placeholder that there is not, or lacks the one that shows the seed.
    """
    text = text_of(path).strip()
    if PRESENT.get(path.stem, path.stem) == _LICENSE:
        if text and not is_name(text):
            raise UserError(f"{path}: expected the name of a license, got {shown(text)}")
        return text
    if not text or _HERE in text:
        raise UserError(f"{path}: {'holds a NUL' if text else 'is empty'}")
    template, places = Template(text), () if path.stem == SYSTEM else PLACES
    if not template.is_valid():
        wrong = next(found for found in template.pattern.finditer(text) if found["invalid"] is not None)
        number = text.count("\n", 0, wrong.start()) + 1
        raise UserError(f"{path}, line {number}: a $ begins no placeholder; $$ is a dollar")
    for name in template.get_identifiers():
        if name not in ("language", *places):
            raise UserError(f"{path}: unknown placeholder ${name}{nearest(name, ('language', *places))}")
    if places and (needed := RECIPES[path.stem].place_of_seed) not in template.get_identifiers():
        raise UserError(f"{path}: has no ${needed}, so the teacher would see nothing of the seed")
    return text
