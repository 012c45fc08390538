"""Writes internal/wordpiece/unicode.txt: what each code point means to Hugging
Face's BERT tokenizer, asked of the library itself.

Its normaliser, its splitter, its decomposition and its lower-casing each follow
another edition of Unicode (8, 9 and the Rust compiler's), so no edition's own
tables would give the same tokens. Every scalar value is put through the library
here, once; the Go side reads the answers.

    python hack/goldens/tokenizer/unicode.py

Versions: tokenizers 0.23.3, Python 3.11 (unicodedata 14.0.0). Takes a minute.
"""

import collections
import pathlib
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

OUT = pathlib.Path(__file__).parents[3] / "internal/wordpiece/unicode.txt"


def normalizer(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(off | on)).normalize_str


clean = normalizer(clean_text=True)
chinese = normalizer(handle_chinese_chars=True)
strip = normalizer(strip_accents=True)
lower = normalizer(lowercase=True)
nfd = normalizers.NFD().normalize_str
split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str


def added(token):
    t = Tokenizer(WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    t.add_tokens([token])
    return t


# [W] is found only where the character before it is no word character; [L]
# takes the white space before it along.
word = added(AddedToken("[W]", single_word=True, normalized=False))
left = added(AddedToken("[L]", lstrip=True, normalized=False))

ranges = collections.defaultdict(list)
lowers, decompositions, classes = {}, {}, {}

for code in range(0x110000):
    if 0xD800 <= code < 0xE000:
        continue
    c = chr(code)
    cleaned = clean(f"a{c}b")
    if cleaned == "ab":
        ranges["control"].append(code)
    pieces = [piece for piece, _ in split(f"a{c}b")]
    if pieces == ["a", "b"]:
        ranges["space"].append(code)
        assert cleaned in ("ab", "a b"), hex(code)
    elif pieces == ["a", c, "b"]:
        ranges["punct"].append(code)
    else:
        assert pieces == [f"a{c}b"], hex(code)
    if chinese(c) != c:
        assert chinese(c) == f" {c} ", hex(code)
        ranges["chinese"].append(code)
    if strip(c) == "":
        ranges["mark"].append(code)
    if 1 not in word.encode(f"{c}[W]").ids:
        ranges["word"].append(code)
    assert (left.encode(f"{c}[L]").offsets[-1][0] == 0) == (pieces == ["a", "b"]), hex(code)

    if lower(c) != c:
        lowers[code] = [ord(x) for x in lower(c)]
    d = nfd(c)
    if d != c and not 0xAC00 <= code <= 0xD7A3:  # Hangul is arithmetic
        decompositions[code] = [ord(x) for x in d]
    # A character whose combining class is not 0 changes places with a mark of
    # class 1 behind it or one of class 240 before it. The class itself never
    # changes once given, so Python's edition will do for the number.
    if d == c and (nfd(f"a{c}\u0334") != f"a{c}\u0334" or nfd(f"a\u0345{c}") != f"a\u0345{c}"):
        classes[code] = unicodedata.combining(c)
        assert classes[code] > 0, hex(code)


def runs(codes, same):
    """Cuts sorted code points into (first, last) for which same(a, b) holds
    between neighbours that follow one another."""
    out = []
    for code in codes:
        if out and out[-1][1] == code - 1 and same(out[-1][1], code):
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


with OUT.open("w") as f:
    f.write(f"# Written by hack/goldens/tokenizer/unicode.py from tokenizers {tokenizers.__version__}. Do not edit.\n")
    f.write("# Code points in hexadecimal: first and last of a range, then what the section says.\n")
    about = {
        "control": "dropped by clean_text",
        "space": "white space",
        "punct": "a word of its own",
        "chinese": "set apart by handle_chinese_chars",
        "mark": "dropped by strip_accents, after decomposition",
        "word": r"\w, where an added token asks for single_word",
    }
    for name, what in about.items():
        f.write(f"\n[{name}] # {what}\n")
        for first, last in runs(ranges[name], lambda a, b: True):
            f.write(f"{first:X} {last:X}\n")
    f.write("\n[class] # canonical combining class, decimal\n")
    for first, last in runs(classes, lambda a, b: classes[a] == classes[b]):
        f.write(f"{first:X} {last:X} {classes[first]}\n")
    f.write("\n[lower] # lower case: distance, decimal; U+0130 alone becomes two, i and U+0307\n")
    assert {c for c in lowers if len(lowers[c]) > 1} == {0x130}
    distance = {c: low[0] - c for c, low in lowers.items()}
    for first, last in runs(lowers, lambda a, b: distance[a] == distance[b]):
        f.write(f"{first:X} {last:X} {distance[first]}\n")
    f.write("\n[decompose] # full canonical decomposition, Hangul syllables left out\n")
    for code, to in decompositions.items():
        f.write(f"{code:X} {code:X} {' '.join(f'{x:X}' for x in to)}\n")
