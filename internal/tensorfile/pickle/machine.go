package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Decode runs the pickle at the start of data and returns its value and its
// length in bytes: a legacy checkpoint holds several in a row. Errors name the
// position of the instruction that failed.
func Decode(data []byte, r Resolver) (value any, n int, err error) {
	m := machine{data: data, resolver: r, memo: make(map[int]any)}
	for {
		at := m.pos
		op, err := m.byte()
		if err == nil && op == opStop {
			value, err = m.pop()
			if err == nil {
				return value, m.pos, nil
			}
		}
		if err == nil {
			err = m.step(op)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, 0, fmt.Errorf("pickle: truncated after %d bytes: %w", len(data), err)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("pickle: byte %d: %w", at, err)
		}
	}
}

// machine is the state of a pickle's program.
type machine struct {
	data     []byte
	pos      int
	resolver Resolver
	stack    []any
	marks    []int // lengths of stack at each MARK
	memo     map[int]any
}

var errStack = errors.New("the stack is empty")

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

// floor is the height below which the stack belongs to an outer MARK.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, errStack
	}
	return m.stack[len(m.stack)-1], nil
}

func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

// popMark returns what was pushed since the last MARK. The slice is a copy: the
// stack below is overwritten by what comes next.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("no mark on the stack")
	}
	at := m.floor()
	m.marks = m.marks[:len(m.marks)-1]
	items := append([]any(nil), m.stack[at:]...)
	m.stack = m.stack[:at]
	return items, nil
}

// popN pops the n topmost values in the order they were pushed.
func (m *machine) popN(n int) ([]any, error) {
	if len(m.stack)-n < m.floor() {
		return nil, errStack
	}
	at := len(m.stack) - n
	items := append([]any(nil), m.stack[at:]...)
	m.stack = m.stack[:at]
	return items, nil
}

// bytes returns the next n bytes of the program; n is checked before any use.
func (m *machine) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(m.data)-m.pos) {
		return nil, io.ErrUnexpectedEOF
	}
	b := m.data[m.pos : m.pos+int(n)]
	m.pos += int(n)
	return b, nil
}

func (m *machine) byte() (byte, error) {
	b, err := m.bytes(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// uint reads a little-endian integer of size bytes.
func (m *machine) uint(size int) (uint64, error) {
	b, err := m.bytes(uint64(size))
	if err != nil {
		return 0, err
	}
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:]), nil
}

// counted reads a length of size bytes and as many bytes as it says.
func (m *machine) counted(size int) ([]byte, error) {
	n, err := m.uint(size)
	if err != nil {
		return nil, err
	}
	return m.bytes(n)
}

// line reads up to a newline, which is dropped.
func (m *machine) line() (string, error) {
	for i := m.pos; i < len(m.data); i++ {
		if m.data[i] == '\n' {
			s := string(m.data[m.pos:i])
			m.pos = i + 1
			return s, nil
		}
	}
	return "", io.ErrUnexpectedEOF
}

// long decodes Python's arbitrary integers as far as they fit an int.
func long(b []byte) (int, error) {
	if len(b) > 8 {
		return 0, fmt.Errorf("an integer of %d bytes is too large", len(b))
	}
	if len(b) == 0 {
		return 0, nil
	}
	var full [8]byte
	if b[len(b)-1]&0x80 != 0 { // negative: two's complement, sign-extended
		full = [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(full[:], b)
	return int(binary.LittleEndian.Uint64(full[:])), nil
}
