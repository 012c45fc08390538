package report_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/internal/report"
)

func ExamplePage() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	journal := `{"type":"step","step":1,"steps":2,"loss":0.7,"lr":5e-05,"grad_norm":1.5}
{"type":"step","step":2,"steps":2,"loss":0.6,"lr":5e-05,"grad_norm":1.4}
{"type":"epoch","epoch":1,"step":2,"train_loss":0.65,"val_loss":0.5,"val_accuracy":0.8,"val_f1":0.79,"best":true}
`
	if err := os.WriteFile(filepath.Join(dir, report.JournalName), []byte(journal), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	p := report.Page{Program: "bertft", Title: "runs/reviews", Unit: "sequences"}
	if err := p.Load(dir); err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Write(filepath.Join(dir, report.PageName)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d of %d steps, the best epoch: %d\n", p.Journal.Done, p.Journal.Steps, p.Journal.BestEpoch().Epoch)
	// Output: 2 of 2 steps, the best epoch: 1
}
