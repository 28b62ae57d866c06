"""Where sentences end, as a table. `|` stands where the next one begins; it is no part of the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.text.clusters import cluster_starts
from hay_say_lab.text.sentences import sentences

ENGLISH = [
    "One. |Two. |Three.",                               # the plain case
    "Is it? |Yes! |Good.",                              # three kinds of stops
    "Really?! |Yes.",                                   # several stops are one
    "What?? |Nothing!!!",
    "No stop at all",
    "Dr. Smith met Mrs. Jones.",                        # titles
    "He saw Prof. Higgins. |She did not.",
    "Mr. and Mrs. Bennet had five daughters.",
    "J. R. R. Tolkien wrote it.",                       # initials
    "J.R.R. Tolkien wrote it. |C. S. Lewis read it.",
    "George W. Bush spoke. |Nobody listened.",
    "He chose plan B. |Then he left.",                  # one letter, but the next word begins sentences
    "It was Malcolm X. |He spoke.",
    "The U.S. Senate met. |It voted.",                  # letters with stops, a name behind
    "He lives in the U.S. |She does not.",              # the same, a starter behind
    "Washington, D.C. |The city slept.",
    "She has a Ph.D. in physics.",
    "Use a tool, e.g. Hammer or tongs.",                # never the end
    "The best, i.e. Anna, won.",
    "Alien vs. Predator was long. |I slept.",
    "Apples, pears, etc. |Then we left.",               # usually the end
    "Apples, pears, etc. were sold.",
    "Acme Inc. Chairman Bob resigned.",                 # seldom the end
    "She works at Acme Inc. |He does not.",
    "We met at 5 p.m. |It rained.",
    "We met at 5 p.m. Monday.",
    "On Jan. 5 it snowed. |In Feb. it did not.",        # a month before a number; 'it' is small
    "See No. 5 and p. 12 of vol. 3.",                   # shortened before numbers only
    "See Fig. IV below.",
    "Can I? |No. |You may not.",                        # the same letters, a word
    "Sammy Davis Jr. sang. |He danced.",
    "They live on Main St. |The house is red.",
    "St. John's is cold.",
    "It costs 3.50. |Four are 14.00.",                  # decimals
    "Version 1.2.3 is out. |Version 2 is not.",
    "He has 3. |John has 4.",                           # a number is no ordinal in English
    "It was 1984. |Big Brother watched.",
    "At 10.30 he came. |At 11:15 he left.",             # times
    "1. Wash the rice. |2. Cook it. |3. Eat.",          # enumerations
    "1. Wash\n|2. Cook\n|3. Eat",                       # on lines of their own
    "a. Apples are red.\nb. bananas are not.",          # a small letter behind: doubtful, so it stays
    "- One thing\n|- Another thing",
    "\u2022 One\n|\u2022 Two",
    "iv. The fourth point. |It is short.",
    "Wait... |What?",                                   # ellipses
    "Well... maybe.",                                   # a small letter goes on
    "He said... I forgot.",                             # 'I' is always a capital
    "Wait\u2026 |What?",
    "Well . . . maybe. |Perhaps . . . |No.",            # spaced
    "It [...] was late. |He slept.",                    # an omission
    "Five (!) Dollars. |Ten (?) Pounds.",               # a remark about a word
    "(He left.) |She stayed.",                          # brackets shut behind the stop
    "He left (at last). |She stayed.",                  # and before it
    "He (Dr. Who) left. |She stayed.",
    '"Go!" she said. |He went.',                        # quotes, small letter behind
    '"Go." |She went.',
    '\u201cGo.\u201d |She went.',
    "\u2018Go!\u2019 |She went.",
    'He said, "Go." |She went.',
    'He said "go". |She went.',
    'She left. |"Why?" |He knew.',                      # quotes open a sentence
    "Stop! he cried. |She stopped.",                    # without quotes
    "Yahoo! is a company. |It is old.",
    "Read example.org/a.b?c=d. |Then write.",           # addresses
    "Go to https://example.org/?q=a.b! |Now.",
    "Write to a.b@example.org. |Do it now.",
    "The file a.txt is gone. |Find it.",
    "I use Node.js. |You do not.",
    "It was by J. Smith. |He wrote more.",
    "I have an idea. |iPhone users agree.",             # a small letter that is a capital
    "Sure. |\u2014 Are you?",                           # a dash opens a speech
    "One.\n|Two.",                                      # a line end is a space
    "A line that\ngoes on. |Next.",
    "A heading\n\n|A paragraph",                        # an empty line ends what has no stop
    "A heading\r\n\r\n|A paragraph",
    "A heading\n \t\n\n|A paragraph",
    "  Indented. |Next.  ",                             # white space at both ends
    "\n\nFirst. |Second.\n\n",
    "One.Two is a typing error. |Three is not.",        # might be a name of something
    "Great! |\U0001f600 Next.",                         # a picture begins a sentence as well
    "The temperature fell to -3. |Birds froze.",
    "He arrived first. |3 others followed.",            # a number begins a sentence
    "Approx. 30 came. |Est. value: 5.",
    "Smith et al. |The paper says so.",
    "Smith et al. Nature 2004.",
    "**Bold.** Next.",                                  # marks of a text format are no quotes: doubtful
    "What is in it? |It is empty...",                   # nothing behind the last one
    'Is it "this"? |Or "that"?',
]
GERMAN = [
    "Guten Tag. |Wie geht es? |Gut!",
    "Am 3. Mai regnete es. |Am 4. Juni nicht.",         # ordinals
    "Der 2. Weltkrieg begann 1939. |Er endete 1945.",
    "Im 19. Jahrhundert. |Das war lange her.",
    "Er wurde 19. |Das war gestern.",                   # a starter behind the number
    "Das war 1999. |Peter weiß es noch.",               # a year is no ordinal
    "Ludwig XIV. Bau steht noch. |Er ist groß.",
    "Nimm z. B. Äpfel. |Oder Birnen.",                  # spaced
    "Nimm z.B. Das Boot. |Oder nicht.",                 # never, even with a starter
    "Das heißt d. h. Peter kommt.",
    "Dr. med. Müller und Dr. h. c. mult. Meier kamen.",
    "Herr Dr. Meier und Fr. Prof. Schulz kamen. |Sie gingen.",
    "Äpfel, Birnen usw. |Danach gingen wir.",
    "Siehe S. 12, Nr. 5 und Abb. 3. |Dort steht es.",
    "Die Müller GmbH & Co. Filiale schloss.",
    "Um 10.30 Uhr kam er. |Um 11 ging er.",
    "\u201eKomm!\u201c |Er kam.",                       # German quotes shut with what opens in English
    "\u201eKomm!\u201c, rief sie. |Er kam.",
    "Er ging. |\u00bbKomm!\u00ab |Sie kam.",            # guillemets inwards
    "Bzw. Peter, ca. 30, evtl. Anna.",
    "Das kostet 1.000,50 Euro. |Viel Geld.",
    "Am Mo. 3. Mai. |5. Juni war später.",                # a weekday before the number
    "J. S. Bach starb 1750. |Er war alt.",
    "So ist es o. ä. |Dann nicht.",
]
FRENCH = [
    "Bonjour. |Ça va ? |Oui !",                         # a space before the stop
    "M. Dupont est là. |Mme. Durand aussi.",
    "M. Le Pen arrive.",                                # never, though 'Le' begins sentences
    "\u00ab Bonjour. \u00bb |Il sourit.",               # a space before the quote that shuts
    "\u00ab\u00a0Bonjour\u00a0!\u00a0\u00bb |Il sourit.",
    "\u00ab Que faites-vous ? \u00bb demanda-t-il. |Rien.",
    "Prenez p. ex. Une pomme.",
    "Des pommes, etc. |Ensuite, rien.",
    "En 52 av. J.-C. |Il vainquit.",
    "Voir p. 12 et art. 3. |C'est tout.",
    "J.-P. Sartre écrit. |Il fume.",
    "Hélas\u2026 |Rien.",
    "Le Dr. Petit et le Pr. Grand. |Ils parlent.",
]
SPANISH = [
    "Hola. |¿Qué tal? |¡Bien!",                         # stops that open
    "El Sr. García y la Sra. López. |Ellos hablan.",
    "En EE. UU. Viven muchos.",                         # doubtful, so it stays
    "En EE. UU. |Los hay.",
    "Vea la pág. 5. |Luego siga.",
    "Pan, vino, etc. |Después nada.",
    "¡Ay! qué dolor. |Adiós.",
    "Ud. sabe, p. ej. Ana. |Yo no.",
    "—¿Vienes? |—Sí.",
    "En el s. IV a. C. |El rey murió.",
]
ITALIAN = [
    "Ciao. |Come stai? |Bene!",
    "Il sig. Rossi e la dott.ssa Bianchi. |Loro parlano.",
    "Pane, vino, ecc. |Poi niente.",
    "Vedi pag. 5 e art. 3. |Poi basta.",
    "Per es. Anna, cfr. Bianchi.",
    "La Fiat S.p.A. Italia. |È grande.",
]
PORTUGUESE = [
    "Olá. |Tudo bem? |Sim!",
    "O Sr. Silva e a Dra. Costa. |Eles falam.",
    "Veja a pág. 5. |Depois siga.",
    "Pão, vinho, etc. |Depois nada.",
    "A V. Exa. Pedro. |Ele sabe.",
    "Av. Paulista, p. ex. Outra não.",
]
DUTCH = [
    "Hallo. |Hoe gaat het? |Goed!",
    "Dhr. Jansen en mevr. De Vries. |Ze praten.",
    "Neem bijv. Appels. |Of niet.",
    "Dat is d.w.z. Piet. |Hij komt.",
    "Appels, peren, enz. |Daarna niets.",
    "Zie blz. 5 en nr. 3. |Dan verder.",
]
POLISH = [
    "Cześć. |Jak się masz? |Dobrze!",
    "Dr. Nowak i prof. Kowalski. |Oni mówią.",
    "Weź np. Jabłko. |Albo nie.",
    "Dr hab. Jan. |Np. Anna.",                          # a name behind a title is no abbreviation
    "Dnia 3. Maja padało. |Potem nie.",
    "W 1999 r. Warszawa rosła. |Potem nie.",
    "W 1999 r. |Potem nic.",
    "Jabłka, gruszki itd. |Potem nic.",
    "Ul. Długa, m.in. Anna. |To tyle.",
]
RUSSIAN = [
    "Привет. |Как дела? |Хорошо!",
    "А. С. Пушкин писал. |Он умер.",
    "А.С. Пушкин писал. |Он умер.",
    "В 1999 г. Москва росла. |Потом нет.",
    "Он жил в 1799 г. |Потом умер.",
    "Возьми, т. е. Иван возьмёт. |Хорошо.",
    "Яблоки, груши и т. д. |Потом ничего.",
    "См. стр. 5 и рис. 3. |Это всё.",
    "\u00abПривет!\u00bb |Он ушёл.",
    "\u00abПривет!\u00bb \u2014 сказал он. |Я ушёл.",
    "Проф. Иванов и акад. Петров. |Они спорят.",
]
OTHERS = [
    ("zh", "你好。|你好吗？|很好！"),                       # no spaces
    ("zh", "他说：“你好。”|然后走了。"),                     # quotes shut behind the stop
    ("zh", "走吧。|“是吗？”|他问。"),                         # the same mark opens a quotation
    ("zh", "我……不知道。|走吧。"),                          # an ellipsis inside
    ("zh", "圆周率是３．１４。|对吗？"),                      # a full-width decimal point
    ("zh", "我用Python!|你呢?|不用。"),                     # half-width stops before ideographs
    ("ja", "はい。|いいえ！|本当？"),
    ("ja", "「行きます。」と言った。|雨だ。"),                 # what follows goes on: と
    ("ja", "「行きます。」|彼は出た。"),
    ("ja", "えっ？！|何。"),
    ("ja", "はい｡|いいえ｡"),                                # half-width
    ("ko", "네. |알겠습니다. |정말요?"),                     # one syllable is a word, no initial
    ("ar", "كيف حالك؟ |أنا بخير. |شكرا!"),
    ("ar", "د. أحمد هنا. |هو طبيب."),                       # one letter is a title
    ("ar", "كيف حالك؟\u200f |بخير."),                       # a mark of direction behind the stop
    ("ur", "یہ کتاب ہے۔ |وہ قلم ہے۔"),
    ("hi", "वह गया। |मैं आया। |क्या?"),
    ("hi", "राम आया ॥१॥ |सीता आयी ॥२॥"),                   # the number of a verse
    ("hy", "Բարեւ։ |Ինչպես ես։"),
    ("am", "ሰላም። |ደህና።"),
    ("el", "Τι κάνεις; |Καλά. |Εσύ;"),                     # the Greek question mark is a semicolon
    ("ka", "გამარჯობა. |როგორ ხარ?"),                      # letters that Unicode calls small
    ("cs", "Dne 3. Května pršelo. |Pak ne."),             # ordinals in a language without a list
    ("th", "สวัสดีครับ สบายดีไหม"),                           # Thai has no stops
    (None, "Dr. Who met Mme. Durand, e.g. Yesterday."),       # what all lists share
    (None, "Come on. |Here we go. |It's ok. |Fine."),       # but no words of others
    (None, "Am 3. Mai. |No. |Yes."),
    ("tlh", "nuqneH. |Qapla'!"),                            # a language nobody has listed
]
TABLE = [
    *(("en-GB", row) for row in ENGLISH), *(("de", row) for row in GERMAN), *(("fr-CA", row) for row in FRENCH),
    *(("es", row) for row in SPANISH), *(("it", row) for row in ITALIAN), *(("pt_BR", row) for row in PORTUGUESE),
    *(("nl", row) for row in DUTCH), *(("pl", row) for row in POLISH), *(("ru", row) for row in RUSSIAN), *OTHERS,
]  # fmt: skip

ANYTHING = st.text(max_size=60)
TRICKY = st.text(
    alphabet="aB1 .!?\u2026\n\r\t\u00a0\"'\u201c\u201d\u00ab\u00bb()[]-;\u3002\u300d\u3068\u061f\u0964\u0965\u0301\u200d\ufe0f\U0001f1e9\ud83d\ude00漢が",
    max_size=40,
)
LANGUAGES = st.sampled_from([None, "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "el", "cs", "xx"])


def _cut(text: str, language: str | None) -> list[str]:
    return [span.of(text) for span in sentences(text, language)]


@pytest.mark.parametrize(("language", "row"), TABLE, ids=range(len(TABLE)))
def test_a_text_is_cut_where_its_sentences_end(language: str | None, row: str) -> None:
    assert _cut(row.replace("|", ""), language) == row.split("|")


def test_the_table_is_large() -> None:
    assert len(TABLE) >= 120
    assert len({row for _, row in TABLE}) == len(TABLE)


def test_without_a_language_the_plain_rows_of_all_languages_are_cut_as_well() -> None:
    for rows in (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH, POLISH, RUSSIAN):
        assert _cut(rows[0].replace("|", ""), None) == rows[0].split("|")


def test_nothing_has_no_sentence_and_white_space_is_one() -> None:
    assert sentences("") == []
    assert _cut(" \n ", None) == [" \n "]


@given(st.one_of(ANYTHING, TRICKY), LANGUAGES)
@settings(max_examples=200, deadline=None)
def test_the_spans_cover_every_text_and_part_no_letter(text: str, language: str | None) -> None:
    spans = sentences(text, language)

    assert "".join(span.of(text) for span in spans) == text
    assert [span.first for span in spans] == [0, *(span.end for span in spans)][: len(spans)]
    assert all(span.length > 0 for span in spans)
    assert {span.first for span in spans} <= set(cluster_starts(text))


@given(st.lists(st.sampled_from(["It rains.", "Does it?", "\u201cYes!\u201d", "Mr. Low left."]), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_sentences_put_together_are_found_again(parts: list[str]) -> None:
    assert [part.strip() for part in _cut(" ".join(parts), "en")] == parts


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Low said so. " * 10_000,
        "a" * 100_000,                      # no stop anywhere
        "." * 100_000,
        ". " * 100_000,
        "a." * 100_000,
        "\n \n" * 30_000,
        "(" * 100_000 + "." + ")" * 100_000,
        "A. " * 30_000,
        "! \u201c" * 30_000,
        "." + " " * 100_000 + "." + "- " * 100_000,
        "1. " * 30_000,
        "\u0965" * 100_000,
        "\U0001f1e9" * 100_000,
    ],
    ids=range(13),
)
def test_a_text_of_any_length_is_cut_in_time_that_grows_with_it(text: str) -> None:
    began = time.process_time()
    spans = sentences(text, "en")
    assert time.process_time() - began < 5.0
    assert sum(span.length for span in spans) == len(text)
