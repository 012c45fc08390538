package text

import "github.com/gotune/gotune/internal/wordpiece"

// Tokenizer splits text into WordPiece tokens exactly as Hugging Face's
// tokenizers do for BERT. It is safe for use by many goroutines.
//
//	Encode(text string, o EncodeOptions) Encoding
//	EncodePair(a, b string, o EncodeOptions) Encoding
//	Encoder() *Encoder
//	Pad(e *Encoding, n int)                            // to n tokens
//	Decode(ids []int32, skipSpecial bool) string       // as Hugging Face's decode
//	ID(token string) (id int32, ok bool)
//	Token(id int32) string
//	VocabSize() int
//	PadID, UnkID, CLSID, SEPID() int32
//	MaskID() (id int32, ok bool)
//	Cased() bool
//	MaxLength() int                                    // of tokenizer_config.json; 0: none
//	Save(dir string) error
type Tokenizer = wordpiece.Tokenizer

// Encoding is a tokenized text: ids, type ids, attention mask, and offsets in
// code points. Its slices have one length.
//
//	IDs, TypeIDs, Mask []int32
//	Offsets            [][2]int32 // of each token: its first code point, and the one behind its last
//	Truncated          bool       // tokens were left out
//	Replaced           int        // bytes that were not UTF-8
type Encoding = wordpiece.Encoding

// Encoder is a Tokenizer for one goroutine, with a cache of words: the fast way
// to ids alone.
//
//	Encode(text string, o EncodeOptions) Encoding
//	EncodePair(a, b string, o EncodeOptions) Encoding
//	AppendIDs(dst []int32, text string, maxLen int) []int32
//	AppendPairIDs(dst []int32, a, b string, maxLen int) (ids []int32, firstLen int)
type Encoder = wordpiece.Encoder

// EncodeOptions are those of Tokenizer.Encode.
//
//	MaxLength int  // the most tokens, special ones included; 0: all
//	NoSpecial bool // leaves [CLS] and [SEP] out
type EncodeOptions = wordpiece.EncodeOptions

// OpenTokenizer reads the tokenizer of a model folder: tokenizer.json, or else
// vocab.txt with tokenizer_config.json.
func OpenTokenizer(dir string) (*Tokenizer, error) { return wordpiece.Open(dir) }
