"""Invented persons planted in texts of works, with what must be gone and what must stay."""

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from tests.support import disguises
from tests.support.disguises import split

SEED = 20261130
STAYS = ("Institute of Soils", "Vesterby", "Denmark")


@dataclass(frozen=True)
class Person:
    given: str
    surname: str
    middle: str = ""
    latin: str = ""
    """The surname as it is written without its country's letters."""

    @property
    def name(self) -> str:
        return f"{self.given} {self.middle} {self.surname}".replace("  ", " ")

    @property
    def initials(self) -> list[str]:
        return [
            word[0] for part in (self.given, self.middle) for word in part.replace("-", " ").split()
        ]


@dataclass(frozen=True)
class Plant:
    kind: str
    group: str
    """address, id, name, or beyond what is promised"""
    record: str
    """The author's name as the record has it."""
    text: str
    gone: tuple[str, ...]
    stays: tuple[str, ...]


PEOPLE = (
    Person("Tilda", "Ashwicket", "R."),
    Person("Søren", "Blåkjærsen", "", "Blakjaersen"),
    Person("Åse", "Vøldering", "M.", "Voldering"),
    Person("Jürgen", "Grünwältzer", "", "Grunwaltzer"),
    Person("Łucja", "Wrzodłekska", "", "Wrzodlekska"),
    Person("Işıl", "Yaldırgan", "", "Yaldirgan"),
    Person("José", "Quindósez", "Luis", "Quindosez"),
    Person("Pieter", "Zwaltumer", "Q."),
    Person("Priyanka", "Venkatarumba"),
    Person("Xiao-Ming", "Quorong"),
    Person("Haneul", "Namgwong"),
    Person("Ágnes", "Kőszvölgyi", "", "Koszvolgyi"),
    Person("Maeve", "O'Dwillan", "", "O'Dwillan"),
    Person("Yusuf", "Tarabziani"),
)
"""Surnames that are no word and no place."""

DOUBTFUL = (
    Person("Ann", "Lund", "K."),
    Person("Petra", "Long"),
    Person("Li", "Na"),
    Person("Minjun", "Park"),
    Person("Viggo", "Berg"),
    Person("Wei", "Xu"),
    Person("Solveig", "Field", "T."),
    Person("Aage", "Bohr"),
    Person("Ulla", "Washington"),
)
"""Surnames that are words, places or very short: alone they name no person."""

Forms = Callable[[Person], list[str]]


def _plain(person: Person) -> str:
    return person.latin or person.surname


def _raised(digits: str) -> str:
    return digits.translate(str.maketrans("123", "¹²³"))


def _accents(text: str) -> str:
    """LaTeX's way of writing letters that ASCII lacks."""
    codes = {
        "ø": r"{\o}",
        "å": r"{\aa}",
        "æ": r"{\ae}",
        "ü": r"\"u",
        "ä": r"\"{a}",
        "ö": r"{\"o}",
        "ó": r"\'o",
        "é": r"\'{e}",
        "ł": r"{\l}",
        "Ł": r"{\L}",
        "Å": r"\AA{}",
        "Á": r"\'A",
        "ő": r"\H{o}",
        "ı": r"{\i}",
    }
    return "".join(codes.get(sign, sign) for sign in text)


NAMES: dict[str, Forms] = {
    "as given": lambda p: [p.name, f"{p.given} {p.surname}"],
    "family, given": lambda p: [f"{p.surname}, {p.given}", f"{p.surname},{p.given}"],
    "initials before": lambda p: [
        f"{'. '.join(p.initials)}. {p.surname}",
        f"{'.'.join(p.initials)}.{p.surname}",
    ],
    "initials after": lambda p: [
        f"{p.surname}, {'. '.join(p.initials)}.",
        f"{p.surname} {'.'.join(p.initials)}.",
    ],
    "initials without dots": lambda p: [
        f"{''.join(p.initials)} {p.surname}",
        f"{p.surname} {''.join(p.initials)}",
    ],
    "capitals": lambda p: [p.name.upper(), f"{p.surname.upper()}, {p.given}"],
    "lower case": lambda p: [f"{p.given} {p.surname}".lower()],
    "glued to the next word": lambda p: [
        f"{p.name}University",
        f"{p.name}iDUniversity",
        f"{p.name}View",
    ],
    "glued to furniture before": lambda p: [
        f"CorrespondingAuthor{p.name}",
        f"view email{p.name}",
        f"ORCID iD{p.name}",
    ],
    "glued in lower case": lambda p: [
        f"{p.given} {p.surname}university",
        f"{p.given} {p.surname}view email",
    ],
    "glued in capitals": lambda p: [f"{p.name.upper()}UNIVERSITY", f"{p.name.upper()}INSTITUTE"],
    "given and surname glued": lambda p: [f"{p.given}{p.surname}", f"{p.given}{p.surname}1,2"],
    "footnote digit": lambda p: [f"{p.name}1", f"{p.name}2,3", f"{p.name}12*"],
    "footnote sign": lambda p: [f"{p.name}*", f"{p.name}†", f"{p.name}‡§"],
    "footnote letter": lambda p: [f"{p.name}a", f"{p.name}b,c", f"{p.name}^a"],
    "raised footnote": lambda p: [
        p.name + _raised("1"),
        f"{p.name}<sup>1</sup>",
        f"{p.name}ᵃ",
        f"{p.name}&#185;",
    ],
    "footnote before": lambda p: [f"1{p.name}", f"*{p.name}", f"a{p.given} {p.surname}"],
    "without its letters": lambda p: [f"{p.given} {_plain(p)}", _plain(p)],
    "two letters for one": lambda p: [f"{p.given} {_two_letters(p.surname)}"],
    "letters as letter and mark": lambda p: [_decomposed(p.name)],
    "middle name not on record": lambda p: [
        f"{p.given} Antonella {p.surname}",
        f"{p.given} W. {p.surname}",
        f"{p.given} W {p.surname}",
    ],
    "entity": lambda p: [
        f"{p.given}&nbsp;{p.surname}",
        _entities(p.name),
        _entities(p.name).replace("&", "&amp;"),
    ],
    "mark-up": lambda p: [
        f"<i>{p.given}</i> {p.surname}",
        f"<b>{p.name}</b>",
        f"{p.given} &lt;i&gt;{p.surname}&lt;/i&gt;",
    ],
    "LaTeX": lambda p: [_accents(p.name), f"{p.given}~{p.surname}"],
    "percent codes": lambda p: [quote(p.name), quote(p.name).replace("%20", "_")],
    "garbled": lambda p: (
        [p.name.encode().decode("cp1252", "replace")]
        if p.name.encode().decode("cp1252", "ignore").isprintable()
        else []
    ),
    "lost letters": lambda p: [_lost(p.name, "?"), _lost(p.name, "\ufffd")],
    "soft hyphen": lambda p: [
        split(p.surname, "\u00ad"),
        f"{p.given} {split(p.surname, '&shy;')}",
    ],
    "invisible signs": lambda p: [
        split(p.surname, "\u200b"),
        f"{p.given}\u200d {p.surname}",
        split(p.surname, "\ufeff"),
    ],
    "blanks of other kinds": lambda p: [
        f"{p.given}\u00a0{p.surname}",
        f"{p.given}\u2009{p.surname}",
        f"{p.given}\u202f{p.surname}",
    ],
    "blanks within": lambda p: [
        f"{p.given} {split(p.surname, chr(0x200A))}",
        "\u2009".join(p.surname),
    ],
    "broken at a line's end": lambda p: [f"{p.given} {split(p.surname, '-' + chr(10))}"],
    "title before": lambda p: [
        f"Prof. Dr. {p.name}",
        f"Professor {p.surname}",
        f"Dr. med. {p.initials[0]}. {p.surname}",
    ],
    "possessive": lambda p: [
        f"{p.surname}'s laboratory",
        f"{p.surname}’s group",
        f"{p.surname}s Laboratorium",
    ],
    "surname alone": lambda p: [
        f"{p.surname} Laboratory of Peat",
        f"Group {p.surname}",
        f"the {p.surname} team",
        f"({p.surname})",
    ],
    "homepage": lambda p: [
        f"www.example.org/~{_address(p)}",
        f"https://example.org/people/{_address(p)}",
        f"www.{_address(p)}.org",
    ],
    "user name": lambda p: [
        f"example.org/{_address(p.given)}{_address(p)}",
        f"example.org/~{_address(p.given)[0]}{_address(p)}",
    ],
    "in brackets": lambda p: [f"({p.name})", f"[{p.surname}, {p.initials[0]}.]", f"“{p.name}”"],
    "with degree": lambda p: [
        f"{p.name}, PhD",
        f"{p.name} MD",
        f"{p.surname} {p.initials[0]}, MSc",
    ],
    "among others": lambda p: [
        f"Smithson J, {p.surname} {p.initials[0]}, Novakson P",
        f"J. Smithson and {p.initials[0]}. {p.surname}",
    ],
}
"""Ways to write a name that is no other word."""

WITH_NEIGHBOUR: dict[str, Forms] = {
    "a word as surname": lambda p: [
        p.name,
        f"{p.surname}, {p.given}",
        f"{p.given} {p.surname}".upper(),
    ],
    "a word and initials": lambda p: [
        f"{'. '.join(p.initials)}. {p.surname}",
        f"{p.surname}, {'.'.join(p.initials)}.",
    ],
    "a word and initials without dots": lambda p: [
        f"Smithson J, {p.surname} {''.join(p.initials)}, Novakson P"
    ],
    "a word, glued": lambda p: (
        [f"{p.name}1,2", f"{p.name}iDUniversity", f"{p.given}{p.surname}"]
        if len(p.surname) > 3
        else [f"{p.name}1"]
    ),
    "a word in mark-up": lambda p: [
        f"<i>{p.given}</i> {p.surname}",
        f"{p.given}&nbsp;{p.surname}",
        f"{p.given}\u2009{p.surname}",
    ],
}

SPECIAL: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {
    "middle name only on record": [
        ("Maria Antonella Zornwicket", "Maria Zornwicket", ("zornwicket",)),
        ("Maria A. Zornwicket", "M. Zornwicket", ("zornwicket",)),
    ],
    "hyphens of other kinds": [
        (
            "Anne-Lise Brokvin-Vinningel",
            f"Anne{h}Lise Brokvin{h}Vinningel",
            ("brokvin", "vinningel"),
        )
        for h in "‐‑–−"
    ]
    + [
        ("Anne-Lise Brokvin-Vinningel", t, ("brokvin", "vinningel"))
        for t in ("AnneLise BrokvinVinningel", "A-L Brokvin Vinningel", "A.-L. Brokvin-Vinningel")
    ],
    "double surname": [
        ("María Quindósez Urbizel", t, ("quind", "urbizel") if "Urb" in t else ("quind",))
        for t in (
            "María Quindósez Urbizel",
            "M. Quindósez Urbizel",
            "Quindósez Urbizel, M.",
            "Quindosez-Urbizel M",
            "Quindósez M.",
            "María Quindósez",
        )
    ],
    "particles": [
        (n, t, (s,))
        for n, s, ts in (
            (
                "Pieter van der Zwaltumer",
                "zwaltumer",
                (
                    "P. van der Zwaltumer",
                    "van der Zwaltumer, Pieter",
                    "Zwaltumer P van der",
                    "vanderZwaltumer P",
                ),
            ),
            (
                "Yusuf al-Tarabziani",
                "tarabziani",
                ("Yusuf al-Tarabziani", "Y. Al Tarabziani", "AlTarabziani Y", "Tarabziani, Y. al-"),
            ),
            (
                "Lucía de la Urbizel",
                "urbizel",
                ("Lucía de la Urbizel", "de la Urbizel L", "DE LA URBIZEL, L."),
            ),
        )
        for t in ts
    ],
    "Chinese": [
        ("欧阳明月", t, ("明月",))
        for t in (
            "欧阳明月，土壤研究所",
            "土壤研究所欧阳明月",
            "欧阳 明月",
            "明月 欧阳",
            "通讯作者欧阳明月*",
        )
    ]
    + [
        ("Yuezhen Quorong", t, ("quorong",))
        for t in (
            "QUORONG Yuezhen",
            "Yue-Zhen Quorong",
            "Yue Zhen Quorong",
            "Quorong YZ",
            "Y.-Z. Quorong",
        )
    ]
    + [("Xu Yuezhen", t, ("yuezhen",)) for t in ("Yuezhen Xu", "XU Yuezhen", "Xu, Yuezhen")],
    "Japanese": [
        ("山田葉太郎", t, ("葉太郎",))
        for t in ("山田葉太郎", "山田 葉太郎", "土壌研究所 山田葉太郎")
    ]
    + [
        ("Yotaro Yamadagura", t, ("yamadagura",))
        for t in ("Yōtarō Yamadagura", "YAMADAGURA Yotaro", "Yamadagura Yōtarō")
    ],
    "Korean": [("남궁하늘", t, ("하늘",)) for t in ("남궁하늘", "남궁 하늘", "토양연구소 남궁하늘")]
    + [
        ("Ha-Neul Namgwong", t, ("namgwong",))
        for t in ("Haneul Namgwong", "Namgwong Ha Neul", "Namgwong H-N", "NAMGWONG, Ha-neul")
    ],
    "Hungarian order": [
        ("Kőszvölgyi Ágnes", t, ("szv",))
        for t in ("Ágnes Kőszvölgyi", "Kőszvölgyi Ágnes", "A. Kőszvölgyi", "Koszvolgyi A")
    ],
    "Cyrillic": [
        ("Игорь Полежвин", t, ("полежвин", "polezhvin"))
        for t in ("Игорь Полежвин", "Igor Polezhvin", "И. Полежвин", "ПОЛЕЖВИН И.")
    ]
    + [("Igor Polezhvin", "Игорь Полежвин", ("полежвин",))],
    "Greek": [
        ("Νίκος Παπαλέξης", t, ("παπαλ", "papalexis"))
        for t in ("Νίκος Παπαλέξης", "Ν. Παπαλέξης", "Nikos Papalexis")
    ],
    "Arabic": [("يوسف الطرابزي", t, ("الطرابزي",)) for t in ("يوسف الطرابزي", "الطرابزي، يوسف")],
    "Indian": [("वेंकटरुम्बा प्रियंका", t, ("वेंकटरुम्बा",)) for t in ("प्रियंका वेंकटरुम्बा", "वेंकटरुम्बा प्रियंका")],
    "record with title": [
        ("Dr. Tilda Ashwicket PhD", "Ashwicket T", ("ashwicket",)),
        ("Ashwicket, Tilda, Jr.", "Tilda Ashwicket", ("ashwicket",)),
        ("Tilda Ashwicket1,2", "T. Ashwicket", ("ashwicket",)),
        ("ASHWICKET T", "Ashwicket Laboratory", ("ashwicket",)),
    ],
    "one name only": [
        ("Ashwicket", t, ("ashwicket",)) for t in ("Ashwicket", "Ashwicket1", "ASHWICKET")
    ],
}

BEYOND: dict[str, Forms] = {
    "misspelled": lambda p: [
        f"{p.surname[:3]}{p.surname[4:]} Laboratory",
        f"{p.surname[:-2]}{p.surname[-1]}{p.surname[-2]} Laboratory",
    ],
    "blanks between letters": lambda p: [" ".join(p.surname.upper()), split(p.surname, " ")],
    "initials alone": lambda p: [f"({''.join(p.initials)}{p.surname[0]})"],
}
"""Forms that are not found: coauth/docs/persons.md says so."""

ADDRESSES = {
    "e-mail": ["{u}@mail.example.org", "E-mail: {u}@example.org.", "mailto:{u}@example.org"],
    "e-mail (at)": [
        "{u}(at)example.org",
        "{u} (at) example.org",
        "{u}[at]mail.example.org",
        "{u} [AT] example.org",
        "{u}{{at}}example.org",
    ],
    "e-mail at, dot": [
        "{u} [at] example [dot] org",
        "{u}(at)example(dot)org",
        "{u} at example dot org",
        "{u} AT example DOT org",
    ],
    "e-mail AT": ["{u} AT example.org", "e-mail: {u} at mail.example.org"],
    "e-mail, full width": ["{u}＠example.org", "{u}﹫example.org"],
    "e-mail, other hyphen": [
        "{u}@gw‐mail.example.org",
        "{u}@gw\u2011mail.example.org",
        "{u}@gw–mail.example.org",
    ],
    "e-mail, several users": [
        "{{{u},zyxw}}@example.org",
        "{{zyxw, {u}}}@example.org",
        "({u}; zyxw)@example.org",
        "[{u}|zyxw]@example.org",
    ],
    "e-mail with blanks": [
        "{u} @ example.org",
        "{u}@ example.org",
        "{u} @example.org",
        "{u}@example .org",
    ],
    "e-mail in codes": [
        "{u}%40example.org",
        "{u}&#64;example.org",
        "{u}&commat;example.org",
        "{u}\\@example.org",
        "{u}_at_example_dot_org",
    ],
    "e-mail, invisible signs": [
        "{u}\u200b@example.org",
        "{u}@exam\u00adple.org",
        "<{u}@example.org>",
        "<i>{u}</i>@example.org",
    ],
    "e-mail, other dots": [
        "{u}@example。org",
        "{u}@example｡org",
        "{u}@example·org",
        "{u}@mail•example•org",
        "{u}@example‧org",
    ],
    "e-mail -at-, -dot-": [
        "{u}-at-example-dot-org",
        "{u} -at- example -dot- org",
        "{u}_at_mail-dot-example.org",
        "{u} <at> example <dot> org",
    ],
    "e-mail, other brackets": [
        "{u}【at】example.org",
        "{u}〔at〕example〔dot〕org",
        "{u}「at」example.org",
        "{u}《at》example.org",
        "{u}（at）example（dot）org",
    ],
    "e-mail in codes without semicolon": ["{u}&#64example.org", "{u}=40example.org"],
    "e-mail, two users": [
        "Email: zyxw and {u}@example.org",
        "zy.xw, {u}@example.org",
        "zy.xw; {u}@example.org",
        "zy.xw/{u}@example.org",
        "zyxw1 & {u}@example.org",
        "(zyxw, {u}@example.org)",
    ],
    "e-mail, glued": ["email{u}@example.org", "View{u}@example.orgView", "1{u}@example.org"],
}
IDS = {
    "ORCID": [
        "{o}",
        "ORCID: {o}",
        "https://orcid.org/{o}",
        "http://www.orcid.org/{o}",
        "orcid.org/{o}",
    ],
    "ORCID, other hyphen": ["{o:‐}", "{o:‑}", "{o:–}", "{o:−}"],
    "ORCID without hyphen": ["{o:}", "{o: }", "https://orcid.org/{o:}", "{o:\u00a0}"],
    "ORCID, glued": [
        "iDhttps://orcid.org/{o}view email",
        "Vesterby{o}View",
        "iD{o}iD",
        "ORCID{o}1",
    ],
    "ORCID in codes": [
        "https%3A%2F%2Forcid.org%2F{o}",
        "{o:&#8208;}",
        "{o:\u200b-}",
        "<a href='https://orcid.org/'>{o}</a>",
    ],
    "author id": [
        "{a}",
        "https://openalex.org/{a}",
        "openalex.org/authors/{a}",
        "https://api.openalex.org/people/{a}",
        "({a})",
    ],
    "author id, glued": [
        "iD{a}View",
        "iDhttps://openalex.org/{a}view email",
        "author{a}",
        "https://openalex.org/{a:lower}",
    ],
    "ResearcherID": [
        "ResearcherID: {r}",
        "Researcher ID {r}",
        "https://www.webofscience.com/wos/author/rid/{r}",
        "publons {r}",
    ],
    "Scopus id": [
        "Scopus Author ID: {s}",
        "Scopus ID {s}",
        "https://www.scopus.com/authid/detail.uri?authorId={s}",
    ],
}

FRAMES = (
    "{x}, Institute of Soils, Vesterby, Denmark",
    "Institute of Soils, {x}, Vesterby, Denmark",
    "Institute of Soils, Vesterby, Denmark; {x}",
    "{x} Institute of Soils, Vesterby, Denmark",
    "Institute of Soils (Vesterby, Denmark). {x}.",
)


def plants() -> Iterator[Plant]:
    """Every planted form, the same ones each time."""
    chance = random.Random(SEED)
    for kinds, people in ((NAMES, PEOPLE), (WITH_NEIGHBOUR, DOUBTFUL)):
        for kind, forms in kinds.items():
            for person in people:
                surname = person.surname.replace("O'", "").replace("’", "")
                for form in forms(person):
                    gone = (
                        (
                            surname,
                            _ascii(surname),
                            _two_letters(surname),
                            _lost(surname, "?"),
                            _lost(surname, "\ufffd"),
                        )
                        if kinds is NAMES
                        else (person.name, _written(form, person))
                    )
                    yield _plant(chance, kind, "name", _record(chance, person), form, gone)
    for kind, forms in BEYOND.items():
        for person in PEOPLE:
            for form in forms(person):
                yield _plant(chance, kind, "beyond", person.name, form, (form,))
    for kind, cases in (SPECIAL | disguises.FORMS).items():
        for record, form, gone in cases:
            yield _plant(chance, kind, "name", record, form, gone)
    for group, kinds in (("address", ADDRESSES), ("id", IDS)):
        for kind, templates in kinds.items():
            for template in templates * 3:
                yield _id(chance, kind, group, template)


def _plant(
    chance: random.Random, kind: str, group: str, record: str, form: str, gone: tuple[str, ...]
) -> Plant:
    frame = (
        "{x} University of Peat" if form.endswith(("University", "View")) else chance.choice(FRAMES)
    )
    stays = tuple(word for word in STAYS if word in frame)
    return Plant(
        kind, group, record, frame.format(x=form), tuple(dict.fromkeys(filter(None, gone))), stays
    )


def _id(chance: random.Random, kind: str, group: str, template: str) -> Plant:
    letters = "".join(chance.choices("mnpqrtvwxz", k=5))
    user = f"{chance.choice('abcdefgh')}.{letters}{chance.randint(10, 99)}"
    orcid = [
        f"000{chance.choice('00')}",
        f"000{chance.choice('123')}",
        f"{chance.randint(0, 4999):04}",
        f"{chance.randint(0, 999):03}{chance.choice('0123456789X')}",
    ]
    if orcid[1] == "0001":
        orcid[2] = f"{chance.randint(5001, 9999)}"
    author, researcher, scopus = (
        f"A5{chance.randint(0, 10**9 - 1):09}",
        f"{chance.choice('ABC')}-{chance.randint(1000, 9999)}-20{chance.randint(10, 24)}",
        str(chance.randint(10**9, 10**10)),
    )
    form = template.format(u=user, o=_Hyphened(orcid), a=_Case(author), r=researcher, s=scopus)
    gone = tuple(
        {
            "e-mail": (user, "example", "zyxw", "zy.xw"),
            "ORCID": (orcid[2] + orcid[3], f"{orcid[2]}-{orcid[3]}", orcid[3]),
            "author": (author,),
            "Researc": (researcher,),
            "Scopus ": (scopus,),
        }[_first(kind)]
    )
    frame = (
        "{x} Institute of Soils, Vesterby"
        if "View" in template or "glued" in kind
        else chance.choice(FRAMES)
    )
    return Plant(
        kind,
        group,
        "Tilda Ashwicket",
        frame.format(x=form),
        gone,
        tuple(word for word in STAYS if word in frame),
    )


class _Hyphened(list[str]):
    def __format__(self, spec: str) -> str:
        return "-".join(self) if spec == "" else spec.join(self)


class _Case(str):
    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return self.lower() if spec == "lower" else str(self)


def _first(kind: str) -> str:
    return next(
        start
        for start in ("e-mail", "ORCID", "author", "Researc", "Scopus ")
        if kind.startswith(start)
    )


def _record(chance: random.Random, person: Person) -> str:
    return chance.choice((person.name, person.name, f"{person.surname}, {person.given}"))


def _written(form: str, person: Person) -> str:
    """The part of a form that names the person, where the surname alone may stay."""
    return next(
        (
            f
            for f in (
                f"{person.given} {person.surname}",
                f"{person.surname}, {person.given}",
                f"{person.surname} {person.initials[0]}",
            )
            if f.lower() in form.lower()
        ),
        form,
    )


def _address(person: Person | str) -> str:
    return (
        _ascii(person if isinstance(person, str) else person.surname)
        .replace("'", "")
        .replace("-", "")
        .lower()
    )


def _ascii(text: str) -> str:
    return text.translate(
        str.maketrans(
            {
                "ø": "o",
                "å": "a",
                "æ": "ae",
                "ü": "u",
                "ä": "a",
                "ö": "o",
                "ó": "o",
                "é": "e",
                "ł": "l",
                "Ł": "L",
                "Å": "A",
                "Á": "A",
                "ő": "o",
                "ı": "i",
                "ş": "s",
                "á": "a",
                "í": "i",
            }
        )
    )


def _two_letters(text: str) -> str:
    return _ascii(
        text.translate(str.maketrans({"ø": "oe", "å": "aa", "ü": "ue", "ä": "ae", "ö": "oe"}))
    )


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _entities(text: str) -> str:
    return "".join(sign if sign.isascii() else f"&#{ord(sign)};" for sign in text).replace(
        " ", "&nbsp;"
    )


def _lost(text: str, instead: str) -> str:
    return "".join(sign if sign.isascii() else instead for sign in text)
