// Package wordpiece is BERT's tokenizer: the ids, type ids and offsets that
// Hugging Face's tokenizers gives, to the last odd character, and the text back
// from ids. It is pure Go and needs no libtorch.
//
// # From text to ids
//
//	text → repair → added tokens → normalise → words → pieces → [CLS] … [SEP]
//
// repair replaces what is not UTF-8, as Python's errors="replace" does. Added
// tokens, [SEP] among them, are found in the text as it stands (added.go). The
// rest is normalised (fold.go): control characters go, ideographs are set apart,
// accents are decomposed and dropped, case is folded. White space and
// punctuation part it into words (sequence.go), and the vocabulary splits each
// word into the longest pieces it knows (vocab.go). Truncation is longest first
// (truncate.go). Offsets count code points of the text as it came, so every byte
// of the normalised text remembers where it is from.
//
// # Which Unicode
//
// Hugging Face's normaliser knows the categories of Unicode 8, decomposes by
// Unicode 9, and lower-cases by its compiler's edition. A token depends on that
// wherever a character is younger than one of them, so unicode.txt holds the
// answers the library itself gave for every code point, and neither Go's package
// unicode nor golang.org/x/text is asked: they change with the toolchain.
//
// # Speed
//
// A text is not normalised as a whole. Words of ASCII letters, most of English,
// are taken as they stand, eight bytes at a time, to a cache of words that each
// Encoder keeps (cache.go); any other word is normalised on its own. That is the
// same, because canonical ordering moves no mark across an ASCII character, nor
// across one that parts words. The cache is bounded: a newcomer takes the place
// of a word with the same hash. Words it does not know go through a trie in one
// pass (trie.go).
//
// # What is taken from sugarme/tokenizer, and what is not
//
// Its WordPiece decoder turns tokens into text here. Its WordPiece model is the
// second opinion of the tests and no more: it formats a string and asks a map for
// each beginning of a word, which is quadratic in the word; its reader of files
// ends the process at an error and lets the second of two equal tokens win in
// silence. Its normaliser, pre-tokenizer, added tokens and truncation differ from
// Hugging Face's on one text in six and panic on some.
package wordpiece
