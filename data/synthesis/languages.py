"""Languages of invented text: their sentences and words, and what TeX needs to set their script."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mathocr.data.synthesis import phrases, phrases_east_asian, phrases_russian_greek
from mathocr.data.synthesis.tex import has_tex_file

_SLOT = re.compile(r"<(\w+)>")
_FILLER_LENGTH = (2, 12)  # characters of one `<filler>` where text has no spaces
_WORD_SHARE = 0.5  # of such a filler in whole words; the rest are single characters, so that rare ones come up too


@dataclass(frozen=True)
class TextSetup:
    r"""One way to set a script.

    Attributes:
        preamble: LaTeX lines that go after those of the font set-up.
        begin: LaTeX after ``\begin{document}``.
        end: LaTeX before ``\end{document}``.
        needs: Files that must be installed.
    """

    preamble: str = ""
    begin: str = ""
    end: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Language:
    """What a language says.

    Attributes:
        name: As in ``--languages`` and in the rows.
        math: Sentences with places for formulas; ``phrases_east_asian`` tells the signs for the places.
        plain: Sentences without formulas.
        leads: Words before a display.
        look_alikes: Sentences that look like mathematics and are none.
        contrasts: Sentences with places for letters as formulas beside letters that are text.
        titles: Words of headings.
        words: Lists of words by the name of their place.
        terms: Names of the parts of a document, where they are not English.
        characters: Single characters for fillers, for scripts without spaces or with syllables.
        setups: Ways to set it; a document takes one of those that are installed, by chance.
        spaces: Whether words are divided by spaces.
        weight: How often it is used next to the others.
        latin: Whether its script is Latin.
    """

    name: str
    math: tuple[str, ...]
    plain: tuple[str, ...]
    leads: tuple[str, ...]
    look_alikes: tuple[str, ...]
    contrasts: tuple[str, ...] = ()
    titles: tuple[str, ...] = phrases.TITLE_WORDS
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)
    characters: str = ""
    setups: tuple[TextSetup, ...] = (TextSetup(),)
    spaces: bool = True
    weight: float = 1.0
    latin: bool = True

    def fill(self, template: str, rng: random.Random) -> str:
        """A template with words for ``<places>`` and digits for ``#`` (never a leading 0); ``@`` stays."""
        text = _SLOT.sub(lambda match: self._word(match[1], rng), template)
        protected = text.replace(r"\#", "\0").replace("YYYY", str(rng.randint(1950, 2025)))
        filled = re.sub(r"(?<!#)#", lambda _: str(rng.randint(1, 9)), protected)
        return re.sub("#", lambda _: str(rng.randint(0, 9)), filled).replace("\0", r"\#")

    @property
    def space(self) -> str:
        """What divides words and sentences."""
        return " " if self.spaces else ""

    def term(self, name: str) -> str:
        """What a part of a document is called; English where the language has no word for it."""
        return self.terms.get(name, name.capitalize())

    def title(self, rng: random.Random, words: int) -> str:
        """A heading of a few words."""
        return self.space.join(rng.sample(self.titles, words))

    def _word(self, place: str, rng: random.Random) -> str:
        """A word of a list, or a filler: some words, or characters."""
        if place in self.words and place != "filler":
            return rng.choice(self.words[place])
        if not self.characters:
            return " ".join(rng.choice(self.words["filler"]) for _ in range(rng.randint(1, 5)))
        return self._characters(rng)

    def _characters(self, rng: random.Random) -> str:
        """Frequent words and any characters in turn."""
        text = ""
        length = rng.randint(*_FILLER_LENGTH)
        while len(text) < length:
            if rng.random() < _WORD_SHARE and self.words:
                text += rng.choice(self.words[rng.choice(sorted(self.words))])
            else:
                text += "".join(rng.choice(self.characters) for _ in range(rng.randint(1, 3)))
            if self.spaces:
                text += " "
        return text.strip()


def _cjk(family: str, *needs: str, spaces: bool = False) -> TextSetup:
    """A font of the CJK package."""
    preamble = r"\usepackage{CJKutf8}"
    environment = "CJK" if spaces else "CJK*"  # the star drops the spaces between characters
    begin, end = rf"\begin{{{environment}}}{{UTF8}}{{{family}}}", rf"\clearpage\end{{{environment}}}"
    return TextSetup(preamble, begin, end, ("CJKutf8.sty", f"c70{family}.fd", *needs))


def _truetype(family: str, file: str, sans: bool = False) -> TextSetup:
    """The glyphs of a TrueType font in the places of a font of the CJK package, all squares of one em.

    ``sans``: Latin text beside them has no serifs either.
    """
    setup = _cjk(family, f"{family}u4e.tfm", file)
    preamble = rf"{setup.preamble}\pdfmapline{{={family}u@Unicode@ <{file}}}"
    return replace(setup, preamble=preamble + (r"\def\familydefault{\sfdefault}" if sans else ""))


# pdfTeX refuses the tables of LXGW WenKai, and takes minutes for a page in the fonts of cwTeX and CNS 11643.
_SANS, _SERIFS = "DroidSansFallbackFull.ttf", "HanaMinA.ttf"
# Loading the encoding sets a text font at once, and Computer Modern in T2A has no metrics of its own everywhere: the
# families are named before, and the substitute of others is the Computer Modern drawn for Serbian.
_CYRILLIC = (
    r"\def\rmdefault{cmsrbr}\def\sfdefault{cmsrbs}\def\ttdefault{cmsrbt}\fontfamily{cmsrbr}"
    r"\usepackage[T2A]{fontenc}\DeclareFontSubstitution{T2A}{cmsrbr}{m}{n}"
)
_CYRILLIC_FILES = ("t2aenc.def", "t2acmsrbr.fd")
_GREEK = r"\usepackage[LGR,T1]{fontenc}\usepackage{textalpha}"
_OTHER_SETUPS: dict[str, tuple[TextSetup, ...]] = {
    "chinese": (
        _cjk("gbsn", "gbsnu4e.pfb"),
        _cjk("gkai", "gkaiu4e.pfb"),
        _truetype("gbsn", _SANS, sans=True),
        _truetype("gbsn", _SERIFS),
    ),
    "traditional": (
        _cjk("bsmi", "bsmiu4e.pfb"),
        _cjk("bkai", "bkaiu4e.pfb"),
        _truetype("bsmi", _SANS, sans=True),
        _truetype("bsmi", _SERIFS),
    ),
    "japanese": (_cjk("min", "udmj4e.tfm", "dmjhira.pfb"), _cjk("goth", "udgj4e.tfm", "dgjhira.pfb")),
    "korean": tuple(_cjk(family, f"{family}mb3.pfb", spaces=True) for family in ("nanummj", "nanumgt")),
    "russian": (
        TextSetup(_CYRILLIC, needs=_CYRILLIC_FILES),
        *(
            TextSetup(rf"{_CYRILLIC}\def\rmdefault{{{name}}}", needs=(*_CYRILLIC_FILES, f"T2A{name}.fd"))
            for name in ("Heuristica-TLF", "PTSerif-TLF", "PTSans-TLF", "LinuxLibertineT-TLF", "XCharter-TLF")
        ),
    ),
    "greek": (
        TextSetup(_GREEK, needs=("textalpha.sty", "lgrcmr.fd", "grmn1000.pfb")),
        *(
            TextSetup(rf"{_GREEK}\def\rmdefault{{{name}}}", needs=("textalpha.sty", f"lgr{name}.fd", f"t1{name}.fd"))
            for name in ("udidot", "artemisia")
        ),
    ),
}
_WEIGHTS = {"chinese": 5.0, "traditional": 2.0, "japanese": 2.0, "korean": 1.0, "russian": 2.0, "greek": 1.0}


def _latin(name: str) -> Language:
    """A language that every font set-up can write."""
    return Language(
        name, phrases.MATH_SENTENCES[name], phrases.PLAIN_SENTENCES[name], phrases.DISPLAY_LEADS[name],
        phrases.LOOK_ALIKES, phrases.CONTRASTS if name == "english" else (),
    )  # fmt: skip


def _other(name: str) -> Language:
    """A language of another script."""
    book = phrases_east_asian if name in phrases_east_asian.MATH else phrases_russian_greek
    characters = phrases_east_asian.FREQUENT_CHARACTERS.get(name, "")
    return Language(
        name, book.MATH[name], book.PLAIN[name], book.LEADS[name], book.LOOK_ALIKES[name], (), book.TITLES[name],
        book.WORDS[name], book.TERMS[name], characters, _OTHER_SETUPS[name],
        spaces=name in ("korean", "russian", "greek"), weight=_WEIGHTS[name], latin=False,
    )  # fmt: skip


LANGUAGES: dict[str, Language] = {
    **{name: _latin(name) for name in phrases.MATH_SENTENCES},
    **{name: _other(name) for name in _OTHER_SETUPS},
}


def available_languages(names: Sequence[str] | None = None) -> tuple[list[Language], dict[str, str]]:
    """Languages this TeX can set, of those named (all by default), with the set-ups it can use.

    Returns:
        The languages, and ``{name: reason}`` for those left out.

    Raises:
        ValueError: If a name is unknown, or none of the named languages can be set.
        TexMissing: If no TeX is installed.
    """
    unknown = sorted(set(names or ()) - set(LANGUAGES))
    if unknown:
        raise ValueError(f"unknown language {', '.join(unknown)}; there are {', '.join(LANGUAGES)}")
    usable, skipped = [], {}
    for language in LANGUAGES.values():
        if names and language.name not in names:
            continue
        absent = [[name for name in setup.needs if not has_tex_file(name)] for setup in language.setups]
        setups = tuple(setup for setup, files in zip(language.setups, absent, strict=True) if not files)
        if setups:
            usable.append(replace(language, setups=setups))
        else:
            skipped[language.name] = f"{absent[0][0]} is not installed"
    if not usable:
        raise ValueError("none of the languages can be set: " + "; ".join(f"{n}: {r}" for n, r in skipped.items()))
    return usable, skipped
