"""What the built-in grammar draws from: letters, symbols and names by field, so that a formula keeps to one subject."""

from __future__ import annotations

from dataclasses import dataclass

from mathocr.data.latex.symbols import BIG_OPERATORS, BINARY, INTEGRALS, NAMED, RELATIONS, SYMBOLS


def _pieces(text: str) -> tuple[str, ...]:
    """The pieces of a list separated by spaces."""
    return tuple(text.split())


@dataclass(frozen=True)
class Field:
    """Notation of one subject; strings are lists of LaTeX pieces separated by spaces."""

    name: str
    letters: str
    greek: str
    sets: str
    functions: str
    relations: str
    operators: str


FIELDS: tuple[Field, ...] = (
    Field(
        name="analysis",
        letters="x y z t f g h u v n k a b c M N",
        greek=r"\epsilon \delta \varphi \lambda \alpha \xi \theta \omega",
        sets=r"\mathbb{R} \mathbb{C} \Omega E L^2 C^{\infty} [0,1] [a,b]",
        functions=r"\sin \cos \exp \log \ln \tan f g \sup \inf \lim",
        relations=r"= = = \leq \geq < > \to \in \sim \approx",
        operators=r"+ + - - \cdot \circ",
    ),
    Field(
        name="algebra",
        letters="G H K R k x y g h a b e p q n m",
        greek=r"\varphi \phi \psi \sigma \tau \alpha \beta \pi \chi",
        sets=r"\mathbb{Z} \mathbb{Q} \mathbb{F}_p \mathfrak{g} \mathfrak{p} \mathcal{O} G/H \mathbb{Z}/n\mathbb{Z}",
        functions=r"\ker \dim \deg \gcd \hom \operatorname{im} "
        r"\operatorname{Hom} \operatorname{Aut} \operatorname{Ext} \arg",
        relations=r"= = \cong \simeq \in \subseteq \subset \equiv "
        r"\to \mapsto \leq \hookrightarrow \mid \twoheadrightarrow",
        operators=r"+ - \cdot \circ \oplus \otimes \times \rtimes \cap \cup \ltimes",
    ),
    Field(
        name="linear algebra",
        letters="A B C U V W x y b u v w n m I Q P",
        greek=r"\lambda \mu \sigma \kappa \Sigma \Lambda",
        sets=r"\mathbb{R}^n \mathbb{R}^{m\times{n}} \mathbb{C}^n V W \mathbb{K}",
        functions=r"\det \operatorname{tr} \operatorname{rank} \dim \ker "
        r"\operatorname{span} \operatorname{diag} \max \min",
        relations=r"= = = \in \leq \neq \perp \succeq \preceq",
        operators=r"+ - \cdot \oplus \otimes \odot \times",
    ),
    Field(
        name="probability",
        letters="X Y Z x y n k p q S T s t N",
        greek=r"\mu \sigma \theta \lambda \beta \epsilon \pi \Omega \rho",
        sets=r"\mathbb{R} \mathbb{N} \mathcal{F} \Omega \mathcal{X} \mathcal{D}",
        functions=r"\mathbb{E} \mathbb{P} \Pr \operatorname{Var} \operatorname{Cov} \log \exp "
        r"P E \max \arg\max \arg\min",
        relations=r"= = \sim \leq \geq \approx \propto \to \in \perp",
        operators=r"+ - \cdot \mid \cap \cup \times",
    ),
    Field(
        name="physics",
        letters="E m c p q r t v x L H F T V k n g B J R",
        greek=r"\psi \phi \rho \omega \mu \nu \lambda \Psi \Phi \gamma \Gamma \eta",
        sets=r"\mathcal{H} \mathcal{L} \mathcal{M} V \mathbb{R}^3 SU(2)",
        functions=r"\exp \sin \cos \operatorname{Tr} \ln \det \tanh \Re \Im",
        relations=r"= = = \approx \sim \equiv \to \ll \gg \propto \lesssim \gtrsim",
        operators=r"+ - - \cdot \times \otimes \wedge \pm \mp",
    ),
    Field(
        name="logic",
        letters="A B P Q R x y z n a b S T U M",
        greek=r"\varphi \psi \Gamma \alpha \kappa \omega \theta \Delta",
        sets=r"\mathbb{N} \emptyset \mathcal{P}(A) \omega_1 \aleph_0 \varnothing \mathcal{M}",
        functions=r"\min \max \sup \operatorname{dom} \operatorname{ran} f g",
        relations=r"= \in \notin \subseteq \subset \supseteq \Rightarrow \Leftrightarrow "
        r"\iff \implies \vdash \models \equiv \neq \leq",
        operators=r"\cap \cup \setminus \land \lor \wedge \vee \times \triangle \sqcup",
    ),
    Field(
        name="engineering",
        letters="V I R L C s z T P Q K D u y x f h d w",
        greek=r"\omega \tau \zeta \eta \rho \sigma \Delta \phi \varepsilon \nu \beta",
        sets=r"\mathbb{R} \Omega U [0,T]",
        functions=r"\sin \cos \log \exp \operatorname{sinc} \operatorname{Re} \max \min \arctan \operatorname{sgn}",
        relations=r"= = = \approx \leq \geq < > \triangleq \propto \gg",
        operators=r"+ + - \cdot \times \ast \pm",
    ),
    Field(
        name="chemistry",
        letters="c p T V n K k E A R x t",
        greek=r"\mu \Delta \gamma \nu \theta \lambda",
        sets=r"\mathrm{H}_2\mathrm{O} \mathrm{CO}_2 \mathrm{Na}^{+} \mathrm{Cl}^{-} \mathrm{O}_2 "
        r"\mathrm{NH}_3 \mathrm{SO}_4^{2-} \mathrm{H}^{+}",
        functions=r"\ln \log \exp",
        relations=r"= = \rightleftharpoons \rightarrow \approx \longrightarrow \leq",
        operators=r"+ + - \cdot \times",
    ),
    Field(
        name="number theory",
        letters="n m p q k a b d r s x N",
        greek=r"\zeta \varphi \mu \pi \Lambda \sigma \tau \chi \theta",
        sets=r"\mathbb{Z} \mathbb{N} \mathbb{P} \mathbb{Q} \mathbb{Z}_p",
        functions=r"\gcd \operatorname{lcm} \log \deg \operatorname{ord} \max \min",
        relations=r"= = \equiv \mid \nmid \leq \geq < \sim \ll \in",
        operators=r"+ + - \cdot \times \bmod",
    ),
)

ACCENTS = _pieces(
    r"\hat \bar \tilde \dot \ddot \vec \overline \widehat \widetilde \check \underline \breve \acute \mathring"
)
ALPHABETS = _pieces(r"\mathbf \mathbf \mathrm \mathrm \mathfrak \mathsf \boldsymbol \bm \mathtt \mathit")
CAPITAL_ALPHABETS = _pieces(r"\mathcal \mathbb \mathscr \mathcal \mathbf \mathfrak \mathrm")
WORDS = _pieces(
    "if otherwise for all where such that with eff max min out in tot th ref crit obs model test train loss rate "
    "subject to s.t. and or is odd even mass time total signal noise opt new old free bound avg const"
)
UNITS = _pieces(r"m kg s Hz K Pa J W V A mol cm nm eV GeV m/s kg/m^3 \Omega ^{\circ}C")

_NOT_ALONE = {*BIG_OPERATORS, *INTEGRALS, *("\\" + name for name in NAMED), r"\bmod", r"\prime", r"\backprime"} | {
    "\\" + name
    for name in _pieces(
        "{ } _ $ & # % | langle rangle lfloor rfloor lceil rceil ulcorner urcorner llcorner lrcorner lgroup rgroup "
        "lmoustache rmoustache llbracket rrbracket"
    )
}
_COMMANDS = sorted(symbol for symbol in SYMBOLS - _NOT_ALONE if symbol.startswith("\\"))
RARE: dict[str, tuple[str, ...]] = {
    "binary": tuple(symbol for symbol in _COMMANDS if symbol in BINARY),
    "relation": tuple(symbol for symbol in _COMMANDS if symbol in RELATIONS),
    "letter": tuple(symbol for symbol in _COMMANDS if symbol not in BINARY and symbol not in RELATIONS),
}
"""Every symbol that the canonical form knows, by role: corpora hardly show many of them."""
