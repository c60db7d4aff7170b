"""Forms in which people tried to get a name past the masking."""

from urllib.parse import quote

COMMON = (("Jens", "Holm"), ("Anna", "Berg"), ("Viggo", "Lund"), ("Carlos", "Garcia"))
"""Given names and surnames of many people; the surnames are words or places as well."""
RARE = (("Tilda", "Ashwicket"), ("Åse", "Vøldering"), ("Jürgen", "Grünwältzer"))


def split(word: str, between: str) -> str:
    middle = len(word) // 2
    return word[:middle] + between + word[middle:]


def _garbled(text: str, times: int) -> str:
    """UTF-8 that was read as Windows-1252, as often as said."""
    for _ in range(times):
        text = "".join(
            chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes((byte,)).decode("cp1252")
            for byte in text.encode()
        )
    return text


def _shifted(word: str, capital: int, small: int) -> str:
    """The word in another block's letters, which begins at a number for capitals and small ones."""
    return "".join(
        chr(ord(sign) - ord("A") + capital) if sign.isupper() else chr(ord(sign) - ord("a") + small)
        for sign in word
    )


def _forms(
    people: tuple[tuple[str, str], ...], record: str, *forms: str
) -> list[tuple[str, str, tuple[str, ...]]]:
    """Forms of a name made of a given name {g} with the initial {i}, and a surname {s}."""
    return [
        (
            record.format(g=given, i=given[0], s=surname),
            form.format(g=given, i=given[0], s=surname, G=given.upper(), S=surname.upper()),
            (surname,),
        )
        for given, surname in people
        for form in forms
    ]


FORMS: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {
    "a word, middle name not on record": _forms(
        COMMON,
        "{g} {s}",
        "{g} Peter {s}",
        "{G} PETER {S}",
        "{g} Maria {s}",
        "{s}, {g} Peter",
        "{g} P. {s}",
    ),
    "a word, middle initial not on record": _forms(
        COMMON,
        "{g} {s}",
        "{s} {i}P, Institute",
        "{s}, {i}.P.",
        "Smithson J, {s} {i}P, Novakson P",
        "{i}P {s}, Institute",
    ),
    "a word, given name for an initial": _forms(
        COMMON, "{i}. {s}", "{g} {s}", "{s}, {g}", "{s}, {g} P.", "{g} Peter {s}", "{G} {S}"
    )
    + [("Y. Li", t, (t,)) for t in ("Yang Li", "Li, Yang", "Li Yang", "Yangyang Li", "YANG LI")],
    "given name beside a surname": [
        (r, t, (g,))
        for r, t, g in (
            ("J. Ashwicket", "Jens Ashwicket", "Jens"),
            ("J. Ashwicket", "Ashwicket, Jens", "Jens"),
            ("Ashwicket J", "Jens Peter Ashwicket", "Peter"),
            ("Peter Ashwicket", "Jens Peter Ashwicket", "Jens"),
            ("Robert Ashwicket", "Bob Ashwicket", "Bob"),
            ("Ashwicket", "Tilda Ashwicket", "Tilda"),
            ("Robert Vøldering", "Bobby J. Voldering", "Bobby"),
        )
    ],
    "junior and senior": _forms(
        RARE + COMMON,
        "{g} {s}",
        "{g} {s} Jr.",
        "{s} Jr., {g}",
        "{s}, Jr., {i}.",
        "{s} III, {i}.",
        "{i}. {s}, Sr",
        "{s} {i} Jr, Institute",
        "{s} {i} 3rd, Institute",
    )
    + _forms(COMMON, "{g} {s} Jr.", "{g} {s}", "{i}. {s}", "{s} {i}., Institute")
    + _forms(COMMON, "{s} III, {g}", "{g} {s} III", "{i}. {s}"),
    "first of two surnames": [
        (r, t, (s,))
        for r, s, ts in (
            (
                "María García Pérez",
                "Garc",
                ("M. García", "García, M.", "María García", "García M,"),
            ),
            ("Ana Santos Costa", "Santos", ("A. Santos", "Santos, A.", "Ana Santos")),
            ("Tilda Quindósez Urbizel", "Quind", ("Quindósez Laboratory", "T. Quindosez")),
            ("José Luis Silva Filho", "Silva", ("J. L. Silva", "Silva Filho, J.L.", "Silva JL,")),
        )
        for t in ts
    ],
    "accents apart": [
        ("Jürgen Grünwältzer", t, ("nw", "ltzer"))
        for t in (
            "Jürgen Gru¨nwa¨ltzer",
            "J. Gru ¨nwa ¨ltzer",
            "Gr¨unw¨altzer",
            "Gru \u0308nwa \u0308ltzer",
            "Gru¨ nwa¨ ltzer J.",
        )
    ]
    + [("José Quindósez", t, ("quind",)) for t in ("Jose´ Quindo´sez", "J. Quind´osez")]
    + [("Jiří Dvorovčák", t, ("dvorov",)) for t in ("Dvorovcˇa´k", "Jirˇı´ Dvorovˇc´ak")],
    "entity without semicolon": [
        ("Jürgen Grünwältzer", t, ("nwältzer", "nw&aumlltzer", "nw&aumlltzer;"))
        for t in ("J&uumlrgen Gr&uumlnw&aumlltzer", "Gr&#252nw&#228ltzer")
    ]
    + [("Søren Blåkjærsen", t, ("bl",)) for t in ("S&oslashren Bl&aringkj&aeligrsen",)],
    "garbled twice": [
        (n, _garbled(t, times), (_garbled(s, times), s))
        for n, s in (
            ("Jürgen Grünwältzer", "Grünwältzer"),
            ("José Quindósez", "Quindósez"),
            ("Ngô Nguyễnvượng", "Nguyễnvượng"),
            ("Maeve O’Dwillan", "O’Dwillan"),
        )
        for t in (n, s)
        for times in (1, 2, 3)
    ],
    "quoted-printable": [
        (n, quote(t).replace("%20", " ").replace("%", "="), (quote(s).replace("%", "="), s))
        for n, s in (("Jürgen Grünwältzer", "Grünwältzer"), ("Åse Vøldering", "Vøldering"))
        for t in (n, s)
    ]
    + [("Tilda Ashwicket", "Tilda Ash=\nwicket", ("Ashwicket", "wicket"))],
    "Mc and Mac": [
        (r, t, ("zornal",))
        for r, ts in (
            ("Ian McZornal", ("Ian MacZornal", "Mac Zornal, I.", "Mc Zornal I", "MACZORNAL")),
            ("Ian MacZornal", ("Ian McZornal", "McZornal", "Mc Zornal", "I. M'Zornal")),
            ("Ian Mac Zornal", ("Ian MacZornal", "McZornal I", "I. Mc Zornal")),
        )
        for t in ts
    ],
    "particles glued and apart": [
        (r, t, (s,))
        for r, s, ts in (
            (
                "Rui DeZornal",
                "Zornal",
                ("Rui De Zornal", "de Zornal, R.", "De-Zornal R", "DEZORNAL"),
            ),
            ("Rui De Zornal", "Zornal", ("Rui DeZornal", "Dezornal, R.", "DeZornal Laboratory")),
            ("Omar AlZornal", "Zornal", ("Omar Al Zornal", "Al-Zornal, O.", "al-Zornal O")),
            ("Omar Alzornal", "Zornal", ("Omar Al Zornal", "Al-Zornal, O.", "Omar Al-Zornal")),
            ("Omar Al-Zornal", "Zornal", ("Omar AlZornal", "Alzornal O", "Omar Elzornal")),
            ("Jan Vandenzornal", "Zornal", ("Jan van den Zornal", "J. Van Den Zornal")),
            (
                "Jan van den Zornal",
                "Zornal",
                ("Jan Vandenzornal", "Vandenzornal J", "VanDenZornal"),
            ),
            ("Fiona Fitzzornal", "Zornal", ("Fiona Fitz Zornal", "Fitz-Zornal, F.")),
        )
        for t in ts
    ],
    "particles and initials": [
        (r, t, (s,))
        for r, s, ts in (
            (
                "Jan van der Berg",
                "Berg",
                (
                    "J. van der Berg",
                    "van der Berg J.",
                    "van der Berg, J.",
                    "Van der Berg J, Institute",
                    "J van der Berg, Institute",
                    "J.P. van der Berg",
                    "Berg, J. van der",
                    "Jan Peter van der Berg",
                    "JAN VAN DER BERG",
                ),
            ),
            ("Rui de Santos", "Santos", ("R. de Santos", "de Santos, R.", "DE SANTOS R.")),
            ("J. van der Berg", "Berg", ("Jan van der Berg", "van der Berg, Jan")),
            ("Omar Al-Hassan", "Hassan", ("O. Al-Hassan", "Al Hassan, O.", "AL-HASSAN O.")),
        )
        for t in ts
    ],
    "Cyrillic in other letters": [
        (r, t, (t,))
        for r, ts in (
            (
                "Юрий Щербожвин",
                (
                    "Yury Shcherbozhvin",
                    "Jurij Ščerbožvin",
                    "Iurii Shcherbozhvin",
                    "Juri Schtscherboschwin",
                    "Y. Scherbozhvin",
                    "Iouri Chtcherbojvine",
                ),
            ),
            ("Наталья Хомяцкая", ("Natalia Khomyatskaya", "N. Chomjackaja", "Homyatskaya N.")),
            ("Yury Shcherbozhvin", ("Юрий Щербожвин", "Щербожвин Ю.")),
            ("Jurij Ščerbožvin", ("Юрий Щербожвин", "Щербожвин Ю.")),
            ("Iurii Vyshnevskyi", ("Юрій Вишневський",)),
        )
        for t in ts
    ],
    "Japanese with a dot": [
        ("山田葉太郎", t, ("葉太郎",))
        for t in ("山田・葉太郎", "山田･葉太郎", "土壌研究所 山田・葉太郎")
    ],
    "hyphen left from a line's end": [
        (n, t, (g, g.lower()))
        for n, ts in (
            ("Tilda Ashwicket", (("Tilda Ash-wicket", "Ash-wicket"), ("T. Ashwic-ket", "wic-ket"))),
            ("Tilda Ashwicket", (("Ashwick-et Laboratory", "Ashwick-et"),)),
            ("Søren Blåkjærsen", (("Blå-kjærsen, S.", "kjærsen"), ("BLÅKJÆR-SEN", "BLÅKJÆR-SEN"))),
        )
        for t, g in ts
    ],
    "circled and small letters": [
        ("Tilda Ashwicket", t, (t, t[:5]))
        for t in (
            _shifted("Ashwicket", 0x24B6, 0x24D0),
            _shifted("ASHWICKET", 0x1F130, 0),
            _shifted("ashwicket", 0, 0x249C),
            _shifted("ASHWICKET", 0x1F170, 0),
            "Aꜱʜᴡɪᴄᴋᴇᴛ",
            "ᴀsʜᴡɪᴄᴋᴇᴛ",
        )
    ],
    "signs that nobody sees": [
        ("Tilda Ashwicket", split("Ashwicket", sign), ("wicket", "Ashwicket", "cket"))
        for sign in (
            "\u115f",
            "\u1160",
            "\u3164",
            "\uffa0",
            "\ufffc",
            "\U000e0020",
            "\U000e0100",
            "\u180b",
            "\u17b4",
            "\ufffb",
            "\x08",
            "<!-- -->",
            "<!---->",
            "<?br?>",
            "&lt;!-- x --&gt;",
            "&ZeroWidthSpace;",
        )
    ],
}
"""Kind -> the author's name on the record, a form of it, and what must be gone of that."""
