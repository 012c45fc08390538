package torch

// #include "shim.h"
import "C"

import "fmt"

// AttentionPacked is Attention over sequences that lie one after the other, with
// no padding between: qkv is [ΣT,3H], the queries, keys and values of all heads
// side by side, lengths the sequences' tokens, one or more each. The result is
// [ΣT,H].
//
// On the CPU, in Float32 and BFloat16, it is one kernel forward and one
// backward. They store no attention weights and no mask: a mask is computed from
// a key drawn from the generator. On a GPU it is flash attention where PackedFits
// says so. Anywhere else it is Attention, sequence by sequence.
func (s *Scope) AttentionPacked(qkv *Tensor, lengths []int, heads int, dropout float64) *Tensor {
	if !s.ready("attention", qkv) || !s.probability("attention", dropout, qkv) {
		return &Tensor{}
	}
	return s.attentionPacked(nil, qkv, lengths, heads, dropout)
}

// PackedFits says whether AttentionPacked with heads of so many numbers is one
// kernel in this scope: on the CPU, and on a GPU that has flash attention for them,
// where products are in BFloat16 or Float16. The first call on a GPU tries it.
func (s *Scope) PackedFits(headSize int) bool {
	d := s.rt.opts.Device
	if !d.IsCUDA() {
		return true
	}
	if m := s.mode.Autocast; m != BFloat16 && m != Float16 {
		return false
	}
	var yes C.int
	if err := shimErr(C.gt_packed_fits(C.int(d.code()), C.int64_t(headSize), &yes)); err != nil {
		s.Fail(err)
	}
	return yes != 0
}

// AttentionPackedQuery is AttentionPacked for one query a sequence: q is [N,H], and
// kv [ΣT,2H], the keys and values. The result is [N,H].
func (s *Scope) AttentionPackedQuery(q, kv *Tensor, lengths []int, heads int, dropout float64) *Tensor {
	if !s.ready("attention", q, kv) || !s.probability("attention", dropout, q, kv) {
		return &Tensor{}
	}
	return s.attentionPacked(q, kv, lengths, heads, dropout)
}

// attentionPacked is both; q is nil where x holds the queries too.
func (s *Scope) attentionPacked(q, x *Tensor, lengths []int, heads int, dropout float64) *Tensor {
	args, query := []*Tensor{x}, raw(nil)
	if q != nil && s.ready("attention", q) {
		args, query = []*Tensor{q, x}, q.ptr
	}
	if !s.ready("attention", x) {
		return &Tensor{}
	}
	if len(lengths) == 0 {
		s.failOp("attention", fmt.Errorf("no sequences"), args)
		return &Tensor{}
	}
	if !s.mode.Train {
		dropout = 0
	}
	ns := cdims(lengths)
	var out raw
	e := C.gt_attention_packed(x.ptr, query, dimPtr(ns), C.int(len(ns)), C.int64_t(heads), C.double(dropout), &out)
	return s.takeShim("attention", e, out, args...)
}
