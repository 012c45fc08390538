package pixels

// Jitter holds the factors drawn for one example. The neutral values are 1, 1, 1
// and 0; the zero value changes nothing either.
type Jitter struct {
	Brightness, Contrast, Saturation float64 // factors
	Hue                              float64 // turns of the colour wheel
	Order                            [4]JitterStep
}

// JitterStep is one of a Jitter's changes, as Order names them.
type JitterStep uint8

// The steps of a Jitter.
const (
	JitterBrightness JitterStep = iota
	JitterContrast
	JitterSaturation
	JitterHue
	JitterNothing // of neutral factors
)

// Step returns the i-th change, 0 to 3, and its factor, or turns.
func (j Jitter) Step(i int) (JitterStep, float32) {
	step, amount, neutral := j.Order[i], j.Hue, 0.0
	switch step {
	case JitterBrightness:
		amount, neutral = j.Brightness, 1
	case JitterContrast:
		amount, neutral = j.Contrast, 1
	case JitterSaturation:
		amount, neutral = j.Saturation, 1
	}
	if amount == neutral || j == (Jitter{}) {
		return JitterNothing, 0
	}
	return step, float32(amount)
}

// jitter draws the factors and their order. A factor that is not asked for is
// neutral, but is drawn.
func (g *generator) jitter(c ColorJitter) Jitter {
	j := Jitter{
		Brightness: g.between(1-c.Brightness, 1+c.Brightness),
		Contrast:   g.between(1-c.Contrast, 1+c.Contrast),
		Saturation: g.between(1-c.Saturation, 1+c.Saturation),
		Hue:        g.between(-c.Hue, c.Hue),
		Order:      [4]JitterStep{0, 1, 2, 3},
	}
	for i := 3; i > 0; i-- {
		k := g.upTo(i)
		j.Order[i], j.Order[k] = j.Order[k], j.Order[i]
	}
	return j
}

// Apply changes the colours of an RGB picture in place, each step rounded down to
// bytes as torchvision's is on uint8 tensors.
func (j Jitter) Apply(pix []uint8, layout Layout) {
	c := channels{pix: pix, n: len(pix) / 3, plane: len(pix) / 3, step: 1}
	if layout == HWC {
		c.plane, c.step = 1, 3
	}
	for i := range j.Order {
		switch step, amount := j.Step(i); step {
		case JitterBrightness:
			blendAll(pix, amount, 0)
		case JitterContrast:
			blendAll(pix, amount, c.meanGray())
		case JitterSaturation:
			c.saturate(amount)
		case JitterHue:
			c.turnHue(amount)
		}
	}
}

// channels steps through the pixels of a picture in either layout.
type channels struct {
	pix            []uint8
	n, plane, step int
}

// blendAll moves every sample away from toward by factor.
func blendAll(pix []uint8, factor, toward float32) {
	var table [256]uint8
	for v := range table {
		table[v] = clampDown(factor*float32(v) + (1-factor)*toward)
	}
	for i, v := range pix {
		pix[i] = table[v]
	}
}

// gray is the luminance of ITU-R BT.601, rounded down.
func gray(r, g, b uint8) uint8 {
	return uint8(0.2989*float32(r) + 0.587*float32(g) + 0.114*float32(b))
}

func (c channels) meanGray() float32 {
	sum := 0
	red, green, blue := c.pix, c.pix[c.plane:], c.pix[2*c.plane:]
	for i := range c.n {
		o := i * c.step
		sum += int(gray(red[o], green[o], blue[o]))
	}
	return float32(float64(sum) / float64(c.n))
}

func (c channels) saturate(factor float32) {
	red, green, blue := c.pix, c.pix[c.plane:], c.pix[2*c.plane:]
	for i := range c.n {
		o := i * c.step
		r, g, b := red[o], green[o], blue[o]
		base := (1 - factor) * float32(gray(r, g, b))
		red[o] = clampDown(factor*float32(r) + base)
		green[o] = clampDown(factor*float32(g) + base)
		blue[o] = clampDown(factor*float32(b) + base)
	}
}

// turnHue goes round the colour wheel; turns lies between −½ and ½.
func (c channels) turnHue(turns float32) {
	red, green, blue := c.pix, c.pix[c.plane:], c.pix[2*c.plane:]
	for i := range c.n {
		o := i * c.step
		h, s, v := hsv(float32(red[o])/255, float32(green[o])/255, float32(blue[o])/255)
		if h += turns; h < 0 {
			h++
		} else if h >= 1 {
			h--
		}
		r, g, b := rgb(h, s, v)
		// Just under 256, so that 1.0 is 255 and every byte has the same share.
		red[o], green[o], blue[o] = clampDown(r*255.999), clampDown(g*255.999), clampDown(b*255.999)
	}
}

// hsv returns hue in turns, saturation and value, all 0 to 1.
func hsv(r, g, b float32) (h, s, v float32) {
	v = max(r, g, b)
	spread := v - min(r, g, b)
	if spread == 0 {
		return 0, 0, v
	}
	switch v {
	case r:
		h = (g - b) / spread
	case g:
		h = 2 + (b-r)/spread
	default:
		h = 4 + (r-g)/spread
	}
	h /= 6
	if h < 0 {
		h++
	}
	return h, spread / v, v
}

// rgb is hsv's inverse.
func rgb(h, s, v float32) (r, g, b float32) {
	sector := int(h * 6)
	f := h*6 - float32(sector)
	p, q, t := v*(1-s), v*(1-s*f), v*(1-s*(1-f))
	switch sector % 6 {
	case 0:
		return v, t, p
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	default:
		return v, p, q
	}
}

// clampDown rounds down to a byte.
func clampDown(v float32) uint8 { return uint8(min(max(v, 0), 255)) }
