"""Strings that tokenizers, terminals and layouts have trouble with, each for a reason."""

STRINGS = {
    "plain": "Hello this is a test",
    "code": "def f(x):\n    if x:\n        return {'a': [1, 2]}\n\treturn None\n",
    "runs of spaces": "".join(" " * n + "x" for n in range(40)),
    "spaces only": " " * 33,
    "blank lines": "\n\n\n a\n \n\t\n",
    "trailing spaces": "SELECT 1;   ",
    "cjk": "漢字とかな、寧靜的山村。한국어",
    "emoji": "🎉 👩‍👩‍👧 🏳️‍🌈 é",
    "arabic": "تغلق المكتبة في الساعة الثامنة",
    "devanagari": "मेरी बहन छत पर टमाटर उगाती है।",
    "controls": "".join(map(chr, range(32))) + "\x7f\x9b31m",
    "invisible": "\u202eabc\u200b\u2066\ufeff\u00ad",
    "its own space": "\u2581a \u2581 b",
    "empty": "",
}

CODE_POINTS = (*range(0x40000), *range(0xE0000, 0xE1000), 0xF0000, 0xFFFFF, 0x100000, 0x10FFFF)
"""Every code point of the planes that Unicode gives out, surrogates included, and private ones."""
