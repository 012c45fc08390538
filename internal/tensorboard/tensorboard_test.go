package tensorboard

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The records are those of TensorBoard's own writer, byte for byte.
// hack/goldens/tensorboard/events.py wrote the file.
func TestRecordsEqualTensorBoards(t *testing.T) {
	start := time.UnixMicro(1700000000_250_000)
	var got []byte
	add := func(event []byte) { got = append(got, frame(event)...) }
	add(appendVersion(nil, start))
	add(appendStart(nil, start, 4))
	for _, e := range []struct {
		step   int
		points []Scalar
	}{
		{0, []Scalar{{"train/loss", math.Ln2}}},
		{4, []Scalar{{"train/loss", 0.5}, {"rate/layer.0", 5e-5}, {"rate/head", 0}}},
		{300, []Scalar{{"validation/accuracy", 0.875}, {"größe", -1e30}}},
		{1 << 40, []Scalar{{"train/grad_norm", math.Inf(1)}}},
	} {
		add(appendScalars(nil, start.Add(time.Duration(e.step%1000)*time.Second), e.step, e.points))
	}
	want, err := os.ReadFile("testdata/events.bin")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("records\n%x, TensorBoard writes\n%x", got, want)
	}
}

// write is a run that tells of steps from to to, and ends without closing where
// cut is positive: its last bytes are lost.
func write(t *testing.T, dir string, now time.Time, from, to, cut int) string {
	t.Helper()
	w, err := create(dir, from, now)
	if err != nil {
		t.Fatal(err)
	}
	for step := max(from, 1); step <= to; step++ {
		if err := w.Scalars(step, now, Scalar{"train/loss", float64(1000*from + step)}, Scalar{"rate/head", 0.5}); err != nil {
			t.Fatal(err)
		}
	}
	path := w.f.Name()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if cut > 0 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, info.Size()-int64(cut)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// Files sort in the order in which they were made, also within a second and
// after the clock was set back.
func TestFilesSortInTheirOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "tensorboard")
	now := time.Unix(1_700_000_000, 0)
	var made []string
	for _, at := range []time.Duration{0, 0, -time.Hour, 0, time.Second, time.Hour} {
		made = append(made, write(t, dir, now.Add(at), 0, 1, 0))
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(made))); !slices.Equal(sorted, made) {
		t.Errorf("made %q, sorted %q", made, sorted)
	}
}

// Each step of a run that was killed, before its first checkpoint and in the middle
// of a record too, and went on, shows once: from the file that is right.
// TensorBoard's own reader agrees, where it is installed.
func TestResumedRunsShowOnce(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1_700_000_000, 0)
	write(t, dir, now, 0, 3, 0)
	write(t, dir, now, 0, 9, 5)
	write(t, dir, now, 5, 8, 0)
	write(t, dir, now, 7, 12, 0)
	want := map[string][]Point{}
	for step := 1; step <= 12; step++ {
		from := 0
		if step >= 5 {
			from = 5
		}
		if step >= 7 {
			from = 7
		}
		want["train/loss"] = append(want["train/loss"], Point{step, float64(1000*from + step)})
		want["rate/head"] = append(want["rate/head"], Point{step, 0.5})
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Read (-want +got):\n%s", d)
	}

	name := os.Getenv("GOTUNE_PYTHON")
	if name == "" {
		name = "python3"
	}
	if err := exec.Command(name, "-c", "import tensorboard").Run(); err != nil {
		t.Skipf("%s has no tensorboard: %v (set GOTUNE_PYTHON)", name, err)
	}
	cmd := exec.Command(name, "../../hack/check-tensorboard.py", "--dump", dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var dumped map[string][][2]float64
	if err := json.Unmarshal(out, &dumped); err != nil {
		t.Fatal(err)
	}
	theirs := map[string][]Point{}
	for tag, points := range dumped {
		for _, p := range points {
			theirs[tag] = append(theirs[tag], Point{int(p[0]), p[1]})
		}
	}
	if d := cmp.Diff(want, theirs); d != "" {
		t.Errorf("TensorBoard reads (-want +got):\n%s", d)
	}
}

// Points are on disk soon, not when the buffer happens to be full.
func TestPointsAreSeenSoon(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	w, err := create(dir, 0, now)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	size := func() int64 {
		info, err := os.Stat(w.f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	before := size()
	if err := w.Scalars(1, now.Add(flushEvery/2), Scalar{"a", 1}); err != nil || size() != before {
		t.Errorf("error %v, %d bytes after %d, want none yet", err, size(), before)
	}
	if err := w.Scalars(2, now.Add(flushEvery), Scalar{"a", 1}); err != nil || size() == before {
		t.Errorf("error %v, %d bytes after %d, want more", err, size(), before)
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(file, 0); err == nil || !bytes.Contains([]byte(err.Error()), []byte(file)) {
		t.Errorf("error %v, want one that names %s", err, file)
	}
	w, err := Create(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.f.Close(); err != nil {
		t.Fatal(err)
	}
	first := w.Scalars(1, time.Now().Add(time.Hour), Scalar{"a", 1})
	if first == nil || !bytes.Contains([]byte(first.Error()), []byte(w.f.Name())) {
		t.Errorf("error %v, want one that names %s", first, w.f.Name())
	}
	if again := w.Scalars(2, time.Now(), Scalar{"a", 1}); again != first {
		t.Errorf("error %v, want the first again: %v", again, first)
	}
}
