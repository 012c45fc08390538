package text

import "github.com/gotune/gotune/internal/wordpiece"

// Tokenizer splits text into WordPiece tokens exactly as Hugging Face's
// tokenizers do for BERT. It is safe for use by many goroutines.
type Tokenizer = wordpiece.Tokenizer

// Encoding is a tokenized text: ids, type ids, attention mask, and offsets in
// code points.
type Encoding = wordpiece.Encoding

// Encoder is a Tokenizer for one goroutine, with a cache of words: the fast way
// to ids alone.
type Encoder = wordpiece.Encoder

// EncodeOptions are those of Tokenizer.Encode.
type EncodeOptions = wordpiece.EncodeOptions

// OpenTokenizer reads the tokenizer of a model folder: tokenizer.json, or else
// vocab.txt with tokenizer_config.json.
func OpenTokenizer(dir string) (*Tokenizer, error) { return wordpiece.Open(dir) }
