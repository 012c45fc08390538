package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/tensorfile"
)

type exportCmd struct{ cli.ExportFlags }

// Run is called by kong.
func (c *exportCmd) Run(ctx context.Context, env *cli.Env) error {
	found, err := cli.FindModel(ctx, env, c.Model, "text")
	if err != nil {
		return err
	}
	if err := cli.Export(found.Path, c.ExportFlags, withDType); err != nil {
		return err
	}
	class := "AutoModel"
	if classifies, err := hasClassifier(c.To); err != nil {
		return err
	} else if classifies {
		class = "AutoModelForSequenceClassification"
	}
	_, err = fmt.Fprintf(env.Stdout, `from transformers import %[1]s, AutoTokenizer
model = %[1]s.from_pretrained(%[2]q)
tokenizer = AutoTokenizer.from_pretrained(%[2]q)
`, class, c.To)
	return err
}

// hasClassifier tells whether a model's weights have the head of a classifier, which
// transformers would otherwise draw anew.
func hasClassifier(dir string) (bool, error) {
	f, err := tensorfile.OpenDir(dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, ok := f.Tensor("classifier.weight")
	return ok, nil
}

// withDType names the weights' type in config.json, as Hugging Face reads it.
func withDType(config []byte, dtype string) ([]byte, error) {
	var keys map[string]any
	if err := json.Unmarshal(config, &keys); err != nil {
		return nil, err
	}
	delete(keys, "torch_dtype")
	keys["dtype"] = map[string]string{"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}[dtype]
	out, err := json.MarshalIndent(keys, "", "  ")
	return append(out, '\n'), err
}
