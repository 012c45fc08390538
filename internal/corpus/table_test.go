package corpus

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTables(t *testing.T) {
	neg, pos := []string{"neg", "pos"}, []string{"0", "1"}
	for _, c := range []struct {
		name, file, content string
		o                   Options
		classes             []string
		want                []Example
	}{
		{
			name: "CSV with header", file: "r.csv",
			content: "review,sentiment\nfine,pos\n\"poor, long\",neg\n",
			classes: neg,
			want:    []Example{{"fine", "", 1, "r.csv:2"}, {"poor, long", "", 0, "r.csv:3"}},
		},
		{
			name: "quoted newlines, doubled quotes, CRLF, BOM, no last newline", file: "r.csv",
			content: "\ufefflabel,text\r\npos,\"two\r\nlines, \"\"quoted\"\"\"\r\nneg,5\" disk\r\npos,\"\"",
			classes: neg,
			want: []Example{
				{"two\nlines, \"quoted\"", "", 1, "r.csv:2"}, {`5" disk`, "", 0, "r.csv:4"}, {"", "", 1, "r.csv:5"},
			},
		},
		{
			name: "no header, label first", file: "r.csv",
			content: "0,a poor film\n1,a fine one\n1,so fine\n",
			classes: pos,
			want: []Example{
				{"a poor film", "", 0, "r.csv:1"}, {"a fine one", "", 1, "r.csv:2"}, {"so fine", "", 1, "r.csv:3"},
			},
		},
		{
			name: "no header, words as labels, three columns", file: "r.csv",
			content: "7,so poor,neg\n8,so fine,pos\n9,so bad,neg\n",
			classes: neg,
			want:    []Example{{"so poor", "", 0, "r.csv:1"}, {"so fine", "", 1, "r.csv:2"}, {"so bad", "", 0, "r.csv:3"}},
		},
		{
			name: "TSV with lone quotes and commas", file: "r.tsv",
			content: "sentence\tlabel\n\"unclosed, he said\t1\nit 's \" half\t0\r\n",
			classes: pos,
			want:    []Example{{`"unclosed, he said`, "", 1, "r.tsv:2"}, {`it 's " half`, "", 0, "r.tsv:3"}},
		},
		{
			name: "TSV, unusual header known by the integers below it", file: "r.tsv",
			content: "phrase_en\tgrade_given\nfine film\t4\npoor film\t1\n",
			classes: []string{"1", "4"},
			want:    []Example{{"fine film", "", 1, "r.tsv:2"}, {"poor film", "", 0, "r.tsv:3"}},
		},
		{
			name: "unusual header known by recurring values below it", file: "r.tsv",
			content: "words\tkind\na b\tham\nc d\tspam\ne f\tham\ng h\tspam\ni j\tham\nk l\tham\nm n\tham\no p\tham\nq r\tham\ns t\tham\n",
			classes: []string{"ham", "spam"},
			want: []Example{
				{"a b", "", 0, "r.tsv:2"},
				{"c d", "", 1, "r.tsv:3"},
				{"e f", "", 0, "r.tsv:4"},
				{"g h", "", 1, "r.tsv:5"},
				{"i j", "", 0, "r.tsv:6"},
				{"k l", "", 0, "r.tsv:7"},
				{"m n", "", 0, "r.tsv:8"},
				{"o p", "", 0, "r.tsv:9"},
				{"q r", "", 0, "r.tsv:10"},
				{"s t", "", 0, "r.tsv:11"},
			},
		},
		{
			name: "pandas index column", file: "r.csv",
			content: ",text,label\n0,fine,pos\n1,poor,neg\n",
			classes: neg,
			want:    []Example{{"fine", "", 1, "r.csv:2"}, {"poor", "", 0, "r.csv:3"}},
		},
		{
			name: "GLUE pair", file: "dev.tsv",
			content: "index\tsentence1\tsentence2\tlabel\n0\tA man.\tA person.\tentailment\n1\tA man.\tA dog.\tnot_entailment\n",
			classes: []string{"entailment", "not_entailment"},
			want:    []Example{{"A man.", "A person.", 0, "dev.tsv:2"}, {"A man.", "A dog.", 1, "dev.tsv:3"}},
		},
		{
			name: "MRPC's header", file: "train.tsv",
			content: "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tHe said.\tSaid he.\n0\t5\t6\tNo.\tYes.\n",
			classes: pos,
			want:    []Example{{"He said.", "Said he.", 1, "train.tsv:2"}, {"No.", "Yes.", 0, "train.tsv:3"}},
		},
		{
			name: "JSON lines: strings, numbers, booleans, nested and missing keys", file: "r.jsonl",
			content: `{"id": [1, {"a": "}"}], "text": "fine \u00e9 \"q\"", "label": 1.0}` + "\n" +
				"\n" + `{"label": 0, "text": "poor", "text": "last wins", "extra": null}`,
			classes: pos,
			want:    []Example{{"fine é \"q\"", "", 1, "r.jsonl:1"}, {"last wins", "", 0, "r.jsonl:3"}},
		},
		{
			name: "JSON booleans and a pair", file: "r.ndjson",
			content: `{"premise":"a","hypothesis":"b","label":true}` + "\n" + `{"premise":null,"hypothesis":"d","label":false}` + "\n",
			classes: []string{"false", "true"},
			want:    []Example{{"a", "b", 1, "r.ndjson:1"}, {"", "d", 0, "r.ndjson:2"}},
		},
		{
			name: "blank rows between others", file: "r.csv",
			content: "id,text,label\n1,fine,pos\n,,\n , ,\n2,poor,neg\n",
			classes: neg,
			want:    []Example{{"fine", "", 1, "r.csv:2"}, {"poor", "", 0, "r.csv:5"}},
		},
		{
			name: "columns by name", file: "r.csv",
			content: "a,b,c,d\nx y,0,1,z w\nx z,1,0,v w\n",
			o:       Options{TextColumn: "D", LabelColumn: "b", PairColumn: "a"},
			classes: pos,
			want:    []Example{{"z w", "x y", 0, "r.csv:2"}, {"v w", "x z", 1, "r.csv:3"}},
		},
		{
			name: "columns by number", file: "r.csv",
			content: "x y,0,1,z w\nx z,1,0,v w\n",
			o:       Options{TextColumn: "4", LabelColumn: "2"},
			classes: pos,
			want:    []Example{{"z w", "", 0, "r.csv:1"}, {"v w", "", 1, "r.csv:2"}},
		},
		{
			name: "columns of JSON by number", file: "r.json",
			content: `{"a":"x","b":"y"}` + "\n" + `{"b":"z","a":"w"}`,
			o:       Options{TextColumn: "2", LabelColumn: "1"},
			classes: []string{"w", "x"},
			want:    []Example{{"y", "", 1, "r.json:1"}, {"z", "", 0, "r.json:2"}},
		},
		{
			name: "header said to be none", file: "r.csv",
			content: "text,label\nfine,pos\n",
			o:       Options{Header: HeaderNo, TextColumn: "1", LabelColumn: "2"},
			classes: []string{"label", "pos"},
			want:    []Example{{"text", "", 0, "r.csv:1"}, {"fine", "", 1, "r.csv:2"}},
		},
		{
			name: "header said to be there", file: "r.csv",
			content: "1,2\nfine,pos\npoor,neg\npoorer,neg\n",
			o:       Options{Header: HeaderYes},
			classes: neg,
			want:    []Example{{"fine", "", 1, "r.csv:2"}, {"poor", "", 0, "r.csv:3"}, {"poorer", "", 0, "r.csv:4"}},
		},
		{
			name: "labels of a model", file: "r.csv",
			content: "text,label\nfine,pos\npoor, neg \n",
			o:       Options{Labels: []string{"pos", "neg", "neutral"}},
			classes: []string{"pos", "neg", "neutral"},
			want:    []Example{{"fine", "", 0, "r.csv:2"}, {"poor", "", 1, "r.csv:3"}},
		},
		{
			name: "indices for the labels of a model", file: "r.csv",
			content: "text,label\nfine,1\npoor,0\n",
			o:       Options{Labels: neg},
			classes: neg,
			want:    []Example{{"fine", "", 1, "r.csv:2"}, {"poor", "", 0, "r.csv:3"}},
		},
		{
			name: "integers that are the names of a model's labels", file: "r.csv",
			content: "text,label\nfine,1\npoor,0\n",
			o:       Options{Labels: []string{"1", "0"}},
			classes: []string{"1", "0"},
			want:    []Example{{"fine", "", 0, "r.csv:2"}, {"poor", "", 1, "r.csv:3"}},
		},
		{
			name: "one column to predict", file: "r.csv",
			content: "text\nfine\n\"po\nor\"\n",
			o:       Options{LabelsOptional: true, Labels: neg},
			classes: neg,
			want:    []Example{{"fine", "", NoLabel, "r.csv:2"}, {"po\nor", "", NoLabel, "r.csv:3"}},
		},
		{
			name: "one column without a header", file: "r.tsv",
			content: "fine film\n",
			o:       Options{LabelsOptional: true},
			want:    []Example{{"fine film", "", NoLabel, "r.tsv:1"}},
		},
		{
			name: "some labels missing or unknown where they are optional", file: "r.jsonl",
			content: `{"text":"a","label":"pos"}` + "\n" + `{"text":"b"}` + "\n" + `{"text":"c","label":"odd"}` + "\n" + `{"text":"d","label":null}`,
			o:       Options{LabelsOptional: true, Labels: neg},
			classes: neg,
			want:    []Example{{"a", "", 1, "r.jsonl:1"}, {"b", "", -1, "r.jsonl:2"}, {"c", "", -1, "r.jsonl:3"}, {"d", "", -1, "r.jsonl:4"}},
		},
		{
			name: "bad rows skipped", file: "r.csv",
			content: "text,label\nfine,pos\nlost\npoor,neg\n\"a\"b,pos\nno label,\n,,\n",
			o:       Options{SkipBad: true},
			classes: neg,
			want:    []Example{{"fine", "", 1, "r.csv:2"}, {"poor", "", 0, "r.csv:4"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{one(t, c.file, c.content), one(t, c.file+".gz", gz(t, c.content))} {
				got := open(t, path, c.o)
				examples := read(t, got)
				for i := range examples {
					// The compressed file's name differs, nothing else.
					examples[i].ID = strings.Replace(examples[i].ID, ".gz:", ":", 1)
				}
				if diff := cmp.Diff(c.want, examples); diff != "" {
					t.Errorf("examples (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.classes, got.Classes()); diff != "" {
					t.Errorf("classes (-want +got):\n%s", diff)
				}
			}
		})
	}
}
