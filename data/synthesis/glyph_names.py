r"""Unicode codes of glyphs that TeX's own table (``glyphtounicode.tex``) lacks, so that a PDF tells what they are.

The names were collected from the fonts of all set-ups, by typesetting every symbol that the canonical form knows and
looking for glyphs without a code. Without them sums, integrals, roots and large delimiters would be nameless.
"""

from __future__ import annotations

from string import ascii_uppercase

_DELIMITER_SIZES = ("big", "Big", "bigg", "Bigg", *(f"big{step}" for step in range(1, 10)))
_DELIMITERS = {
    "parenleft": 0x28, "parenright": 0x29, "bracketleft": 0x5B, "bracketright": 0x5D, "braceleft": 0x7B,
    "braceright": 0x7D, "angbracketleft": 0x27E8, "angbracketright": 0x27E9, "floorleft": 0x230A, "floorright": 0x230B,
    "ceilingleft": 0x2308, "ceilingright": 0x2309, "slash": 0x2F, "backslash": 0x5C, "radical": 0x221A,
    "dblbracketleft": 0x27E6, "dblbracketright": 0x27E7, "bracketdoubleleft": 0x27E6, "bracketdoubleright": 0x27E7,
    "angleleft": 0x27E8, "angleright": 0x27E9,
}  # fmt: skip
_OPERATORS = {
    "intersection": 0x22C2, "union": 0x22C3, "circledot": 0x2A00, "circleplus": 0x2A01, "circlemultiply": 0x2A02,
    "unionsq": 0x2A06, "unionmulti": 0x2A04, "logicalor": 0x22C1, "logicaland": 0x22C0, "coproduct": 0x2210,
    "product": 0x220F, "summation": 0x2211, "integral": 0x222B, "contintegral": 0x222E, "iinteg": 0x222C,
    "iiinteg": 0x222D, "iiiinteg": 0x2A0C, "dblcontinteg": 0x222F, "contdblintegral": 0x222F,
}  # fmt: skip
_OTHERS = {
    "integraltextdouble": 0x222C, "integraldisplaydouble": 0x222C, "integraltexttriple": 0x222D,
    "integraldisplaytriple": 0x222D, "cintegraltextdouble": 0x222F, "cintegraldisplaydouble": 0x222F,
    "vextendsingle": 0x7C, "vextenddouble": 0x2016, "barex": 0x7C, "bardblex": 0x2016, "bracketdoubleleft": 0x27E6,
    "bracketdoubleright": 0x27E7, "llbracket": 0x27E6, "rrbracket": 0x27E7, "parenlefttpA": 0xF8EB,
    "parenleftexA": 0xF8EC, "parenleftbtA": 0xF8ED, "parenrighttpA": 0xF8F6, "parenrightexA": 0xF8F7,
    "parenrightbtA": 0xF8F8, "radicalbt": 0x221A, "radicallow": 0x221A, "arrowtp": 0x2191, "arrowbt": 0x2193,
    "arrowdbltp": 0x21D1, "arrowdblbt": 0x21D3, "bracehtipdownleft": 0x23DE, "bracehtipdownright": 0x23DE,
    "bracehtipupleft": 0x23DF, "bracehtipupright": 0x23DF, "hatwide": 0x2C6, "hatwider": 0x2C6, "hatwidest": 0x2C6,
    "tildewide": 0x2DC, "tildewider": 0x2DC, "tildewidest": 0x2DC, "dotacc": 0x2D9, "ddotacc": 0xA8,
    "dddotacc": 0x20DB, "vec": 0x20D7, "mapsto": 0x21A6, "mapstochar": 0x21A6, "mapsfromchar": 0x21A4,
    "arrowhookleft": 0x21AA, "arrowhookright": 0x21A9, "hookrightchar": 0x21AA, "hookleftchar": 0x21A9,
    "harpoonleftup": 0x21BC, "harpoonleftdown": 0x21BD, "harpoonrightup": 0x21C0, "harpoonrightdown": 0x21C1,
    "arrowaxisleft": 0x21E0, "arrowaxisright": 0x21E2, "dashedarrowleft": 0x21E0, "dashedarrowright": 0x21E2,
    "curvearrowleft": 0x21B6, "curvearrowright": 0x21B7, "leftleftarrows": 0x21C7, "rightrightarrows": 0x21C9,
    "dblarrowdown": 0x21CA, "lightning": 0x21AF, "notexists": 0x2204, "nexists": 0x2204, "emptysetstress": 0x2205,
    "nelement": 0x2209, "smallsetminus": 0x2216, "barshort": 0x2223, "shortbar": 0x2223, "notshortbar": 0x2224,
    "parallelshort": 0x2225, "shortparallel": 0x2225, "notshortparallel": 0x2226, "nsimilar": 0x2241,
    "simequal": 0x2245, "notsimequal": 0x2247, "notcongruent": 0x2247, "doteq": 0x2250, "nequal": 0x2260,
    "greaternotvertequal": 0x2269, "precedesorsimilar": 0x227E, "followsorsimilar": 0x227F, "varsubsetneq": 0x228A,
    "circlecirc": 0x229A, "circledash": 0x229D, "boxdot": 0x22A1, "vDash": 0x22A8, "notvDash": 0x22AD,
    "greaterequalless": 0x22DB, "curlyorprecedes": 0x22DE, "curlyorfollows": 0x22DF, "lessornotsimilar": 0x22E6,
    "greaterornotsimilar": 0x22E7, "precedesornotsimilar": 0x22E8, "followsornotsimilar": 0x22E9,
    "squaresmallsolid": 0x25AA, "blacktriangleright": 0x25B6, "blacktriangleleft": 0x25C0, "bigtriangledown": 0x25BD,
    "hugetriangledown": 0x25BD, "bigstar": 0x2605, "lozengesolid": 0x29EB, "leqslant": 0x2A7D, "geqslant": 0x2A7E,
    "equalslantorless": 0x2A95, "equalslantorgreater": 0x2A96, "precedesnotdbleql": 0x2AB5,
    "followsnotdbleql": 0x2AB6, "precedesorapproxeql": 0x2AB7, "followsorapproxeql": 0x2AB8, "subsetneqq": 0x2ACB,
    "subsetornoteql": 0x2ACB, "hslash": 0x210F, "kappa1": 0x3F0, "digammait": 0x3DD, "ringfitted": 0x2DA,
    "supersetornoteql": 0x2ACC,
    "notgreaterorequalslant": 0x2A7E, "notlessorequalslant": 0x2A7D, "kappa1it": 0x3F0, "triangledown": 0x25BD,
    "triangleup": 0x25B3, "vartriangleleft": 0x22B2, "vartriangleright": 0x22B3, "thicksimilar": 0x223C,
    "thickapproxequal": 0x2248, "kbbb": 0x6B,
}  # fmt: skip


def glyph_codes() -> dict[str, int]:
    """Unicode code of every such glyph name."""
    codes = dict(_OTHERS)
    codes.update({name + size: c for name, c in _DELIMITERS.items() for size in _DELIMITER_SIZES})
    codes.update({name + style: c for name, c in _OPERATORS.items() for style in ("text", "display")})
    for name, code in (("llbracket", 0x27E6), ("rrbracket", 0x27E7)):
        codes.update({size + name: code for size in ("large", "Large", "LARGE", "huge", "Huge")})
    for step in range(1, 10):
        codes.update({f"hatwide{step}": 0x2C6, f"tildewide{step}": 0x2DC})
    for letter in ascii_uppercase:  # letters of other alphabets count as letters, as in the table itself
        codes.update({f"{letter}bbb": ord(letter), f"{letter}cal": ord(letter)})
    return codes


def to_unicode_preamble() -> str:
    """Preamble line with which pdfTeX writes codes of all glyphs it can name."""
    table = "".join(rf"\pdfglyphtounicode{{{name}}}{{{code:04X}}}" for name, code in sorted(glyph_codes().items()))
    return rf"\input{{glyphtounicode}}{table}\pdfgentounicode=1"
