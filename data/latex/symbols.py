"""Tables of the symbols that the canonical form knows, and the one name that each set of synonyms gets."""

from __future__ import annotations


def commands(names: str) -> tuple[str, ...]:
    """Names with their backslashes, from one string."""
    return tuple("\\" + name for name in names.split())


SYMBOL_PACKAGES = "".join(
    rf"\usepackage{{{name}}}" for name in ("amsmath", "amssymb", "mathtools", "mathrsfs", "stmaryrd", "cancel")
)
"""Preamble that loads the symbols formulas may use; a font set-up goes after it."""


GREEK_UPPER = frozenset(commands("Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"))
"""Upright capitals, which the math alphabets change like letters."""

GREEK_LOWER = frozenset(
    commands(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi "
        "psi omega varepsilon vartheta varpi varrho varsigma varphi varkappa digamma"
    )
)

_LETTERLIKE = commands(
    "partial infty nabla hbar hslash ell imath jmath wp Re Im aleph beth gimel daleth emptyset varnothing forall "
    "exists nexists neg angle measuredangle sphericalangle top perp flat natural sharp clubsuit diamondsuit "
    "heartsuit spadesuit surd prime backprime triangle triangledown square blacksquare lozenge blacklozenge bigstar "
    "blacktriangle blacktriangledown vartriangle Bbbk complement mho eth circledS Finv Game diagup diagdown "
    "checkmark maltese circledR yen S P copyright pounds ldots cdots vdots ddots $ & # % _ smallint dagger ddagger"
)
_BINARY = commands(
    "pm mp times div cdot circ bullet star cap cup uplus sqcap sqcup vee wedge setminus smallsetminus wr diamond "
    "bigtriangledown triangleleft triangleright oplus ominus otimes oslash odot bigcirc amalg dotplus "
    "ltimes rtimes leftthreetimes rightthreetimes Cap Cup barwedge veebar doublebarwedge boxplus boxminus boxtimes "
    "boxdot circleddash circledast circledcirc intercal centerdot curlywedge curlyvee divideontimes bmod"
)
_RELATION = commands(
    "leq geq neq equiv sim simeq approx cong propto ll gg lll ggg prec succ preceq succeq subset supset subseteq "
    "supseteq sqsubset sqsupset sqsubseteq sqsupseteq in notin ni vdash dashv models smile frown asymp doteq bowtie "
    "leqslant geqslant leqq geqq lesssim gtrsim lessapprox gtrapprox lessgtr gtrless lesseqgtr gtreqless "
    "lesseqqgtr gtreqqless eqslantless eqslantgtr lessdot gtrdot doteqdot risingdotseq fallingdotseq eqcirc circeq "
    "triangleq bumpeq Bumpeq approxeq thicksim thickapprox backsim backsimeq preccurlyeq succcurlyeq curlyeqprec "
    "curlyeqsucc precsim succsim precapprox succapprox subseteqq supseteqq Subset Supset subsetneq supsetneq "
    "subsetneqq supsetneqq varsubsetneq varsupsetneq vartriangleleft vartriangleright trianglelefteq trianglerighteq "
    "blacktriangleleft blacktriangleright vDash Vdash Vvdash between pitchfork varpropto therefore because "
    "shortmid shortparallel smallsmile smallfrown nmid nparallel nsim ncong nless ngtr nleq ngeq nleqslant ngeqslant "
    "nsubseteq nsupseteq nprec nsucc npreceq nsucceq ntriangleleft ntriangleright ntrianglelefteq ntrianglerighteq "
    "nvdash nvDash nVdash nVDash lneq gneq lneqq gneqq lnsim gnsim precneqq succneqq precnsim succnsim "
    "nshortmid nshortparallel lvertneqq gvertneqq backepsilon eqsim "
    "leftarrow rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow mapsto longleftarrow longrightarrow "
    "longleftrightarrow Longleftarrow Longrightarrow Longleftrightarrow longmapsto hookleftarrow hookrightarrow "
    "leftharpoonup leftharpoondown rightharpoonup rightharpoondown rightleftharpoons leftrightharpoons "
    "uparrow downarrow updownarrow Uparrow Downarrow Updownarrow nearrow searrow swarrow nwarrow "
    "rightsquigarrow leftrightsquigarrow twoheadrightarrow twoheadleftarrow rightarrowtail leftarrowtail "
    "leftleftarrows rightrightarrows leftrightarrows rightleftarrows upuparrows downdownarrows "
    "curvearrowleft curvearrowright circlearrowleft circlearrowright looparrowleft looparrowright Lsh Rsh "
    "dashleftarrow dashrightarrow multimap nleftarrow nrightarrow nLeftarrow nRightarrow nleftrightarrow "
    "nLeftrightarrow upharpoonleft upharpoonright downharpoonleft downharpoonright Lleftarrow Rrightarrow "
    "mapsfrom lightning"
)
_DELIMITER = commands(
    "{ } langle rangle lfloor rfloor lceil rceil | ulcorner urcorner llcorner lrcorner lgroup rgroup lmoustache "
    "rmoustache llbracket rrbracket"
)

BIG_OPERATORS = frozenset(
    commands(
        "sum prod coprod bigcap bigcup bigsqcup bigvee bigwedge bigodot bigotimes bigoplus biguplus "
        "lim limsup liminf max min sup inf det gcd Pr injlim projlim varinjlim varprojlim varliminf varlimsup"
    )
)
"""Operators whose scripts stand above and below in display style."""

BINARY = frozenset((*_BINARY, "+", "-", "*")) - {"\\star", "\\bullet"}
RELATIONS = frozenset((*_RELATION, "=", "<", ">", ":"))

INTEGRALS = frozenset(commands("int iint iiint iiiint oint oiint idotsint"))

NAMED = frozenset(
    name[1:]
    for name in commands(
        "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log "
        "max min Pr sec sin sinh sup tan tanh injlim projlim"
    )
)
"""Names that have a command of their own, drawn as upright words."""

SYMBOLS = frozenset(
    (*GREEK_UPPER, *GREEK_LOWER, *_LETTERLIKE, *_BINARY, *_RELATION, *_DELIMITER, *BIG_OPERATORS, *INTEGRALS)
) | {"\\" + name for name in NAMED}
"""Commands that stand for one drawn symbol or word, under their canonical names."""

OPENING = frozenset(("(", "[", *commands("{ langle lfloor lceil llbracket")))
CLOSING = frozenset((")", "]", *commands("} rangle rfloor rceil rrbracket")))

CHARACTERS = frozenset('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-*/=<>()[]|,.;:!?@`"')
"""Characters that a formula may hold as they are."""

ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = frozenset("0123456789")

SYNONYMS: dict[str, str] = dict(
    pair.split("=")
    for pair in commands(
        r"le=\leq ge=\geq ne=\neq to=\rightarrow gets=\leftarrow land=\wedge lor=\vee lnot=\neg owns=\ni "
        r"dag=\dagger ddag=\ddagger iff=\Longleftrightarrow implies=\Longrightarrow impliedby=\Longleftarrow "
        r"bot=\perp lbrace=\{ rbrace=\} lbrack=[ rbrack=] vert=| lvert=| rvert=| mid=| arrowvert=| lVert=\| rVert=\| "
        r"Vert=\| parallel=\| Arrowvert=\| colon=: cdotp=\cdot ldotp=. backslash=\setminus ast=* slash=/ "
        r"bigtriangleup=\triangle Box=\square Diamond=\lozenge leadsto=\rightsquigarrow lhd=\vartriangleleft "
        r"rhd=\vartriangleright unlhd=\trianglelefteq unrhd=\trianglerighteq restriction=\upharpoonright "
        r"doublecap=\Cap doublecup=\Cup llless=\lll gggtr=\ggg Doteq=\doteqdot vcentcolon=: ordinarycolon=: lt=< gt=> "
        r"And=\& i=\imath j=\jmath lq=` mathsection=\S mathparagraph=\P mathdollar=\$ mathellipsis=\ldots "
        r"mathsterling=\pounds dotsc=\ldots dotso=\ldots dotsb=\cdots dotsm=\cdots dotsi=\cdots "
        r"dasharrow=\dashrightarrow"
    )
    if pair.count("=") == 1
)
"""Commands whose ink another name stands for."""

EXPANSIONS: dict[str, tuple[str, ...]] = {
    "\\coloneqq": (":", "="),
    "\\coloneq": (":", "-"),
    "\\eqqcolon": ("=", ":"),
    "\\Coloneqq": (":", ":", "="),
    "\\dblcolon": (":", ":"),
}

NEGATED: dict[str, str] = {"=": "\\neq", "\\in": "\\notin"}
"""What ``\\not`` makes of the symbol after it, where a name of its own draws the same."""

_CENTRING = (frozenset((*"+-=<>*:", *_BINARY, *_RELATION, *BIG_OPERATORS, *INTEGRALS)) - {"\\bmod"}) - {
    "\\" + name for name in NAMED
}
CENTRED_DOTS_BEFORE = (
    _CENTRING
    | {old for old, new in SYNONYMS.items() if new in _CENTRING and new[0] == "\\"}
    | set(commands("mid parallel not"))
)
"""``\\dots`` before one of these source tokens stands at the height of a minus (amsmath, section 4.3)."""

UNICODE: dict[str, str] = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ∂∞∇≤≥≠≈≡∼×÷±∓·∘∈∉⊂⊃⊆⊇∪∩∧∨¬∀∃→←↔⇒⇐⇔↦∑∏∫√ℏℓ†⊗⊕⟨⟩−′…⋯∗",
        (
            *commands("alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau"),
            *commands("upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega partial infty"),
            *commands("nabla leq geq neq approx equiv sim times div pm mp cdot circ in notin subset supset subseteq"),
            *commands("supseteq cup cap wedge vee neg forall exists rightarrow leftarrow leftrightarrow Rightarrow"),
            *commands("Leftarrow Leftrightarrow mapsto sum prod int surd hbar ell dagger otimes oplus langle rangle"),
            "-",
            *commands("prime ldots cdots"),
            "*",
        ),
        strict=True,
    )
)
