// Package text holds BERT for text classification, its tokenizer, and labelled
// text as data.
package text
