"""Names in one encoding that were read in another are known by their letters; those of Western languages are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from arfeed.model.errors import SourceError
from arfeed.tables.read import read_table
from arfeed.tables.separated.misread import find_misread

OTHERS = {
    "Polish": ("cp1250", "Wisła Łódź Spółdzielnia Paweł Wiśniewski Usług", "Wis³a"),
    "Czech": ("cp1250", "Nováček Dvořák Jiří Němec Plzeňský Černý", "Dvoøák"),
    "Slovak": ("cp1250", "Ľubomír Kováčik Šaľa Ďurčo", "Ša¾a"),
    "Hungarian": ("cp1250", "Mezőgazdasági Győri Szőlő Fűtőmű Kőszegi", "Gyõri"),
    "Romanian": ("cp1250", "Brăila Ţăndărei Bălan Râmnicu", "Brãila"),
    "Croatian": ("cp1250", "Ćurčić Đorđević Šibenik Žigić", "Æurèiæ"),
    "Polish, ISO": ("iso8859-2", "Wisła Sądowy Świętokrzyski Żywiec Zakład", "Wis³a"),
    "Turkish": ("cp1254", "Güneş Yıldız İnşaat Şti.", "Güneþ"),
    "Lithuanian": ("cp1257", "Jonaičių Šiaulių", "Jonaièiø"),
    "Latvian": ("cp1257", "Rīgas Jānis Bērziņš", "Bçrziòð"),
    "Russian": ("cp1251", "ООО Ромашка", "Ðîìàøêà"),
    "Greek": ("cp1253", "Αθήνα Αφοί", "Áöïß"),
}

WESTERN = {
    "French": "Société Générale | Crème Où Août | Sœurs Œuvre Bœuf | Bûche Mûre Dû | Île Noël Aÿ | Lætitia",
    "German": "Müller Größe Käse Öl Süd",
    "Spanish": "Muñoz Peñíscola Niño Güell «Rosa» ¡Hola! ¿Qué? 3.º 1ª",
    "Portuguese": "São João Irmãos Camões Conceição Irmã Pão Açúcar Guimarães",
    "Italian": "Perché Società Città Così Giù Però",
    "Catalan": "Català Vilà Càtering Mòbil Raïm",
    "Danish": "Søren Østergård Blåbær Bøe Høie Æblegård Træ",
    "Swedish": "Åkerström Öberg Björk Västerås",
    "Icelandic": "Guðmundsdóttir Þór Ægir Ýmir Sjóvá",
    "Estonian": "Tõnu Põld Jõgi Õnne Pärnu Väljataga Mõis",
    "Irish": "Ó Súilleabháin Mícheál Dùn Mòr Càrn",
    "marks": "Acme® 5m³ £5 Widget© «x» µm ½ inch Stère³ 20 m² ±5 ¶",
}


@pytest.mark.parametrize("language", OTHERS)
def test_names_of_another_encoding_are_known_by_letters_that_go_together_in_no_western_language(language: str) -> None:
    encoding, names, word = OTHERS[language]
    found = find_misread([names.encode(encoding).decode("cp1252")])
    assert found
    assert found.encoding == encoding
    assert found.words[word] in names.split()


@pytest.mark.parametrize("language", WESTERN)
def test_names_of_western_languages_read_well(language: str) -> None:
    assert find_misread(WESTERN[language].split("|")) is None


def test_names_of_all_western_languages_together_read_well_and_so_does_one_odd_name_among_many() -> None:
    names = [name for line in WESTERN.values() for name in line.split()]
    assert find_misread(names) is None
    assert find_misread([*names, "Wis³a"]) is None
    assert find_misread(["Müller", "Söhne", "Wis³a"])


def test_controls_that_latin_1_makes_of_letters_are_read_as_these() -> None:
    found = find_misread(["Wiśniewski".encode("cp1250").decode("latin-1")])
    assert found
    assert [*found.words.values()] == ["Wiśniewski"]


@pytest.mark.parametrize(
    ("name", "written", "declared", "says"),
    [
        (
            "Dvořák",
            "cp1250",
            None,
            'it is not valid UTF-8; name its encoding, for example encoding = "cp1250" (Central Europe)',
        ),
        ("Søren", "cp1252", None, 'it is not valid UTF-8; name its encoding, for example encoding = "cp1252"'),
        ("Ťok", "cp1250", "cp1252", 'it is not valid CP1252; name its encoding, for example encoding = "cp1250"'),
    ],
)
def test_a_file_of_another_encoding_is_refused_with_the_one_that_it_may_be_in(
    tmp_path: Path, name: str, written: str, declared: str | None, says: str
) -> None:
    file = tmp_path / "open.csv"
    file.write_bytes(f"No,Customer\n1,{name}\n".encode(written))
    with pytest.raises(SourceError) as refused:
        read_table(str(file), encoding=declared)
    assert says in str(refused.value)
