package pixels

// Size returns a picture's width and height, upright, from its header alone. The
// error names the file, as Decode's does.
func Size(name string, data []byte, o DecodeOptions) (w, h int, err error) {
	_, err = decode(name, data, o, func(s *source) (*Image, error) {
		w, h = s.w, s.h
		if s.orientation > 4 && !o.KeepOrientation { // turned by a quarter
			w, h = h, w
		}
		return nil, nil
	})
	return w, h, err
}
