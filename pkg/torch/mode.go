package torch

// Mode is the thread's state inside a scope.
type Mode struct {
	Grad     bool  // operations are recorded for Backward
	Train    bool  // dropout drops, batch norms use the batch's statistics
	Autocast DType // products in this type; Float32 or 0: none
}

// TrainMode records gradients, drops, and casts as the runtime was opened to.
func (rt *Runtime) TrainMode() Mode { return Mode{Grad: true, Train: true, Autocast: rt.Autocast()} }

// EvalMode records nothing, drops nothing, and casts as in training.
func (rt *Runtime) EvalMode() Mode { return Mode{Autocast: rt.Autocast()} }

// casts says whether m turns autocast on.
func (m Mode) casts() bool { return m.Autocast != 0 && m.Autocast != Float32 }

// sameThread says whether a thread in mode m is in mode o too.
func (m Mode) sameThread(o Mode) bool {
	return m.Grad == o.Grad && m.casts() == o.casts() && (!m.casts() || m.Autocast == o.Autocast)
}

func validAutocast(d DType) bool {
	return d == 0 || d == Float32 || d == BFloat16 || d == Float16
}
