package pickle

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Instructions, by their names in pickletools.
const (
	opMark            = '('
	opStop            = '.'
	opPop             = '0'
	opPopMark         = '1'
	opDup             = '2'
	opBinFloat        = 'G'
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opNone            = 'N'
	opBinPersID       = 'Q'
	opReduce          = 'R'
	opBinString       = 'T'
	opShortBinString  = 'U'
	opBinUnicode      = 'X'
	opAppend          = 'a'
	opBuild           = 'b'
	opGlobal          = 'c'
	opDict            = 'd'
	opEmptyDict       = '}'
	opAppends         = 'e'
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opList            = 'l'
	opEmptyList       = ']'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opSetItem         = 's'
	opTuple           = 't'
	opEmptyTuple      = ')'
	opSetItems        = 'u'
	opBinBytes        = 'B'
	opShortBinBytes   = 'C'
	opProto           = 0x80
	opNewObj          = 0x81
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opLong4           = 0x8b
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
	opByteArray8      = 0x96

	highestProtocol = 5
)

// step executes one instruction; STOP is the caller's.
func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		v, err := m.byte()
		if err == nil && v > highestProtocol {
			err = fmt.Errorf("protocol %d, newer than %d", v, highestProtocol)
		}
		return err
	case opFrame: // only a hint to readers of streams
		n, err := m.uint(8)
		if err == nil && n > uint64(len(m.data)-m.pos) {
			err = io.ErrUnexpectedEOF
		}
		return err
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opPop:
		if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack) {
			m.marks = m.marks[:n-1] // POP takes a mark as if it were a value
			return nil
		}
		_, err := m.pop()
		return err
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.push(v)
	case opNone, opNewTrue, opNewFalse, opBinInt, opBinInt1, opBinInt2, opLong1, opLong4,
		opBinFloat, opBinString, opShortBinString, opBinUnicode, opShortBinUnicode,
		opBinUnicode8, opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8:
		return m.scalar(op)
	case opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3, opEmptyList, opList, opEmptySet,
		opFrozenSet, opEmptyDict, opDict, opAppend, opAppends, opAddItems, opSetItem, opSetItems:
		return m.container(op)
	case opBinPut, opLongBinPut, opMemoize, opBinGet, opLongBinGet:
		return m.memoize(op)
	case opGlobal, opStackGlobal, opReduce, opNewObj, opBuild, opBinPersID:
		return m.object(op)
	}
	return fmt.Errorf("instruction 0x%02x is not supported", op)
}

func (m *machine) scalar(op byte) error {
	switch op {
	case opNone:
		return m.push(nil)
	case opNewTrue, opNewFalse:
		return m.push(op == opNewTrue)
	case opBinInt, opBinInt1, opBinInt2:
		return m.integer(op)
	case opLong1, opLong4:
		b, err := m.counted(lengthSize(op))
		if err != nil {
			return err
		}
		n, err := long(b)
		if err != nil {
			return err
		}
		return m.push(n)
	case opBinFloat:
		b, err := m.bytes(8)
		if err != nil {
			return err
		}
		return m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	}
	b, err := m.counted(lengthSize(op))
	if err != nil {
		return err
	}
	switch op {
	case opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8:
		return m.push(append([]byte{}, b...))
	}
	return m.push(string(b))
}

// integer pushes a fixed-size integer; only the widest has a sign.
func (m *machine) integer(op byte) error {
	size := 4
	switch op {
	case opBinInt1:
		size = 1
	case opBinInt2:
		size = 2
	}
	n, err := m.uint(size)
	if err != nil {
		return err
	}
	return m.push(int(int32(n)))
}

// lengthSize returns the bytes of the length before an instruction's argument.
func lengthSize(op byte) int {
	switch op {
	case opLong1, opShortBinString, opShortBinUnicode, opShortBinBytes:
		return 1
	case opBinUnicode8, opBinBytes8, opByteArray8:
		return 8
	}
	return 4
}
