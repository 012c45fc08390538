package vision

import (
	"slices"

	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
)

// sources are pictures that are still to be drawn, by the device that reads them:
// of each the part that is looked at, and all that was settled of how.
//
// A batch holds them in place of its pixels: see Batch.pictures. What draw makes
// of them is, byte for byte, what pixels.Params.Render makes.
type sources struct {
	size   int // S, side of what is drawn
	atOnce int // pixels that are drawn at a time
	fill   pixels.Fill

	pix  []uint8 // [P,3]: the parts, one after the other, each with a pixel of the fill's colour at its end
	x, y []int64 // [N,S]: where each line begins, as pixels.Trace has it
	each []source
}

// source is one of them.
type source struct {
	at, n        int   // its pixels in pix
	dx, dy       int64 // as pixels.Trace has them
	right, below int64 // the picture's last column and row
	corner       int64 // where the picture's first pixel would be, from at on
	stride       int64 // from row to row of the part
	params       pixels.Params
}

// atOnce bounds what drawing takes beside the pictures, some 400 bytes a pixel and
// 600 where colours vary, to 300 MB whatever the batch: ten pictures of 224×224 at a
// time.
const atOnce = 1 << 19

func newSources(n int, in Input, fill pixels.Fill) *sources {
	return &sources{
		size: in.Size, atOnce: atOnce, fill: fill, pix: make([]uint8, 0, 3*n*in.ShortSide*in.ShortSide),
		x: make([]int64, 0, n*in.Size), y: make([]int64, 0, n*in.Size),
	}
}

// add copies what is looked at of a picture.
func (p *sources) add(params pixels.Params, m *pixels.Image) error {
	return p.addWarp(params, m, params.Matrix(m.W, m.H, p.size, p.size))
}

func (p *sources) addWarp(params pixels.Params, m *pixels.Image, a pixels.Affine) error {
	end := len(p.x) + p.size
	p.x, p.y = slices.Grow(p.x, p.size)[:end], slices.Grow(p.y, p.size)[:end]
	t, err := pixels.TraceWarp(p.x[end-p.size:], p.y[end-p.size:], p.size, m, a, p.fill)
	if err != nil {
		return err
	}
	at := len(p.pix) / 3
	for row := t.Top; row < t.Top+t.H; row++ {
		from := 3 * (row*m.W + t.Left)
		p.pix = append(p.pix, m.Pix[from:from+3*t.W]...)
	}
	p.pix = append(p.pix, p.fill.Color[:]...)
	p.each = append(p.each, source{
		at: at, n: len(p.pix)/3 - at, dx: t.DX, dy: t.DY, right: int64(m.W - 1), below: int64(m.H - 1),
		corner: -int64(t.Top*t.W + t.Left), stride: int64(t.W), params: params,
	})
	return nil
}

// draw returns n of the pictures, [n,3,S,S] of Uint8 with the channels innermost.
func (p *sources) draw(s *torch.Scope, from, n int) *torch.Tensor {
	few := max(p.atOnce/(p.size*p.size), 1)
	return s.Block(func(s *torch.Scope) *torch.Tensor {
		var parts []*torch.Tensor
		for to := from + n; from < to; from += few {
			k := min(few, to-from)
			parts = append(parts, s.Block(func(s *torch.Scope) *torch.Tensor {
				x := p.warp(s, from, k) // [k,S,S,3]
				x = p.jitter(s, x, from, k)
				x = p.erase(s, x, from, k)
				return s.Permute(x, 0, 3, 1, 2)
			}))
		}
		return s.Cat(parts, 0)
	})
}

// erase paints over the rectangles of n pictures x, [n,S,S,3].
func (p *sources) erase(s *torch.Scope, x *torch.Tensor, from, n int) *torch.Tensor {
	S, erased := p.size, false
	rows, columns := make([]bool, n*S), make([]bool, n*S)
	for i, one := range p.each[from : from+n] {
		left, top, w, h, ok := one.params.ErasedBox(S, S)
		erased = erased || ok
		for k := range w {
			columns[i*S+left+k] = true
		}
		for k := range h {
			rows[i*S+top+k] = true
		}
	}
	if !erased {
		return x
	}
	color := p.each[from].params.EraseColor()
	box := s.Mul(torch.FromBool(s, rows, n, S, 1, 1), torch.FromBool(s, columns, n, 1, S, 1))
	return s.Where(box, torch.FromSlice(s, color[:], 3), x)
}
