package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// pictures makes so many pictures of one colour in a folder.
func pictures(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: pictures blue|green|red n folder")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(savePictures(ts.MkAbs(args[2]), args[0], n))
}

// savePictures writes 00.png, 01.png and so on: noise in the colour's channel,
// in shapes from upright to wide.
func savePictures(dir, name string, n int) error {
	channel := strings.Index("rgb", name[:1])
	if channel < 0 {
		return fmt.Errorf("no colour %q", name)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(uint64(channel), 1))
	for i := range n {
		m := image.NewNRGBA(image.Rect(0, 0, 40+i%9, 48-i%5))
		for y := range m.Rect.Dy() {
			for x := range m.Rect.Dx() {
				v := [3]uint8{uint8(r.IntN(60)), uint8(r.IntN(60)), uint8(r.IntN(60))}
				v[channel] += 190
				m.SetNRGBA(x, y, color.NRGBA{v[0], v[1], v[2], 255})
			}
		}
		if err := savePNG(filepath.Join(dir, fmt.Sprintf("%02d.png", i)), m); err != nil {
			return err
		}
	}
	return nil
}

func savePNG(path string, m image.Image) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return png.Encode(f, m)
}

// bomb writes a PNG of a few bytes whose header promises 60,000×60,000 pixels.
func bomb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bomb file")
	}
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), 60000)
	header = binary.BigEndian.AppendUint32(header, 60000)
	header = append(header, 8, 2, 0, 0, 0) // 8 bits, RGB
	file := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), uint32(len(header)-4))
	file = append(file, header...)
	file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(header))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), file, 0o644))
}

// pack packs a folder into a .tar, .tar.gz or .zip.
func pack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pack folder archive")
	}
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	defer f.Close()
	ts.Check(packTo(f, ts.MkAbs(args[0]), args[1]))
}

func packTo(w io.Writer, dir, name string) error {
	if strings.HasSuffix(name, ".zip") {
		z := zip.NewWriter(w)
		return errors.Join(z.AddFS(os.DirFS(dir)), z.Close())
	}
	if strings.HasSuffix(name, ".gz") {
		gz := gzip.NewWriter(w)
		return errors.Join(packTo(gz, dir, strings.TrimSuffix(name, ".gz")), gz.Close())
	}
	t := tar.NewWriter(w)
	return errors.Join(t.AddFS(os.DirFS(dir)), t.Close())
}
