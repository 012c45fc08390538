package pixels

import (
	"math"
	"math/rand/v2"
)

// Params are one example's random choices. They are drawn from the seed, the
// epoch and the example's index alone, so that neither the number of workers nor
// the order they finish in changes a pixel.
type Params struct {
	Augment Augment // what was sampled from

	Theta          float64 // radians
	ShiftX, ShiftY float64 // fractions of the result's width and height
	ZoomX, ZoomY   float64 // above 1 shows more of the picture, smaller
	FlipH, FlipV   bool

	Jitter Jitter
	Erased bool // whether a rectangle is painted over

	// The crop and the rectangle depend on the picture's size, which is known
	// only when it is drawn; what they are drawn from is settled here.
	cropSeed, eraseSeed uint64
}

// Sample draws the choices for the example at index in epoch. All of them are
// drawn, used or not, so that switching one on leaves the others as they were.
func (a Augment) Sample(seed uint64, epoch, index int) Params {
	var g generator
	g.Seed(mix(seed^mix(uint64(epoch))), mix(uint64(index)+0x5851f42d4c957f2d))
	p := Params{Augment: a}
	p.Theta = g.between(-a.Rotate, a.Rotate) * math.Pi / 180
	p.ShiftX = g.between(-a.ShiftX, a.ShiftX)
	p.ShiftY = g.between(-a.ShiftY, a.ShiftY)
	p.ZoomX = g.between(1-a.Zoom, 1+a.Zoom)
	p.ZoomY = g.between(1-a.Zoom, 1+a.Zoom)
	flipH, flipV := g.float() < 0.5, g.float() < 0.5
	p.FlipH, p.FlipV = flipH && a.FlipH, flipV && a.FlipV
	p.cropSeed, p.eraseSeed = g.Uint64(), g.Uint64()
	p.Erased = g.float() < a.Erase.P
	p.Jitter = g.jitter(a.Jitter)
	return p
}

// generator is PCG-DXSM with the draws that augmentation needs. Values, not
// pointers: sampling allocates nothing.
type generator struct{ rand.PCG }

// float returns U[0, 1).
func (g *generator) float() float64 { return float64(g.Uint64()>>11) * 0x1p-53 }

func (g *generator) between(lo, hi float64) float64 { return lo + (hi-lo)*g.float() }

// logBetween draws evenly in the logarithm, so that 1:2 is as likely as 2:1.
func (g *generator) logBetween(lo, hi float64) float64 {
	return math.Exp(g.between(math.Log(lo), math.Log(hi)))
}

// upTo returns one of 0 to n, n included.
func (g *generator) upTo(n int) int { return int(g.float() * float64(n+1)) }

// mix spreads neighbouring numbers over all 64 bits (splitmix64's finish):
// examples 1 and 2 of epochs 1 and 2 must not share a stream.
func mix(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}
