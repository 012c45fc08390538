package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// frame wraps data as TFRecord does: length, its checksum, data, its checksum,
// all little-endian.
// Source: tensorflow/core/lib/io/record_writer.h.
func frame(data []byte) []byte {
	out := make([]byte, 0, len(data)+16)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(data)))
	out = binary.LittleEndian.AppendUint32(out, masked(out))
	out = append(out, data...)
	return binary.LittleEndian.AppendUint32(out, masked(data))
}

// masked is CRC-32C, turned and moved so that the checksum of data that itself
// holds checksums stays good.
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (c>>15 | c<<17) + 0xa282ead8
}

// Field numbers of Event, SessionLog, Summary and Summary.Value.
const (
	eventTime, eventStep, eventVersion, eventSummary, eventSession = 1, 2, 3, 5, 7

	sessionStatus, sessionStart = 1, 1

	summaryValue         = 1
	valueTag, valueFloat = 1, 2
)

func appendTime(b []byte, at time.Time) []byte {
	b = protowire.AppendTag(b, eventTime, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, math.Float64bits(float64(at.UnixMicro())/1e6))
}

// appendStep leaves 0 out, as proto3 does.
func appendStep(b []byte, step int) []byte {
	if step == 0 {
		return b
	}
	b = protowire.AppendTag(b, eventStep, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(step))
}

// appendVersion is the event that every file begins with.
func appendVersion(b []byte, at time.Time) []byte {
	b = appendTime(b, at)
	b = protowire.AppendTag(b, eventVersion, protowire.BytesType)
	return protowire.AppendString(b, "brain.Event:2")
}

// appendStart begins a session: what was told of step and later ones is void.
func appendStart(b []byte, at time.Time, step int) []byte {
	b = appendStep(appendTime(b, at), step)
	session := protowire.AppendTag(nil, sessionStatus, protowire.VarintType)
	session = protowire.AppendVarint(session, sessionStart)
	b = protowire.AppendTag(b, eventSession, protowire.BytesType)
	return protowire.AppendBytes(b, session)
}

func appendScalars(b []byte, at time.Time, step int, points []Scalar) []byte {
	b = appendStep(appendTime(b, at), step)
	var summary []byte
	for _, p := range points {
		value := protowire.AppendTag(nil, valueTag, protowire.BytesType)
		value = protowire.AppendString(value, p.Tag)
		value = protowire.AppendTag(value, valueFloat, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(p.Value)))
		summary = protowire.AppendTag(summary, summaryValue, protowire.BytesType)
		summary = protowire.AppendBytes(summary, value)
	}
	b = protowire.AppendTag(b, eventSummary, protowire.BytesType)
	return protowire.AppendBytes(b, summary)
}
