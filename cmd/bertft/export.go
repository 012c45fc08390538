package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
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
	_, err = fmt.Fprintf(env.Stdout, `from transformers import AutoModelForSequenceClassification, AutoTokenizer
model = AutoModelForSequenceClassification.from_pretrained(%[1]q)
tokenizer = AutoTokenizer.from_pretrained(%[1]q)
`, c.To)
	return err
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
