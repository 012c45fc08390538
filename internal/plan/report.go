package plan

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/gotune/gotune/internal/plots"
	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/pkg/freeze"
)

// Report is all that is foretold of a run: the verb plan's JSON object.
type Report struct {
	Model      string           `json:"model"`
	Device     string           `json:"device"`
	Precision  string           `json:"precision"`
	Threads    int              `json:"threads"`
	Notes      []string         `json:"notes"`
	Data       Data             `json:"data"`
	Parameters freeze.Timetable `json:"parameters"`
	Schedule   Schedule         `json:"schedule"`
	Memory     Memory           `json:"memory"`
	Time       *Time            `json:"time"` // nil: nothing was timed
	Warnings   []Warning        `json:"warnings"`
}

// Schedule is the learning rate over a run.
type Schedule struct {
	Name          string `json:"name"`
	Epochs        int    `json:"epochs"`
	Steps         int    `json:"steps"`
	StepsPerEpoch int    `json:"steps_per_epoch"`
	Batch         int    `json:"batch"`
	Warmup        int    `json:"warmup_steps"`
	Points        []Rate `json:"points"` // evenly spaced, the first and the last step among them
}

// Rate is the learning rate of a step.
type Rate struct {
	Step int     `json:"step"`
	LR   float64 `json:"lr"`
}

// Bytes is "1.3 GiB".
func Bytes(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// Write lays the report out for a terminal.
func (r Report) Write(to io.Writer) error {
	w := bufio.NewWriter(to) // keeps the first error
	fmt.Fprintf(w, "model    %s\n", r.Model)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "         %s\n", n)
	}
	fmt.Fprintf(w, "machine  %s, %s, %s\n", r.Device, r.Precision, plural.Of(r.Threads, "threads"))
	r.writeData(w)
	fmt.Fprintln(w, "\nwhat trains")
	indent(w, r.Parameters.String())
	r.writeSchedule(w)
	r.writeMemory(w)
	r.writeTime(w)
	if len(r.Warnings) > 0 {
		fmt.Fprintln(w, "\nwarnings")
	}
	for _, v := range r.Warnings {
		fmt.Fprintf(w, "  %s: %s\n", v.About, v.Text)
	}
	return w.Flush()
}

func indent(w io.Writer, text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(w, "  %s\n", strings.TrimRight(line, "\n"))
	}
}

func (r Report) writeData(w io.Writer) {
	d := r.Data
	fmt.Fprintf(w, "\ndata\n  %s to train on, %d for validation\n", plural.Of(d.Training, d.Unit), d.Validation)
	width := 0
	for _, c := range d.Classes {
		width = max(width, len([]rune(c.Name)))
	}
	const most = 20
	for i, c := range d.Classes {
		if i == most {
			fmt.Fprintf(w, "  and %s more\n", plural.Of(len(d.Classes)-most, "classes"))
			break
		}
		fmt.Fprintf(w, "  %-*s %6d %6d\n", width, c.Name, c.Training, c.Validation)
	}
	s := d.Sizes
	what := "tokens"
	if s.What == "pixels" {
		what = "pixels on the shorter side"
	}
	fmt.Fprintf(w, "  %s: %d to %d, median %d, mean %.0f, 5 to 95 %%: %d to %d\n", what, s.Min, s.Max, s.Median, s.Mean, s.P5, s.P95)
	indent(w, s.bars())
	switch {
	case s.What == "tokens":
		fmt.Fprintf(w, "  cut at %d tokens: %d (%.1f %%)\n", s.Limit, s.Beyond, 100*s.Fraction)
	case s.Beyond > 0:
		fmt.Fprintf(w, "  smaller than the network's %d pixels: %d (%.1f %%)\n", s.Limit, s.Beyond, 100*s.Fraction)
	}
	fmt.Fprintf(w, "  copies: %d within training, %d between training and validation\n", d.Duplicates.Training, d.Duplicates.Validation)
	if len(d.Bad) > 0 {
		fmt.Fprintf(w, "  %s cannot be read:\n", plural.Of(len(d.Bad), "files"))
	}
	for _, b := range d.Bad {
		fmt.Fprintf(w, "    %s\n", b.Error)
	}
}

// bars is the histogram, a line for each bin.
func (s Sizes) bars() string {
	top := 1
	for _, b := range s.Histogram {
		top = max(top, b.Count)
	}
	var out strings.Builder
	for _, b := range s.Histogram {
		bar := strings.Repeat("▇", (40*b.Count+top-1)/top)
		fmt.Fprintf(&out, "%5d-%-5d %6d %s\n", b.From, b.To, b.Count, bar)
	}
	return out.String()
}

func (r Report) writeSchedule(w io.Writer) {
	s := r.Schedule
	fmt.Fprintf(w, "\nschedule\n  %s: %s, %s of %d, batches of %d", s.Name, plural.Of(s.Steps, "steps"), plural.Of(s.Epochs, "epochs"), s.StepsPerEpoch, s.Batch)
	if s.Warmup > 0 {
		fmt.Fprintf(w, ", %d of warm-up", s.Warmup)
	}
	fmt.Fprintln(w)
	rates := make([]float64, len(s.Points))
	for i, p := range s.Points {
		rates[i] = p.LR
	}
	indent(w, plots.Text(rates, 48, 5, "step 0", fmt.Sprintf("step %d", max(s.Steps-1, 0)), func(v float64) string { return fmt.Sprintf("%.2g", v) }))
}

func (r Report) writeMemory(w io.Writer) {
	m := r.Memory
	fmt.Fprintln(w, "\nmemory")
	for _, row := range []struct {
		what  string
		bytes int64
		note  string
	}{
		{"program, libtorch, data", m.Base, ""},
		{"weights", m.Weights, ""},
		{"gradients", m.Gradients, ""},
		{"optimiser's state", m.Optimizer, ""},
		{"activations", m.Activations, extrapolated(m.Extrapolated)},
		{"batches ahead", m.Batches, ""},
		{"decoded pictures", m.Cache, "pages of files, given back when memory is short"},
		{"copies of the weights", m.Checkpoint, "for checkpoints and averages"},
	} {
		if row.bytes > 0 {
			fmt.Fprintf(w, "  %s\n", strings.TrimRight(fmt.Sprintf("%-24s %9s  %s", row.what, Bytes(row.bytes), row.note), " "))
		}
	}
	if r.Time == nil {
		fmt.Fprintf(w, "  %-24s %9s  no batch was run\n", "activations", "unknown")
	}
	fmt.Fprintf(w, "  %-24s %9s  of %s, %s of them available now\n", "at most", Bytes(m.Peak), Bytes(m.Machine), Bytes(m.Available))
	if m.Device > 0 {
		fmt.Fprintf(w, "  %-24s %9s", "and on "+r.Device, Bytes(m.Device))
		if m.DeviceAvailable > 0 {
			fmt.Fprintf(w, "  of %s available now", Bytes(m.DeviceAvailable))
		}
		fmt.Fprintln(w)
	}
}

func extrapolated(yes bool) string {
	if yes {
		return "from smaller batches: the longest would not fit"
	}
	return ""
}

func (r Report) writeTime(w io.Writer) {
	t := r.Time
	if t == nil {
		return
	}
	round := func(s float64) time.Duration {
		d := seconds(s)
		if d > 10*time.Second {
			return d.Round(time.Second)
		}
		return d.Round(10 * time.Millisecond)
	}
	fmt.Fprintf(w, "\ntime, from %s\n", plural.Of(t.BatchesTimed, "timed batches"))
	limit := ""
	if t.BuildingLimit {
		limit = "; preparing the batches takes longer than training on them"
	}
	fmt.Fprintf(w, "  %s a step, %.1f %s/s%s\n", round(t.Step), t.ExamplesPerS, r.Data.Unit, limit)
	fmt.Fprintf(w, "  %s to train, %s to evaluate: %s in all\n", round(t.Training), round(t.Evaluation), round(t.Total))
}
