"""What a language shortens with a full stop, and the words its sentences like to begin with.

An entry in small letters stands for any capitals as well; one with capitals stands for itself alone. Stops
inside an entry are written, the last one is not, and spaces inside are left out: 'z.b' is 'z.B.' and 'z. B.' too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Habits:
    """How one language uses the full stop. Each field is a set of shortened words, without their last stop.

    never: something always follows in the same sentence (Mr., z. B.).
    numbered: the same, where a number or a Roman number follows; else it is a word like any other (No. 5, S. 12).
    seldom: a sentence ends here only if the next word is a starter (Inc., p. m.).
    usually: a sentence ends here if any capital follows (etc., usw.).
    starters: words that begin sentences and are no names; capitalised.
    months: words that follow the number of a day; capitalised.
    ordinals: a number with a stop is the third, the twentieth (German 3., Polish 3.).
    """

    never: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    seldom: frozenset[str] = frozenset()
    usually: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    months: frozenset[str] = frozenset()
    ordinals: bool = False


def _habits(
    never: str = "", numbered: str = "", seldom: str = "", usually: str = "", starters: str = "", months: str = "",
    ordinals: bool = False,
) -> Habits:  # fmt: skip
    """The same from words in strings."""
    return Habits(
        never=frozenset(never.split()),
        numbered=frozenset(numbered.split()),
        seldom=frozenset(seldom.split()),
        usually=frozenset(usually.split()),
        starters=frozenset(starters.split()),
        months=frozenset(months.split()),
        ordinals=ordinals,
    )


_LANGUAGES: dict[str, Habits] = {
    "en": _habits(
        never="mr mrs ms mx messrs dr prof rev hon gov sen rep gen col maj capt cmdr lt sgt pvt adm pres supt mt ft.lt "
        "e.g i.e viz cf vs approx esp incl ca",
        numbered="no nos p pp vol vols fig figs ch chap sec eq eqs art para op tab ex v "
        "jan feb mar apr jun jul aug sep sept oct nov dec",
        seldom="inc ltd corp co bros jr sr st ave blvd rd al est dept univ ed eds min max a.m p.m "
        "ph.d m.d b.a m.a b.c a.d u.s u.k u.n u.s.a d.c",
        usually="etc",
        starters="The This That These Those There Then They Their He She It Its His Her We Our You Your My But And So "
        "If When While Where What Why Who How In At On After Before Because However Although Since Nobody Everyone "
        "Yes No Now Here One Some Most Many All Perhaps Maybe Please Is Are Was Did Do Does Let's It's That's",
    ),
    "de": _habits(
        never="dr prof hr fr frl dipl ing mag st hl geb gest verh z.b d.h u.a z.t z.zt v.a i.d.r i.a s.o s.u u.u o.g m.e "
        "zz vgl bzw ca evtl ggf inkl exkl zzgl sog bspw bes allg eigtl urspr engl frz lat dt gem gegr tel hrsg v.chr "
        "n.chr i.v i.e med phil jur nat mult habil",
        numbered="nr bd bde kap abb art abs s tab anm aufl ziff teil jan feb mär apr jun jul aug sep sept okt nov dez "
        "mo di mi do fr sa so",
        seldom="jh jhd jhdt str mio mrd std min max o.ä u.ä u.dgl a.d v.chr n.chr co",
        usually="usw etc usf u.s.w u.v.m u.v.a",
        starters="Der Die Das Den Dem Des Ein Eine Er Sie Es Wir Ihr Ich Du Dann Danach Da Dort Hier Und Aber Doch Denn "
        "Also So Wenn Als Wer Was Wo Wie Warum Wann Ja Nein Jetzt Heute Morgen Gestern Später Trotzdem Deshalb "
        "Dieser Diese Dieses Alle Viele Niemand Man Nach Im In Am Auf Bei Mit Für Seit Sein Seine Ihre Mein Meine",
        months="Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember Jan Feb Apr "
        "Aug Sep Sept Okt Nov Dez",
        ordinals=True,
    ),
    "fr": _habits(
        never="M MM mme mmes mlle mlles Dr Pr Me Mgr St Ste cf p.ex c.-à-d av apr env tél boul n.b ex",
        numbered="p pp vol chap fig art n no tab t janv févr avr juil sept oct nov déc",
        seldom="J.-C j.-c éd al ltée s.a",
        usually="etc",
        starters="Le La Les Un Une Des Ce Cet Cette Ces Il Elle Ils Elles On Nous Vous Je Tu Mais Et Puis Alors Donc Si "
        "Quand Comment Pourquoi Où Qui Que Dans En Après Avant Oui Non Ici Là C'est C’est Son Sa Ses Mon Ma Mes",
    ),
    "es": _habits(
        never="Sr Sra Srta Sres D Dña Dr Dra Prof Profa Lic Ing Arq Gral Cnel Cap Excmo Excma Sto Sta Fr p.ej ej aprox "
        "avda Av tel núm cf EE FF CC JJ",
        numbered="pág págs art cap vol fig n nº no ed",
        seldom="Ud Uds Vd Vds EE.UU ee.uu a.C d.C S.A depto dpto izq dcha Jr Cía a.m p.m al",
        usually="etc",
        starters="El La Los Las Un Una Unos Unas Este Esta Esto Ese Esa Eso Él Ella Ellos Ellas Yo Tú Nosotros Pero Y "
        "Entonces Luego Después Si Cuando Como Cómo Dónde Qué Quién Por Para En Sí No Aquí Ahí Su Sus Mi Mis Hoy Ayer",
    ),
    "it": _habits(
        never="sig sig.ra sigg sig.na dott dott.ssa prof prof.ssa ing avv arch On geom rag egr gent spett mons es p.es "
        "cfr tel ca v.le p.zza",
        numbered="pag pagg cap art vol fig n nn p pp tab",
        seldom="a.C d.C S.p.A s.r.l ed al",
        usually="ecc",
        starters="Il Lo La Gli Le Un Uno Una Questo Questa Quello Quella Lui Lei Loro Egli Ella Noi Voi Io Ma Poi Allora "
        "Quindi Se Quando Come Dove Perché Chi Che Cosa In Dopo Prima Sì No Qui Oggi Ieri Non È",
    ),
    "pt": _habits(
        never="Sr Sra Srta Srs Dr Dra Prof Profa Eng Arq Exmo Exma D V.Exa Av R p.ex tel aprox obs cf",
        numbered="pág págs p art cap vol fig núm nº n séc",
        seldom="a.C d.C S.A Ltda Cia Jr EUA al",
        usually="etc",
        starters="O A Os As Um Uma Este Esta Isto Esse Essa Isso Aquele Ele Ela Eles Elas Eu Tu Você Nós Mas E Então "
        "Depois Se Quando Como Onde Por Para Em No Na Sim Não Aqui Ali Seu Sua Meu Minha Hoje Ontem Porque Quem Que",
    ),
    "nl": _habits(
        never="dhr mevr mw mej dr drs ir ing mr prof ds St bijv d.w.z o.a m.b.t t.o.v i.v.m i.p.v t.a.v m.i nl resp vgl "
        "zgn evt incl excl tel a.u.b",
        numbered="blz p nr nrs art afb fig hfdst jan feb mrt apr jun jul aug sep sept okt nov dec",
        seldom="b.v n.v jl v.Chr n.Chr ca min max",
        usually="enz etc e.d",
        starters="De Het Een Dit Dat Deze Die Hij Zij Ze Wij We Jij Je Ik U Maar En Dan Toen Daarna Als Wanneer Waar "
        "Waarom Hoe Wie Wat In Na Op Ja Nee Nu Hier Daar Er Mijn Zijn Haar Niemand Iedereen",
    ),
    "pl": _habits(
        never="np tzn tj m.in ur dr prof mgr inż hab lek ks św gen płk kpt por ul al pl os godz tel zob im ds ps wyd red "
        "tzw",
        numbered="nr str s rys tab art ust pkt t ok",
        seldom="r w tys mln mld zł p.n.e n.e cd",
        usually="itd itp etc",
        starters="To Ten Ta Te On Ona Ono Oni One Ja Ty My Wy Ale I Potem Wtedy Więc Jeśli Kiedy Gdy Gdzie Dlaczego Jak "
        "Kto Co W Na Po Tak Nie Tu Tam Teraz Dziś Wczoraj Mój Moja Jego Jej Nikt Wszyscy",
        months="Styczeń Stycznia Luty Lutego Marca Kwietnia Maja Czerwca Lipca Sierpnia Września Października "
        "Listopada Grudnia",
        ordinals=True,
    ),
    "ru": _habits(
        never="т.е т.к т.н т.наз и.о см ср напр им ул пл просп пер проф акад доц ген полк кап св тел обл г-н г-жа гр инж",
        numbered="стр с рис табл гл п пп ст т кн вып кв",
        seldom="г гг в вв др пр руб коп тыс млн млрд н.э до.н.э л.с",
        usually="т.д т.п",
        starters="Это Этот Эта Эти Тот Та Те Он Она Оно Они Я Ты Мы Вы Но И А Потом Затем Тогда Если Когда Где Куда "
        "Почему Как Кто Что В На После Да Нет Здесь Там Теперь Сейчас Сегодня Вчера Мой Моя Его Её Никто Все У С",
    ),
}  # fmt: skip

# These only count where the language is known: in another one they are whole words, or names.
_AMBIGUOUS = frozenset(
    ["es", "On", "Me", "ex", "D", "R", "M", "MM", "al", "ca", "pl", "ok", "os", "im", "por", "r", "w", "s", "so", "do", "di", "mi", "fr", "sa", "mo", "art", "max", "min", "est", "ed", "st", "gen", "red", "mar", "ds", "mw", "nl", "hr", "cap", "Cap", "Sta", "v", "p", "n", "t", "no", "c", "bes", "ing", "mag", "ul", "per", "pres", "rep", "col", "hon", "sig", "arch", "rag", "env", "av", "apr", "sec", "op", "tab", "teil", "кап", "пер"]
)  # fmt: skip
_STILL_KNOWN = frozenset(["no", "p", "pp", "fig", "art"])     # harmless everywhere: they ask for a number behind them

_WITH_ORDINALS = frozenset(["bs", "cs", "da", "et", "fi", "fo", "hr", "hu", "is", "lb", "lv", "nb", "nn", "no", "sk", "sl", "sr", "tr"])


@cache
def habits_of(language: str | None) -> Habits:
    """The habits of a language (BCP 47; the part before the first hyphen decides).

    None and languages without a list of their own share what all lists say, less what is a word elsewhere.
    """
    primary = (language or "").replace("_", "-").partition("-")[0].lower()
    return _LANGUAGES.get(primary) or _shared(primary in _WITH_ORDINALS)


@cache
def _shared(ordinals: bool) -> Habits:
    every = _LANGUAGES.values()

    def of(field: str) -> frozenset[str]:
        return frozenset().union(*(getattr(habits, field) for habits in every)) - _AMBIGUOUS

    return Habits(
        never=of("never") - of("numbered"),
        numbered=of("numbered") | _STILL_KNOWN,
        seldom=of("seldom"),
        usually=of("usually"),
        starters=of("starters"),
        months=of("months"),
        ordinals=ordinals,
    )
