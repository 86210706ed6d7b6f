"""Encodings of East Asia, told from each other and from those of Europe."""

from __future__ import annotations

from pathlib import Path

import pytest

from arfeed.model.errors import SourceError
from arfeed.tables.read import read_table
from arfeed.tables.separated.east import find_east_asian

TEXTS = {
    "Japanese": "請求書番号,得意先名,残高\n"
    "1,株式会社山田商事,110000\n2,有限会社さくら印刷,54000\n3,東京システム,87500\n",
    "kanji": "請求書番号,得意先名,請求日,残高\n1,山田商事,110000\n2,鈴木工業株式会社,54000\n",
    "half width": "No,Name,Balance\n1,ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ,110000\n2,ﾕ)ｻｸﾗｲﾝｻﾂ,54000\n",
    "Chinese": "发票号,客户名称,日期,余额\n1,北京天安贸易有限公司,110000\n2,广州市南方电子厂,54000\n",
    "traditional": "發票號碼,客戶名稱,日期,餘額\n1,台北天安貿易有限公司,110000\n2,臺灣東方科技股份,54000\n",
    "Korean": "송장번호,고객명,날짜,잔액\n1,주식회사 한국상사,110000\n2,서울전자 유한회사,54000\n",
}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Japanese", "cp932"),
        ("Japanese", "euc_jp"),
        ("Japanese", "iso2022_jp"),
        ("kanji", "cp932"),
        ("half width", "cp932"),
        ("Chinese", "gb18030"),
        ("traditional", "big5"),
        ("Korean", "cp949"),
    ],
)
def test_an_encoding_of_two_bytes_a_letter_is_found(text: str, encoding: str) -> None:
    found = find_east_asian(TEXTS[text].encode(encoding))
    assert found
    assert (found.encoding, found.text) == (encoding, TEXTS[text])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Müller & Söhne,Größe,Jürgen Köhler,Bärbel", "cp1252"),
        ("Größe,Füße,Süßes,Größte", "cp1252"),  # each pair is an ideograph of GB 18030
        ("Société Générale,Crédit,À côté,Noël,Benoît,Françoise", "cp1252"),
        ("Żółw,Łódź,Kraków,Święty,Gdańsk,Częstochowa", "cp1250"),
        ("Москва,Санкт-Петербург,Общество с ограниченной ответственностью,Ромашка", "cp1251"),
        ("МОСКВА,САНКТ-ПЕТЕРБУРГ,РОМАШКА,ЗАО", "cp1251"),
        ("Αθήνα,Θεσσαλονίκη,ΕΤΑΙΡΕΙΑ,Πάτρα,Αφοί", "cp1253"),
        ("Şişli,Çağrı Ltd. Şti.,Öztürk,Güneş", "cp1254"),
        ("Ørsted,Åse,Bjørn,Næss,Ærø,Östersund", "cp1252"),
        ("São Paulo,Conceição,João,Avô,Português", "cp1252"),
        ("plain,ASCII", "ascii"),
    ],
)
def test_encodings_of_europe_are_none_of_these(text: str, encoding: str) -> None:
    lines = "\n".join(f"{number},{text},10.00" for number in range(3))
    assert find_east_asian(lines.encode(encoding)) is None


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_a_file_from_japan_is_refused_with_its_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "open.csv"
    file.write_bytes(TEXTS["Japanese"].encode(encoding))
    with pytest.raises(SourceError, match=rf'encoding = "{encoding}" \(Japan\)'):
        read_table(str(file))


def test_escapes_of_japan_are_no_cells(tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    file.write_bytes(TEXTS["Japanese"].encode("iso2022_jp"))
    with pytest.raises(SourceError, match='encoding = "iso2022_jp"'):
        read_table(str(file))
    assert read_table(str(file), encoding="iso2022_jp")["得意先名"][0] == "株式会社山田商事"
