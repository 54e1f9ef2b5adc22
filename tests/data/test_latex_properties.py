"""What holds for every formula: reading the tokens, or their printed form, gives the tokens back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mathocr.data.latex import LatexError, canonicalize, is_valid, pretty, tokenize
from mathocr.data.latex.symbols import SYMBOLS, SYNONYMS
from mathocr.data.latex.validity import NOT_IN_KATEX

_ATOMS = st.sampled_from(
    [
        *"abcxyzAB012+-=<>,.!/:|",
        *sorted(SYMBOLS),
        *sorted(SYNONYMS),
        "(",
        ")",
        "[",
        "]",
        r"\dots",
        r"\not=",
        r"\not\subset",
    ]
)
_SPACES = st.sampled_from(["", " ", r"\,", r"\quad ", "~", r"\hspace{1em}", r"\displaystyle ", "{}"])
_ALPHABETS = st.sampled_from(["mathrm", "mathbf", "mathcal", "boldsymbol", "mathit", "operatorname", "operatorname*"])
_ACCENTS = st.sampled_from(["hat", "overline", "vec", "sqrt", "sqrt[3]", "underbrace", "mathop", "mathrel", "boxed"])
_PAIRS = st.sampled_from(["frac", "dfrac", "binom", "overset", "stackrel", "xrightarrow[a]"])
_SWITCHES = st.sampled_from(["bf", "rm", "cal", "it", "textstyle"])
_DELIMITERS = st.sampled_from(
    [("(", ")"), ("[", "]"), (r"\{", r"\}"), ("|", "|"), ("<", ">"), (".", "|"), (r"\{", ".")]
)
_ENVIRONMENTS = st.sampled_from(["matrix", "pmatrix", "cases", "aligned", "gathered", "eqnarray*", "vmatrix"])
_LIMITS = st.sampled_from(["", "", "", r"\limits", r"\nolimits"])
_WORDS = st.sampled_from(["if", "for all", " and ", "x-y", "(a)", "sin", "a $b$ c", r"\'e", "1"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Formulas one level deeper than `inner`."""
    nucleus = st.one_of(_ATOMS, inner.map(lambda x: f"{{{x}}}"), st.sampled_from([r"\sum", r"\int", r"\lim", "{}"]))
    return st.one_of(
        st.lists(st.one_of(inner, _SPACES), min_size=1, max_size=5).map(" ".join),
        st.tuples(nucleus, _LIMITS, inner, inner).map(lambda t: _scripted(*t)),
        st.tuples(nucleus, inner).map(lambda t: f"{{{t[0]} _{{{t[1]}}}}}"),
        st.tuples(_ATOMS, st.sampled_from(["'", "''", "'^2", "_1'"])).map(lambda t: f"{{{t[0]} {t[1]}}}"),
        st.tuples(_ALPHABETS, inner).map(lambda t: f"\\{t[0]}{{{t[1]}}}"),
        st.tuples(_ACCENTS, inner).map(lambda t: f"\\{t[0]}{{{t[1]}}}"),
        st.tuples(_PAIRS, inner, inner).map(lambda t: f"\\{t[0]}{{{t[1]}}}{{{t[2]}}}"),
        st.tuples(inner, st.sampled_from(["over", "choose", "atop"]), inner).map(
            lambda t: f"{{{t[0]}\\{t[1]} {t[2]}}}"
        ),
        st.tuples(_SWITCHES, inner).map(lambda t: f"{{\\{t[0]} {t[1]}}}"),
        st.tuples(_DELIMITERS, inner).map(lambda t: f"\\left{t[0][0]} {t[1]}\\right{t[0][1]} "),
        st.tuples(_ENVIRONMENTS, st.lists(inner, min_size=1, max_size=4)).map(_environment),
        _WORDS.map(lambda word: f"\\text{{{word}}}"),
    )


def _scripted(nucleus: str, limits: str, sub: str, sup: str) -> str:
    return f"{{{nucleus}{limits} ^{{{sup}}}_{{{sub}}}}}"


def _environment(parts: tuple[str, list[str]]) -> str:
    name, cells = parts
    rows = [" & ".join(cells[i : i + 2]) for i in range(0, len(cells), 2)]
    body = r" \\ ".join(rows)
    return f"\\begin{{{name}}}{body}\\end{{{name}}}"


FORMULAS = st.recursive(_ATOMS, _grown, max_leaves=12)


@settings(max_examples=400, deadline=None)
@given(FORMULAS)
def test_canonical_form_is_its_own_canonical_form(tex):
    tokens = tokenize(tex)
    assert tokenize(" ".join(tokens)) == tokens


@settings(max_examples=400, deadline=None)
@given(FORMULAS)
def test_printed_form_has_the_same_tokens(tex):
    tokens = tokenize(tex)
    assert tokenize(pretty(tokens)) == tokens
    assert is_valid(tokens) == NOT_IN_KATEX.isdisjoint(tokens)


@settings(max_examples=200, deadline=None)
@given(FORMULAS, FORMULAS)
def test_braces_around_a_whole_formula_mean_nothing(left, right):
    assert tokenize(f"{{{left}}}={{{right}}}") == tokenize(f"{{ {{{left}}} }} = {{{right}}}")


@settings(max_examples=100, deadline=None)
@given(FORMULAS, st.from_regex(r"\\zz[a-z]{1,5}", fullmatch=True), FORMULAS)
def test_unknown_commands_are_reported_and_kept(left, command, right):
    found = canonicalize(f"{{{left}}} {command} {{{right}}}")
    assert command in found.unknown
    assert command in found.tokens


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab\\{}_^&'$ %[]12lr~", max_size=25))
def test_any_text_is_read_or_refused_with_its_place(text):
    try:
        tokens = tokenize(text)
    except LatexError as error:
        assert 0 <= error.position <= len(text) + 40
    else:
        assert all(tokens)
