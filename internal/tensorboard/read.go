package tensorboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"
)

// Point is one of a curve.
type Point struct {
	Step  int
	Value float64
}

// Read returns the curves that TensorBoard shows of dir's files, by tag: for tests
// of what was written. A last record that a crash cut off is left out. The files
// are Writer's: of others it knows less.
func Read(dir string) (map[string][]Point, error) {
	paths, err := filepath.Glob(filepath.Join(dir, filePrefix+"*")) // sorted
	if err != nil {
		return nil, err
	}
	curves := make(map[string][]Point)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for len(data) >= 12 {
			n := binary.LittleEndian.Uint64(data)
			if n > uint64(len(data)) || len(data) < int(n)+16 {
				break
			}
			if err := readEvent(curves, data[12:12+n]); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			data = data[n+16:]
		}
	}
	return curves, nil
}

// readEvent adds an event's points, or drops those that it makes void.
func readEvent(curves map[string][]Point, event []byte) error {
	step := 0
	var points []Scalar
	start := false
	err := fields(event, func(number protowire.Number, v uint64, b []byte) error {
		switch number {
		case eventStep:
			step = int(v)
		case eventSession:
			start = true
		case eventSummary:
			return fields(b, func(_ protowire.Number, _ uint64, value []byte) error {
				var p Scalar
				err := fields(value, func(number protowire.Number, v uint64, b []byte) error {
					switch number {
					case valueTag:
						p.Tag = string(b)
					case valueFloat:
						p.Value = float64(math.Float32frombits(uint32(v)))
					}
					return nil
				})
				points = append(points, p)
				return err
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if start {
		for tag, curve := range curves {
			var kept []Point
			for _, p := range curve {
				if p.Step < step {
					kept = append(kept, p)
				}
			}
			curves[tag] = kept
		}
	}
	for _, p := range points {
		curves[p.Tag] = append(curves[p.Tag], Point{step, p.Value})
	}
	return nil
}

// fields calls f for each field of a message, with its number or its bytes.
func fields(message []byte, f func(number protowire.Number, v uint64, b []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var v uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var x uint32
			x, n = protowire.ConsumeFixed32(message)
			v = uint64(x)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(message)
		default:
			return errors.New("a field of another type than any that is written")
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := f(number, v, b); err != nil {
			return err
		}
	}
	return nil
}
