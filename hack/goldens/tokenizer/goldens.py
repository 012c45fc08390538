"""Writes what Hugging Face's tokenizers make of odd texts, for a small
vocabulary of ours and for every switch a BERT tokenizer has.

    python hack/goldens/tokenizer/goldens.py [--cases N] [--seed S] [--out DIR]

Without arguments it writes internal/wordpiece/testdata. With a larger N and
another seed, and WORDPIECE_GOLDENS=DIR in the environment of go test, the same
test compares as many texts as one has patience for.

Versions: tokenizers 0.23.3, transformers 5.23.0, Python 3.11.
"""

import argparse
import base64
import gzip
import json
import pathlib
import random

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).parents[3] / "internal/wordpiece"

args = argparse.ArgumentParser()
args.add_argument("--cases", type=int, default=60, help="random texts for each tokenizer")
args.add_argument("--seed", type=int, default=0)
args.add_argument("--out", type=pathlib.Path, default=ROOT / "testdata")
args = args.parse_args()
rng = random.Random(args.seed)

# The vocabulary: whole words, beginnings and endings in both cases, and single
# characters of many scripts, some of them only as beginnings or only as endings,
# so that words come apart in every way and some not at all.
WORDS = """the The a A film Film was is not great Great bad un able read read ing
play ed er ly est tion don t s do re ve m n i I it It café cafe Café naïve naive
Москва москва русск ий αβγ ος ΑΒΓ straße strasse İstanbul istanbul ist 東京 東 京 都
ひらがな か が カ ガ 한국 ᄒ ᅡ ᆫ ᄀ 1 2 20 2024 99 % 😀 🎬 x z qu zz"""
PIECES = """ing ed er ly est tion s able ad lm at on un e t a n i o r u y ä é é ка ва ий ς γ
ᅡ ᆫ ᅮ ᆨ ゙ が 9 0 24 4 😀 fi ß ss"""
SINGLES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" + (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~§«»“”‘’–—…·¿¡、。「」中文字人人Ωωéßñåøığšžńабвабקшאبمกা한ㄱ⁇"
)


def vocabulary(unk="[UNK]", cls="[CLS]", sep="[SEP]", prefix="##"):
    tokens = ["[PAD]", unk, cls, sep, "[MASK]"]
    tokens += WORDS.split() + [prefix + p for p in PIECES.split()] + list(SINGLES)
    tokens += [prefix + c for c in "abcdefghijklmnopqrstuwxyzABCDEF012345678абקش"]
    return list(dict.fromkeys(tokens))


def bert(template=True, lowercase=True, strip=None, clean=True, chinese=True, unk="[UNK]", cls="[CLS]",
         sep="[SEP]", prefix="##", max_chars=100, cleanup=True, types=(0, 0, 0, 1, 1)):
    vocab = {token: i for i, token in enumerate(vocabulary(unk, cls, sep, prefix))}
    t = Tokenizer(WordPiece(vocab, unk_token=unk, continuing_subword_prefix=prefix, max_input_chars_per_word=max_chars))
    t.normalizer = normalizers.BertNormalizer(
        clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lowercase)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if template:
        c, a, s, b, e = types
        t.post_processor = processors.TemplateProcessing(
            single=f"{cls}:{c} $A:{a} {sep}:{s}", pair=f"{cls}:{c} $A:{a} {sep}:{s} $B:{b} {sep}:{e}",
            special_tokens=[(cls, vocab[cls]), (sep, vocab[sep])])
    else:
        t.post_processor = processors.BertProcessing((sep, vocab[sep]), (cls, vocab[cls]))
    t.decoder = decoders.WordPiece(prefix=prefix, cleanup=cleanup)
    t.add_special_tokens(["[PAD]", unk, cls, sep, "[MASK]"])
    return t


def with_added():
    t = bert()
    t.add_tokens([
        AddedToken("<br>", normalized=False),
        AddedToken("<br><br>", normalized=False),
        AddedToken("FooBar", normalized=True),
        AddedToken("Ünï", normalized=True),
        AddedToken("w1", single_word=True, normalized=False),
        AddedToken("<l>", lstrip=True, normalized=False),
        AddedToken("<r>", rstrip=True, normalized=False),
        AddedToken("<lr>", lstrip=True, rstrip=True, normalized=True),
        AddedToken(" sp", normalized=False),
        AddedToken("great", single_word=True, normalized=True),
    ])
    t.add_special_tokens([AddedToken("<USER>", normalized=False), AddedToken("<Sp>", normalized=True, special=True)])
    return t


TOKENIZERS = {
    "uncased": bert(),
    "cased": bert(lowercase=False),
    "cased-strip": bert(lowercase=False, strip=True),
    "uncased-accents": bert(strip=False),
    "raw": bert(template=False, lowercase=False, clean=False, chinese=False),
    "raw-strip": bert(template=False, lowercase=True, clean=False, chinese=False, strip=True),
    "named": bert(unk="<unk>", cls="<s>", sep="</s>", prefix="@@", max_chars=6, cleanup=False, types=(0, 0, 0, 0, 2)),
    "added": with_added(),
}

WRITTEN = [
    "", " ", "the film was not great", "The FILM wasn't great, don't you think?", "unreadable readings",
    "café Café CAFÉ cafe\u0301 naïve", "don't do not n't 'm 's 've 're . ? ! ,", "[CLS] the [MASK] film [SEP] [PAD] [mask]",
    "[UNK][UNK] [ MASK ] [MASK", "東京都の film", "東京é", "Москва русский МОСКВА", "straße STRASSE İstanbul ISTANBUL",
    "한국 한 한", "がガか\u3099", "😀😀 film🎬", "a\u0301\u0323b a\u0323\u0301b", "\u0344\u0f73\u0301 x", "e\u200bd z\u200dero",
    "a\x00b\x01c\x85d\u00a0e\u3000f\u2028g\ufffdh", "tab\tnew\nline\rfeed\x0bv\x0cf", "1\u0308\u0300\u032324 20", "\u1fef\u1fed\u0387\u037e",
    "A" * 101, "a" * 100, "the" * 40, "зzz" * 30, "x" * 32 + " " + "x" * 31, "ǅ ẞ Ω K Å ﬁ", "\U0001d15e\U0001d165\U0001d16d",
    "<br><br><br> <BR>", "foobar FOOBAR FooBar Foo Bar", "ünï UNI Unïx xünï", "w1 aw1 w1a é\u0301w1 (w1)", "the <l> x  <r>  y <r> sp <lr> z <LR>  sp",
    "greatly great Great, GREAT. ungreat", "<USER> <user> <Sp> <sp>", " sp sp  sp", "w1<l>w1 <r> <l>",
]

MARKS = "\u0300\u0301\u0302\u0308\u0323\u0327\u0328\u0334\u0338\u0345\u05b0\u05b4\u064b\u0651\u093c\u0f71\u0f72\u302a\u3099\u1dfa\u0898\U0001d165\U0001d16d\U0001e8d0"
ODD = "\x00\x01\x09\x0a\x0b\x0c\x0d\x1f\x7f\x85\xa0\xad\u061c\u0600\u180e\u1680\u2000\u200b\u200d\u200e\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\ufffd\ue000\U000e0001\U0010fffd"
LETTERS = "éÉüßſıİſǅẞΣςάΆЙйёЁअক한국각東京中豈丽\U0002f800\u3400\U00020000がガﾊﾟＡａ１ﬁ\u1e9b\u0344\u0f73\u0958\u212a\u212b\u2126\u1fef\u037e\u0387\u2001"
TOKENS = ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[mask]", "<br>", "<br><br>", "FooBar", "foobar", "Ünï", "w1", "<l>", "<r>",
          "<lr>", "<LR>", " sp", "great", "<USER>", "<Sp>", "<sp>", "</s>", "<s>"]


def text():
    out = []
    for _ in range(rng.choice([1, 3, 8, 20, 60])):
        kind = rng.random()
        if kind < 0.3:
            word = rng.choice(WORDS.split() + PIECES.split())
            out.append(rng.choice([word, word.upper(), word.capitalize(), word + rng.choice(PIECES.split())]))
        elif kind < 0.5:
            out.append("".join(rng.choice(SINGLES) for _ in range(rng.randint(1, 6))))
        elif kind < 0.6:
            out.append(rng.choice(LETTERS) + "".join(rng.choice(MARKS) for _ in range(rng.randint(0, 5))))
        elif kind < 0.67:
            out.append(rng.choice(ODD))
        elif kind < 0.75:
            out.append(rng.choice(TOKENS))
        elif kind < 0.8:
            code = rng.choice([rng.randrange(0x300), rng.randrange(0x3000), rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)])
            out.append(chr(code))
        elif kind < 0.82:
            out.append(rng.choice("aé!") * rng.randint(20, 130))
        out.append(rng.choice(["", "", " ", "  ", ", ", "\n", "'", "-"]))
    data = "".join(out).encode()
    if rng.random() < 0.15 and data:  # broken UTF-8: bytes go missing, or come
        data = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data) + 1)
            if rng.random() < 0.5 and at < len(data):
                del data[at]
            else:
                data.insert(at, rng.choice([0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xF5, 0xFF, 0x90, 0xA0]))
        data = bytes(data)
    return data


def case(name, t, a, b, length, special):
    t.no_truncation()
    if length:
        t.enable_truncation(length)  # longest_first
    read = [x.decode(errors="replace") for x in ((a,) if b is None else (a, b))]
    e = t.encode(*read, add_special_tokens=special)
    keep, skip = t.decode(e.ids, skip_special_tokens=False), t.decode(e.ids, skip_special_tokens=True)
    out = {"t": name, "s": base64.b64encode(a).decode()}
    if b is not None:
        out["p"] = base64.b64encode(b).decode()
    if length:
        out["max"] = length
    if not special:
        out["bare"] = True
    return out | {
        "ids": e.ids, "tt": e.type_ids, "off": e.offsets,
        "spaced": keep, "text": closed(t, keep), "skip": closed(t, skip),
    }


def closed(t, text):
    """What transformers' decode does with clean_up_tokenization_spaces=True."""
    return PreTrainedTokenizerFast.clean_up_tokenization(None, text)


lines = []
for name, t in TOKENIZERS.items():
    t.no_truncation()
    lines.append({"t": name, "json": t.to_str()})
    for s in WRITTEN:
        lines.append(case(name, t, s.encode(), None, 0, True))
    for i in range(args.cases):
        b = text() if rng.random() < 0.4 else None
        special = rng.random() < 0.9
        least = (3 if b is not None else 2) if special else 1
        length = rng.choice([0, rng.randint(least, 12), rng.randint(least, 40)])
        lines.append(case(name, t, text(), b, length, special))

args.out.mkdir(parents=True, exist_ok=True)
with open(args.out / "goldens.jsonl.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
    for line in lines:
        f.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
if args.out == ROOT / "testdata":
    (args.out / "vocab.txt").write_text("".join(f"{token}\n" for token in vocabulary()))
print(len(lines), "lines")
