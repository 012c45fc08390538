package imageset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options of Open. The zero value reads labelled pictures of all splits.
type Options struct {
	// Classes fixes the classes and their order, as those of an existing model; a
	// folder or label that is not among them is an error, but for a folder of the test
	// split beside others, whose pictures have no label then.
	Classes []string
	// LabelsOptional accepts pictures without a class, or of one that is not in
	// Classes: their Label is NoLabel. For prediction; a single picture is a set
	// then, too, and without Split pictures beside the splits are taken as well.
	LabelsOptional bool
	// Split takes one split alone: "train", "val" or "test", or another usual name
	// of it.
	Split string

	// PathColumn and LabelColumn name the columns of a list, by the words of its
	// header or 1-based number; "" finds them.
	PathColumn, LabelColumn string

	// MaxFile refuses to read a larger file; 0 means 256 MiB.
	MaxFile int64
	// MaxUnpacked refuses a .tar.gz that holds more bytes of pictures; 0 means
	// 64 GiB.
	MaxUnpacked int64
	// TempDir is where the pictures of a .tar.gz go; "" is os.TempDir.
	TempDir string
}

func (o Options) maxUnpacked() int64 {
	if o.MaxUnpacked > 0 {
		return o.MaxUnpacked
	}
	return 64 << 30
}

// allPictures says that every picture is taken, whatever split it is in or beside.
func (o Options) allPictures() bool { return o.LabelsOptional && o.Split == "" }

// Validate reports every fault of the options at once.
func (o Options) Validate() error {
	var errs []error
	if o.Split != "" && splitOf(o.Split) == none {
		errs = append(errs, fmt.Errorf("split %q: want train, val or test", o.Split))
	}
	seen := map[string]bool{}
	for _, c := range o.Classes {
		if c == "" || seen[c] {
			errs = append(errs, fmt.Errorf("classes: %q is empty or given twice", c))
		}
		seen[c] = true
	}
	return errors.Join(errs...)
}

// Open finds the pictures at path, which is one of
//
//   - a folder of class folders: ants/*.jpg, bees/*.jpg. Each folder is a class,
//     with all that lies in folders below it; one without a picture is an error;
//   - a folder of splits that hold such: train/ants, train/bees, val/ants, …;
//     pictures beside the splits are left out and counted;
//   - the same as .tar, .tar.gz, .tgz or .zip, within one outer folder or not;
//   - a list: a .csv or .tsv of paths, relative to the list's own folder, and
//     labels, with a header or without;
//   - one picture, or a folder of pictures without classes, where
//     Options.LabelsOptional says so.
//
// A file is a picture by its extension: .jpg, .jpeg, .png, .gif, .bmp, .tif,
// .tiff, .webp. Hidden files are passed over, symbolic links are followed. The
// order is that of torchvision's ImageFolder: split, class, folder, name, all by
// code points; of a list its own.
//
// A *DataError says what is wrong with the data: nothing found, an empty class,
// one class only, a class that Options.Classes or the training split do not
// have (of the test split beside others: its pictures have no label then), a
// truncated archive, a link that leads back.
func Open(path string, o Options) (*Set, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Set{where: path, maxFile: o.MaxFile}
	if s.maxFile <= 0 {
		s.maxFile = 256 << 20
	}
	if err := s.open(o); err != nil {
		if s.store != nil {
			err = errors.Join(err, s.store.close())
		}
		return nil, err
	}
	s.report.Pictures = s.Len()
	return s, nil
}

func (s *Set) open(o Options) error {
	info, err := os.Stat(s.where)
	if err != nil {
		return faultOf(s.where, err)
	}
	k := kindOf(filepath.Base(s.where))
	switch {
	case info.IsDir():
		s.store, err = hold(openFolder(s.where, &s.report))
	case k == kindTar || k == kindTarGz:
		s.store, err = hold(openTar(s.where, k == kindTarGz, o, &s.report))
	case k == kindZip:
		s.store, err = hold(openZip(s.where, &s.report))
	case k == kindCSV || k == kindTSV:
		return s.openList(k, o)
	case k == kindImage && o.LabelsOptional:
		l := &loose{where: s.where}
		l.add(member{info.Name(), info.Size(), info.ModTime()})
		s.items.add(0, NoLabel, none)
		s.store, s.classes = l, slices.Clone(o.Classes)
		return nil
	case k == kindImage:
		return fault(s.where, "one picture has no classes: give the folder that holds the class folders")
	default:
		return fault(s.where, "not a kind of data that is known by its name: want a folder, .tar, .tar.gz, .tgz, .zip, .csv or .tsv")
	}
	if err != nil {
		return err
	}
	if s.store.len() == 0 {
		return fault(s.where, "no pictures found: looked for class folders of .jpg, .png, .gif, .bmp, .tif and .webp files")
	}
	l, err := arrange(s.store)
	switch {
	case err != nil && o.allPictures():
		for i := range s.store.len() {
			l.beside = append(l.beside, int32(i))
		}
	case err != nil:
		return &DataError{s.where, err}
	}
	return s.take(l, o)
}

// hold keeps a failed open's nil from becoming a store.
func hold[T store](t T, err error) (store, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

// take turns a layout into items.
func (s *Set) take(l layout, o Options) error {
	s.report.base, s.top = l.base, l.top
	if o.Split != "" {
		want := splitOf(o.Split)
		l.groups = slices.DeleteFunc(l.groups, func(g group) bool { return g.split != want })
		if len(l.groups) == 0 {
			return fault(s.where, "--split %s: no such split in it", splitNames[want])
		}
	}
	var names []string
	for _, g := range l.groups {
		if empty := g.emptyClass(); empty != "" && !o.LabelsOptional {
			return fault(s.where, "class folder %q holds no pictures", empty)
		}
		for _, c := range g.classes {
			if !l.placeholders(g) {
				names = append(names, className(c))
			}
		}
		if g.split != none {
			s.splits = append(s.splits, splitNames[g.split])
		}
	}
	if err := s.setClasses(names, l, o); err != nil {
		return err
	}
	for _, g := range l.groups {
		for k, c := range g.classes {
			label := slices.Index(s.classes, className(c))
			if label < 0 && !o.LabelsOptional {
				if !l.placeholders(g) {
					return fault(s.where, "class folder %q is none of the %d classes: %s", c, len(s.classes), listed(s.classes))
				}
				s.report.Strange += len(g.pictures[k])
			}
			for _, m := range g.pictures[k] {
				s.items.add(int(m), label, g.split)
			}
		}
		if !o.LabelsOptional {
			s.report.Outside += len(g.outside)
			continue
		}
		for _, m := range g.outside {
			s.items.add(int(m), NoLabel, g.split)
		}
	}
	if o.allPictures() {
		for _, m := range l.beside {
			s.items.add(int(m), NoLabel, none)
		}
	} else {
		s.report.Beside = len(l.beside)
	}
	if s.Len() == 0 {
		return fault(s.where, "no pictures in class folders")
	}
	return nil
}

// setClasses settles the classes: the options', or those found. Where there is a
// training split, only what it has can be learned.
func (s *Set) setClasses(names []string, l layout, o Options) error {
	if o.Classes != nil {
		s.classes = slices.Clone(o.Classes)
		return nil
	}
	slices.Sort(names)
	s.classes = slices.Compact(names)
	if o.LabelsOptional {
		return nil
	}
	if len(s.classes) == 0 {
		return fault(s.where, "no class folders: put the pictures of each class into a folder of its own")
	}
	if len(s.classes) == 1 {
		return fault(s.where, "one class only, %q: there is nothing to tell apart", s.classes[0])
	}
	for _, g := range l.groups {
		if len(l.groups) > 1 && g.split == 0 && len(g.classes) < len(s.classes) {
			for _, c := range s.classes {
				if !slices.ContainsFunc(g.classes, func(have string) bool { return className(have) == c }) {
					return fault(s.where, "class %q has no pictures in %s/", c, g.dir)
				}
			}
		}
	}
	return nil
}

// className is a folder's name as text: file systems allow any bytes.
func className(dir string) string { return strings.ToValidUTF8(dir, "\uFFFD") }

// listed joins the first names for a message.
func listed(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// CheckTrainSplit returns a *DataError where there are splits and none of them is
// to train on.
func (s *Set) CheckTrainSplit() error {
	if len(s.splits) == 0 || slices.Contains(s.splits, splitNames[0]) {
		return nil
	}
	return fault(s.where, "its folders are %s: the splits are %s, and none is train/ or training/, to train on",
		listed(s.top), strings.Join(s.splits, ", "))
}

// CheckTrainable returns a *DataError unless the pictures, or those given, have
// labels of at least two classes.
func (s *Set) CheckTrainable(pictures []int) error {
	if pictures == nil {
		pictures = s.Indices("")
	}
	seen := map[int]bool{}
	for _, i := range pictures {
		if s.Label(i) == NoLabel {
			return fault(s.Where(i), "no label")
		}
		seen[s.Label(i)] = true
	}
	if len(seen) < 2 {
		return fault(s.where, "%d pictures of %d class: there is nothing to tell apart", len(pictures), len(seen))
	}
	return nil
}
