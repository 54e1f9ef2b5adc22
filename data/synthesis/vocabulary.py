"""What the built-in grammar draws from: letters, symbols and names by field, so that a formula keeps to one subject."""

from __future__ import annotations

from dataclasses import dataclass

from mathocr.data.latex.symbols import BIG_OPERATORS, BINARY, INTEGRALS, NAMED, RELATIONS, SYMBOLS


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
        "analysis", "x y z t f g h u v n k a b c M N", r"\epsilon \delta \varphi \lambda \alpha \xi \theta \omega",
        r"\mathbb{R} \mathbb{C} \Omega E L^2 C^{\infty} [0,1] [a,b]", r"\sin \cos \exp \log \ln \tan f g \sup \inf \lim",
        r"= = = \leq \geq < > \to \in \sim \approx", r"+ + - - \cdot \circ",
    ),
    Field(
        "algebra", "G H K R k x y g h a b e p q n m", r"\varphi \phi \psi \sigma \tau \alpha \beta \pi \chi",
        r"\mathbb{Z} \mathbb{Q} \mathbb{F}_p \mathfrak{g} \mathfrak{p} \mathcal{O} G/H \mathbb{Z}/n\mathbb{Z}",
        r"\ker \dim \deg \gcd \hom \operatorname{im} \operatorname{Hom} \operatorname{Aut} \operatorname{Ext} \arg",
        r"= = \cong \simeq \in \subseteq \subset \equiv \to \mapsto \leq \hookrightarrow \mid \twoheadrightarrow",
        r"+ - \cdot \circ \oplus \otimes \times \rtimes \cap \cup \ltimes",
    ),
    Field(
        "linear algebra", "A B C U V W x y b u v w n m I Q P", r"\lambda \mu \sigma \kappa \Sigma \Lambda",
        r"\mathbb{R}^n \mathbb{R}^{m\times{n}} \mathbb{C}^n V W \mathbb{K}",
        r"\det \operatorname{tr} \operatorname{rank} \dim \ker \operatorname{span} \operatorname{diag} \max \min",
        r"= = = \in \leq \neq \perp \succeq \preceq", r"+ - \cdot \oplus \otimes \odot \times",
    ),
    Field(
        "probability", "X Y Z x y n k p q S T s t N", r"\mu \sigma \theta \lambda \beta \epsilon \pi \Omega \rho",
        r"\mathbb{R} \mathbb{N} \mathcal{F} \Omega \mathcal{X} \mathcal{D}",
        r"\mathbb{E} \mathbb{P} \Pr \operatorname{Var} \operatorname{Cov} \log \exp P E \max \arg\max \arg\min",
        r"= = \sim \leq \geq \approx \propto \to \in \perp", r"+ - \cdot \mid \cap \cup \times",
    ),
    Field(
        "physics", "E m c p q r t v x L H F T V k n g B J R", r"\psi \phi \rho \omega \mu \nu \lambda \Psi \Phi \gamma \Gamma \eta",
        r"\mathcal{H} \mathcal{L} \mathcal{M} V \mathbb{R}^3 SU(2)", r"\exp \sin \cos \operatorname{Tr} \ln \det \tanh \Re \Im",
        r"= = = \approx \sim \equiv \to \ll \gg \propto \lesssim \gtrsim", r"+ - - \cdot \times \otimes \wedge \pm \mp",
    ),
    Field(
        "logic", "A B P Q R x y z n a b S T U M", r"\varphi \psi \Gamma \alpha \kappa \omega \theta \Delta",
        r"\mathbb{N} \emptyset \mathcal{P}(A) \omega_1 \aleph_0 \varnothing \mathcal{M}", r"\min \max \sup \operatorname{dom} \operatorname{ran} f g",
        r"= \in \notin \subseteq \subset \supseteq \Rightarrow \Leftrightarrow \iff \implies \vdash \models \equiv \neq \leq",
        r"\cap \cup \setminus \land \lor \wedge \vee \times \triangle \sqcup",
    ),
    Field(
        "engineering", "V I R L C s z T P Q K D u y x f h d w", r"\omega \tau \zeta \eta \rho \sigma \Delta \phi \varepsilon \nu \beta",
        r"\mathbb{R} \Omega U [0,T]", r"\sin \cos \log \exp \operatorname{sinc} \operatorname{Re} \max \min \arctan \operatorname{sgn}",
        r"= = = \approx \leq \geq < > \triangleq \propto \gg", r"+ + - \cdot \times \ast \pm",
    ),
    Field(
        "chemistry", "c p T V n K k E A R x t", r"\mu \Delta \gamma \nu \theta \lambda",
        r"\mathrm{H}_2\mathrm{O} \mathrm{CO}_2 \mathrm{Na}^{+} \mathrm{Cl}^{-} \mathrm{O}_2 \mathrm{NH}_3 \mathrm{SO}_4^{2-} \mathrm{H}^{+}",
        r"\ln \log \exp", r"= = \rightleftharpoons \rightarrow \approx \longrightarrow \leq", r"+ + - \cdot \times",
    ),
    Field(
        "number theory", "n m p q k a b d r s x N", r"\zeta \varphi \mu \pi \Lambda \sigma \tau \chi \theta",
        r"\mathbb{Z} \mathbb{N} \mathbb{P} \mathbb{Q} \mathbb{Z}_p", r"\gcd \operatorname{lcm} \log \deg \operatorname{ord} \max \min",
        r"= = \equiv \mid \nmid \leq \geq < \sim \ll \in", r"+ + - \cdot \times \bmod",
    ),
)  # fmt: skip

ACCENTS = r"\hat \bar \tilde \dot \ddot \vec \overline \widehat \widetilde \check \underline \breve \acute \mathring".split()
ALPHABETS = r"\mathbf \mathbf \mathrm \mathrm \mathfrak \mathsf \boldsymbol \bm \mathtt \mathit".split()
CAPITAL_ALPHABETS = r"\mathcal \mathbb \mathscr \mathcal \mathbf \mathfrak \mathrm".split()
WORDS = (
    "if otherwise for all where such that with eff max min out in tot th ref crit obs model test train loss rate "
    "subject to s.t. and or is odd even mass time total signal noise opt new old free bound avg const"
).split()
UNITS = r"m kg s Hz K Pa J W V A mol cm nm eV GeV m/s kg/m^3 \Omega ^{\circ}C".split()

_NOT_ALONE = {*BIG_OPERATORS, *INTEGRALS, *("\\" + name for name in NAMED), r"\bmod", r"\prime", r"\backprime"} | {
    "\\" + name
    for name in (
        "{ } _ $ & # % | langle rangle lfloor rfloor lceil rceil ulcorner urcorner llcorner lrcorner lgroup rgroup "
        "lmoustache rmoustache llbracket rrbracket"
    ).split()
}
_COMMANDS = sorted(symbol for symbol in SYMBOLS - _NOT_ALONE if symbol.startswith("\\"))
RARE: dict[str, tuple[str, ...]] = {
    "binary": tuple(symbol for symbol in _COMMANDS if symbol in BINARY),
    "relation": tuple(symbol for symbol in _COMMANDS if symbol in RELATIONS),
    "letter": tuple(symbol for symbol in _COMMANDS if symbol not in BINARY and symbol not in RELATIONS),
}
"""Every symbol that the canonical form knows, by role: corpora hardly show many of them."""
