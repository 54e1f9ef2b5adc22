"""Font set-ups for synthesis: named preamble lines, and which of them the installed TeX can use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mathocr.data.synthesis.tex import has_tex_file


@dataclass(frozen=True)
class FontSetup:
    r"""One look of text and formulas.

    Attributes:
        name: Short name, as in ``--fonts`` and in the rows of a shard.
        preamble: LaTeX lines that go after the symbol packages (amssymb and others).
        needs: Files that must be installed.
        weight: How often it is used next to the others; what papers use most weighs most. Evaluations leave out what
            has less than 0.5.
        held_out: Whether it is only used where it is named, so that a network can be measured on a font that no
            training saw.
    """

    name: str
    preamble: str
    needs: tuple[str, ...]
    weight: float = 1.0
    held_out: bool = False


def _beside_newtx(name: str, package: str, letters: str, weight: float = 0.5, options: str = "") -> FontSetup:
    """A text font whose letters newtxmath takes into its formulas, by the option ``letters``."""
    preamble = rf"\usepackage[T1]{{fontenc}}\usepackage{options}{{{package}}}\usepackage[{letters}]{{newtxmath}}"
    return FontSetup(name, preamble, (f"{package}.sty", "newtxmath.sty"), weight)


def _in_formulas(name: str, package: str, options: str = "") -> FontSetup:
    """A text font without mathematics of its own: mathastext takes its letters, figures and brackets into formulas."""
    preamble = rf"\usepackage[T1]{{fontenc}}\usepackage{options}{{{package}}}\usepackage[italic]{{mathastext}}"
    return FontSetup(name, preamble, (f"{package}.sty", "mathastext.sty"), 0.25)


FONT_SETUPS: tuple[FontSetup, ...] = (
    FontSetup("computer-modern", "", ("cmmi10.pfb",), 5.0),
    FontSetup("latin-modern", r"\usepackage[T1]{fontenc}\usepackage{lmodern}", ("lmodern.sty",), 2.5),
    FontSetup("newtx", r"\usepackage[T1]{fontenc}\usepackage{newtxtext,newtxmath}", ("newtxmath.sty",), 1.5),
    FontSetup("times", r"\usepackage[T1]{fontenc}\usepackage{mathptmx}", ("mathptmx.sty",)),
    FontSetup("newpx", r"\usepackage[T1]{fontenc}\usepackage{newpxtext,newpxmath}", ("newpxmath.sty",)),
    FontSetup("palatino", r"\usepackage[T1]{fontenc}\usepackage{mathpazo}", ("mathpazo.sty",)),
    FontSetup("fourier", r"\usepackage{fourier}", ("fourier.sty", "putr8a.pfb")),
    FontSetup(
        "libertine", r"\usepackage[T1]{fontenc}\usepackage{libertine}\usepackage{libertinust1math}",
        ("libertine.sty", "libertinust1math.sty"),
    ),
    FontSetup("charter", r"\usepackage[charter]{mathdesign}\usepackage[T1]{fontenc}", ("mdbch.sty",)),
    FontSetup("kp-fonts", r"\usepackage[T1]{fontenc}\usepackage{kpfonts}", ("kpfonts.sty",)),
    FontSetup("euler", r"\usepackage[T1]{fontenc}\usepackage{mathpazo}\usepackage{eulervm}", ("eulervm.sty",)),
    FontSetup("stix2", r"\usepackage[T1]{fontenc}\usepackage{stix2}", ("stix2.sty",), 1.5),
    FontSetup("concrete", r"\usepackage{concmath}", ("concmath.sty", "ccr10.pfb")),
    FontSetup("cm-bright", r"\usepackage[T1]{fontenc}\usepackage{cmbright}", ("cmbright.sty", "hfbr10.pfb")),
    FontSetup(
        "sans", r"\usepackage[T1]{fontenc}\usepackage{lmodern}\renewcommand{\familydefault}{\sfdefault}"
        r"\usepackage{sansmath}\AtBeginDocument{\sansmath}",
        ("lmodern.sty", "sansmath.sty"),
    ),
    FontSetup("iwona", r"\usepackage[T1]{fontenc}\usepackage[math]{iwona}", ("iwona.sty",), 0.5),
    FontSetup("utopia", r"\usepackage[utopia]{mathdesign}\usepackage[T1]{fontenc}", ("mdput.sty", "putr8a.pfb"), 0.7),
    _beside_newtx("xcharter", "XCharter", "xcharter", 0.7),
    _beside_newtx("cochineal", "cochineal", "cochineal"),
    _beside_newtx("garamond", "ebgaramond", "ebgaramond", options="[lining]"),
    _beside_newtx("baskerville", "baskervillef", "baskerville"),
    FontSetup("noto", r"\usepackage[T1]{fontenc}\usepackage{notomath}", ("notomath.sty",), 0.5),
    FontSetup("schoolbook", r"\usepackage[T1]{fontenc}\usepackage{fouriernc}", ("fouriernc.sty",), 0.7),
    FontSetup("arev", r"\usepackage[T1]{fontenc}\usepackage{arev}", ("arev.sty",), 0.5),
    FontSetup("kurier", r"\usepackage[T1]{fontenc}\usepackage[math]{kurier}", ("kurier.sty",), 0.5),
    FontSetup("modern-dark", r"\usepackage[T1]{fontenc}\usepackage{mlmodern}", ("mlmodern.sty",)),
    _beside_newtx("stix", "stickstootext", "stickstoo", 0.7),
    FontSetup("artemisia", r"\usepackage[T1]{fontenc}\usepackage{gfsartemisia}", ("gfsartemisia.sty",), 0.3),
    FontSetup("concrete-euler", r"\usepackage[T1]{fontenc}\usepackage{beton,euler}", ("beton.sty", "euler.sty"), 0.3),
    _beside_newtx("etbb", "ETbb", "libertine", 0.3),
    FontSetup("fourier-upright", r"\usepackage[upright]{fourier}", ("fourier.sty", "putr8a.pfb"), 0.3),
    FontSetup(
        "iwona-light", r"\usepackage[T1]{fontenc}\usepackage[light,condensed,math]{iwona}", ("iwona.sty",), 0.3
    ),
    FontSetup(
        "kurier-light", r"\usepackage[T1]{fontenc}\usepackage[light,condensed,math]{kurier}", ("kurier.sty",), 0.3
    ),
    FontSetup("kerkis", r"\usepackage{kmath}\usepackage[T1]{fontenc}\usepackage{kerkis}", ("kmath.sty",), 0.3),
    FontSetup("kp-light", r"\usepackage[T1]{fontenc}\usepackage[light,frenchstyle]{kpfonts}", ("kpfonts.sty",), 0.3),
    FontSetup(
        "kp-sans", r"\usepackage[T1]{fontenc}\usepackage[sfmath]{kpfonts}\renewcommand{\familydefault}{\sfdefault}",
        ("kpfonts.sty",), 0.3,
    ),
    FontSetup(
        "libertine-greek",
        r"\usepackage[T1]{fontenc}\usepackage{libertine}\usepackage[libertine]{newtxmath}\usepackage{libgreek}",
        ("libertine.sty", "newtxmath.sty", "libgreek.sty"), 0.3,
    ),
    FontSetup("pxfonts", r"\usepackage[T1]{fontenc}\usepackage{pxfonts}", ("pxfonts.sty",), 0.3),
    FontSetup(
        "sans-modern",
        r"\usepackage[T1]{fontenc}\usepackage{sansmathfonts}\renewcommand{\familydefault}{\sfdefault}",
        ("sansmathfonts.sty",), 0.3,
    ),
    FontSetup(
        "sans-stix", r"\usepackage[T1]{fontenc}\usepackage[sfdefault]{FiraSans}\usepackage{newtxsf}",
        ("FiraSans.sty", "newtxsf.sty"), 0.3,
    ),
    _beside_newtx("century", "newcent", "nc", 0.3),
    _beside_newtx("erewhon", "erewhon", "erewhon", 0.3),
    _beside_newtx("noto-sans", "noto", "notosans", 0.3, options="[sfdefault]"),
    _in_formulas("accanthis", "accanthis"),
    _in_formulas("alegreya", "Alegreya", "[lining]"),
    _in_formulas("arimo", "arimo", "[sfdefault]"),
    _in_formulas("bitter", "bitter"),
    _in_formulas("cabin", "cabin", "[sfdefault]"),
    _in_formulas("caladea", "caladea"),
    _in_formulas("carlito", "carlito", "[sfdefault,lining]"),
    _in_formulas("comic", "comicneue", "[default]"),
    _in_formulas("cormorant", "CormorantGaramond", "[lining]"),
    _in_formulas("crimson", "CrimsonPro", "[lining]"),
    _in_formulas("electrum", "electrum", "[lf]"),
    _in_formulas("fira", "FiraSans", "[sfdefault,lining]"),
    _in_formulas("gentium", "gentium"),
    _in_formulas("gillius", "gillius", "[default]"),
    _in_formulas("lato", "lato", "[default]"),
    _in_formulas("libre-bodoni", "LibreBodoni"),
    _in_formulas("libre-caslon", "librecaslon", "[lining]"),
    _in_formulas("merriweather", "merriweather"),
    _in_formulas("montserrat", "montserrat", "[defaultfam,lining]"),
    _in_formulas("open-sans", "opensans", "[default]"),
    _in_formulas("playfair", "PlayfairDisplay", "[lining]"),
    _in_formulas("plex", "plex-serif"),
    _in_formulas("quattrocento", "quattrocento"),
    _in_formulas("roboto", "roboto", "[sfdefault,lining]"),
    _in_formulas("source-sans", "sourcesanspro", "[default,lining]"),
    _in_formulas("source-serif", "sourceserifpro", "[default,lining]"),
    _in_formulas("spectral", "spectral", "[lining]"),
    _in_formulas("tinos", "tinos"),
    _in_formulas("venturis", "venturis"),
    FontSetup("antykwa", r"\usepackage[T1]{fontenc}\usepackage[math]{anttor}", ("anttor.sty",), held_out=True),
    FontSetup("lx-fonts", r"\usepackage[T1]{fontenc}\usepackage{lxfonts}", ("lxfonts.sty",), held_out=True),
)  # fmt: skip


def font_names() -> list[str]:
    """Names of all set-ups, installed or not."""
    return [setup.name for setup in FONT_SETUPS]


@lru_cache(maxsize=1)
def _missing_files() -> dict[str, str]:
    """First missing file of every set-up that cannot be used here."""
    missing = {}
    for setup in FONT_SETUPS:
        absent = [name for name in setup.needs if not has_tex_file(name)]
        if absent:
            missing[setup.name] = absent[0]
    return missing


def available_fonts(names: list[str] | None = None) -> tuple[list[FontSetup], dict[str, str]]:
    """Set-ups this TeX can use, of those named (by default all that are not held out).

    Returns:
        The set-ups in the order of the table, and ``{name: reason}`` for those left out.

    Raises:
        ValueError: If a name is unknown, or none of the named set-ups is installed.
        TexMissing: If no TeX is installed.
    """
    unknown = sorted(set(names or ()) - set(font_names()))
    if unknown:
        raise ValueError(f"unknown font set-up {', '.join(unknown)}; there are {', '.join(font_names())}")
    wanted = [setup for setup in FONT_SETUPS if (not setup.held_out if names is None else setup.name in names)]
    missing = _missing_files()
    skipped = {s.name: f"{missing[s.name]} is not installed" for s in wanted if s.name in missing}
    usable = [setup for setup in wanted if setup.name not in missing]
    if not usable:
        raise ValueError("none of the font set-ups is installed: " + "; ".join(f"{n}: {r}" for n, r in skipped.items()))
    return usable, skipped
