"""Sentences of our own for pages: with places for formulas, in several languages, and without any mathematics."""

from __future__ import annotations

# `@` is the place of an inline formula.
MATH_SENTENCES: dict[str, tuple[str, ...]] = {
    "english": (
        "Let @ be as above, and suppose that @ for every @.", "It follows that @ whenever @ holds.",
        "We write @ for the set of all @ with this property.", "Here @ denotes the number of steps and @ the step size.",
        "By the previous lemma, @ is bounded by @.", "Since @ and @ commute, we may replace @ by @.",
        "The temperature @ is measured at the inlet, the pressure @ at the outlet.", "Assume first that @.",
        "In particular, if @ is continuous then so is @.", "The case @ is treated in the same way.",
        "For small values of @ the error grows like @.", "This shows that @ has at most @ zeros.",
        "Note that @ does not depend on the choice of @.", "Solving for @ gives @.", "where @ is a constant and @.",
        "A sample of size @ was drawn, with mean @ and variance @.", "Then there is a unique @ such that @.",
        "The map @ is linear, and its kernel is @.", "We claim that @, which finishes the proof.",
    ),
    "french": (
        "Soit @ un espace et supposons que @ pour tout @.", "On en d\u00e9duit que @ d\u00e8s que @.",
        "On note @ l'ensemble des @ v\u00e9rifiant cette propri\u00e9t\u00e9.", "D'apr\u00e8s le lemme, @ est born\u00e9 par @.",
        "La fonction @ est continue sur @ et d\u00e9rivable en @.", "Montrons d'abord que @ est une base de @.",
        "Pour @ assez petit, l'erreur est de l'ordre de @.", "Le cas o\u00f9 @ se traite de la m\u00eame fa\u00e7on.",
    ),
    "german": (
        "Sei @ stetig und es gelte @ f\u00fcr alle @.", "Daraus folgt @, falls @ gilt.",
        "Wir bezeichnen mit @ die Menge aller @ mit dieser Eigenschaft.", "Nach Voraussetzung ist @ durch @ beschr\u00e4nkt.",
        "Die Abbildung @ ist linear, ihr Kern ist @.", "F\u00fcr gro\u00dfe Werte von @ w\u00e4chst der Fehler wie @.",
        "Dabei ist @ die L\u00e4nge und @ die Breite des Tr\u00e4gers.", "Der Fall @ wird ebenso behandelt.",
    ),
    "spanish": (
        "Sea @ una funci\u00f3n tal que @ para todo @.", "De aqu\u00ed se sigue que @ siempre que @.",
        "Denotamos por @ el conjunto de los @ con esta propiedad.", "La aplicaci\u00f3n @ es lineal y su n\u00facleo es @.",
        "Seg\u00fan el lema anterior, @ est\u00e1 acotado por @.", "Si @ es peque\u00f1o, el error crece como @.",
    ),
    "italian": (
        "Sia @ uno spazio e supponiamo che @ per ogni @.", "Ne segue che @ se vale @.",
        "Indichiamo con @ l'insieme degli @ con questa propriet\u00e0.", "La funzione @ \u00e8 continua in @.",
        "Per il lemma precedente, @ \u00e8 limitato da @.", "Il caso @ si tratta allo stesso modo.",
    ),
    "portuguese": (
        "Seja @ um espa\u00e7o tal que @ para todo @.", "Segue-se que @ sempre que @.",
        "A fun\u00e7\u00e3o @ \u00e9 cont\u00ednua em @.", "Denotamos por @ o conjunto dos @ com esta propriedade.",
    ),
}  # fmt: skip

DISPLAY_LEADS: dict[str, tuple[str, ...]] = {
    "english": ("We obtain", "This gives", "It follows that", "Hence", "We have", "Consider the equation", "Equivalently,", "We have:", "Thus"),
    "french": ("On obtient", "Il vient", "Ainsi", "On a donc", "Consid\u00e9rons l'\u00e9quation"),
    "german": ("Damit erhalten wir", "Es folgt", "Also gilt", "Wir betrachten die Gleichung"),
    "spanish": ("Se obtiene", "Por tanto", "De donde", "Consideremos la ecuaci\u00f3n"),
    "italian": ("Si ottiene", "Dunque", "Abbiamo", "Consideriamo l'equazione"),
    "portuguese": ("Obtemos", "Portanto", "Temos", "Consideremos a equa\u00e7\u00e3o"),
}

# What looks like mathematics and is none. `#` becomes a digit, other than 0 where it leads a number; `YYYY` a year.
LOOK_ALIKES = (
    r"The ticket costs \$##.##, or \$#.## for children under 12.", r"Send questions to \texttt{office@example.org} by March #, YYYY.",
    r"The sample weighed ##.# g and was kept at ## degrees C for ## h.", r"Sales rose by #.#\% to \$#.# million in YYYY.",
    r"See Section #.#.# and Figure ## on page ###.", r"Smith et al. [##] and Jones [#, ##] report similar values.",
    r"The salt NaCl dissolves in H\textsubscript{2}O; CO\textsubscript{2} escapes.", r"Call +## ### ###-#### between 9:30 and 17:45.",
    r"The mixture of Ca(OH)\textsubscript{2} and H\textsubscript{2}SO\textsubscript{4} was stirred for ## min at ### rpm.",
    r"Version #.##.# was released on YYYY-0#-1#.", r"The room measures # m by # m (## sq ft).",
    r"He ran ### m in ##.## s, finishing 2nd of ##.", r"A \textit{p}-value below 0.0# was taken as significant (\textit{n} = ##).",
    r"Chapters #--## cover the years YYYY/##.", r"\textit{Ceteris paribus}, the index fell from ###.# to ##.#.",
    r"File \texttt{data\_#.csv} has #,### rows and ## columns.", r"Flight AB-### leaves gate C## at 1#:#5.",
    r"Invoice no.\ ####/YYYY, due within ## days, total EUR ###.##.", r"The bus no.~## runs every ##--## minutes.",
    r"Item (##) weighs # kg/m, i.e.\ #.# lb/ft.", r"ISBN 978-#-###-####-#, 2nd ed., ### pp.", r"Use a #/8 inch bolt (M#).",
    r"The ratio of men to women was #:#.", r"In YYYY, Article ##(#)(a) of the Act was repealed.",
    r"Open \texttt{x = f(a, b)} in the editor and press Ctrl+S.", r"Grades: A (90--100), B (80--89), C (70--79).",
    r"Tel.\ (###) ###-####, \texttt{https://example.com/a?b=#\&c=#}.", r"Fe\textsuperscript{3+} and Na\textsuperscript{+} ions were found.",
)  # fmt: skip

PLAIN_SENTENCES: dict[str, tuple[str, ...]] = {
    "english": (
        "The committee met twice before the summer and agreed on a short list of candidates.",
        "Nobody expected the harbour to freeze so early in the year.", "Her letters were found in a drawer after the war.",
        "The engine had been repaired, but the driver still did not trust it.", "Rain fell for most of the afternoon.",
        "A second survey was sent to every household in the district.", "The old library closed its doors last autumn.",
        "Most readers skip the preface, and the author knew it.", "Trade along the river grew slowly at first.",
        "These figures should be read with care, since the method changed in the meantime.",
        "Every student receives a copy of the handbook on the first day.", "The museum is open daily except on Mondays.",
    ),
    "french": (
        "Le comit\u00e9 s'est r\u00e9uni deux fois avant l'\u00e9t\u00e9.", "La vieille biblioth\u00e8que a ferm\u00e9 ses portes \u00e0 l'automne.",
        "Il pleuvait depuis le matin et personne ne parlait.", "Ces chiffres doivent \u00eatre lus avec prudence.",
        "Chaque \u00e9tudiant re\u00e7oit un exemplaire du guide le premier jour.",
    ),
    "german": (
        "Der Ausschuss tagte zweimal vor dem Sommer.", "Niemand hatte erwartet, dass der Hafen so fr\u00fch zufriert.",
        "Die alte B\u00fccherei schloss im Herbst ihre T\u00fcren.", "Diese Zahlen sind mit Vorsicht zu lesen.",
        "Alle Studierenden erhalten am ersten Tag ein Handbuch.",
    ),
    "spanish": (
        "El comit\u00e9 se reuni\u00f3 dos veces antes del verano.", "La vieja biblioteca cerr\u00f3 sus puertas en oto\u00f1o.",
        "Estas cifras deben leerse con cuidado.", "Cada estudiante recibe un ejemplar de la gu\u00eda el primer d\u00eda.",
    ),
    "italian": (
        "Il comitato si \u00e8 riunito due volte prima dell'estate.", "La vecchia biblioteca ha chiuso in autunno.",
        "Questi dati vanno letti con cautela.", "Ogni studente riceve una copia della guida il primo giorno.",
    ),
    "portuguese": (
        "O comit\u00ea reuniu-se duas vezes antes do ver\u00e3o.", "A velha biblioteca fechou as portas no outono.",
        "Estes n\u00fameros devem ser lidos com cuidado.", "Cada estudante recebe um exemplar do guia no primeiro dia.",
    ),
}  # fmt: skip

TITLE_WORDS = (
    "Notes", "Methods", "Linear", "Theory", "Results", "Applied", "Models", "Introduction", "Dynamics", "Analysis",
    "Random", "Systems", "Spaces", "Flows", "Numerical", "Groups", "Waves", "Data", "Estimates", "Structure", "Survey",
    "Transport", "Energy", "Control", "Fields", "Discrete", "Networks", "Stability", "Design", "Measurement",
)  # fmt: skip
NAMES = (
    "A. Moreau", "B. Lindqvist", "C. Okafor", "D. Rossi", "E. Tanaka", "F. Keller", "G. Novak", "H. Silva", "I. Ivanov",
    "J. Miller", "K. Sato", "L. Garcia", "M. Weber", "N. Patel", "O. Hansen", "P. Dubois", "R. Kim", "S. Ahmed",
)  # fmt: skip
CODE = (
    ("def step(x, h):", "    y = x + h * f(x)", "    return y", "", "for i in range(10):", "    x = step(x, 0.1)"),
    ("int main(void) {", "    double a[10], s = 0.0;", "    for (int i = 0; i < 10; i++)", "        s += a[i] * a[i];",
     "    return s > 1e-6;", "}"),
    ("$ make test", "gcc -O2 -c solver.c -o solver.o", "12 passed, 1 skipped in 3.4 s"),
    ("x <- rnorm(100)", "fit <- lm(y ~ x + I(x^2))", "summary(fit)$r.squared"),
    ("SELECT name, price * 1.2 AS total", "FROM items WHERE price >= 10 AND qty <> 0", "ORDER BY total DESC;"),
    ("DO 10 I = 1, N", "   A(I) = B(I) + C(I)**2", "10 CONTINUE"),
)  # fmt: skip
