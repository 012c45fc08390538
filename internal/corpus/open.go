package corpus

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Open finds the examples at path, which is one of
//
//   - a folder of class folders: pos/*.txt, neg/*.txt. Each folder is a class,
//     and one without a .txt file is an error;
//   - a folder of splits that hold such, as aclImdb: train/pos/*.txt,
//     test/pos/*.txt. Folders called unsup and files beside the class folders
//     are passed over;
//   - a folder with a table, or with several called train, val (valid, dev) and
//     test, as train.tsv or imdb_train.csv;
//   - the same as .tar, .tar.gz, .tgz or .zip, within one outer folder or not;
//   - a table: .csv (RFC 4180), .tsv (fields between tabs, no quoting) or .jsonl
//     (also .ndjson, .json-lines, .json: an object a line), each also .gz.
//
// Examples are in the order train, val, test; in a table of its rows; in folders
// of the class, then the file name.
//
// The columns of a table are those that the options name, and otherwise found
// so. A CSV or TSV begins with a header if an option gives a column by its name;
// or if the first row's cells are short, distinct and no integers, and one is a
// usual column name (text, sentence, review, label, sentiment, class, …), or a
// column holds nothing but integers below it, or ten or more recurring values
// among which it does not come. With names, usual ones decide: a pair such as
// sentence1 and sentence2, premise and hypothesis or text and text_pair, else
// text or sentence before content, review and so on; label before sentiment,
// class, target and so on. What is left is decided by the first 1,000 rows: the
// label is the only column of few, short, recurring values, the text the only
// one left or the only one of several words. Two that fit alike are an error
// that lists the columns.
//
// The classes are the labels of all examples but the test split's, whose labels
// may be placeholders, such as GLUE's -1: where there are other splits, a test
// example with a label that is no class is as one without.
//
// A *DataError says what is wrong with the data: no examples, a row without a
// label, a label that is not in Options.Labels, a truncated archive; or with the
// options, see Options.Validate.
func Open(path string, o Options) (*Corpus, error) {
	if err := o.Validate(); err != nil {
		return nil, &DataError{path, err}
	}
	c := &Corpus{path: path, seen: map[int]bool{}}
	if err := c.find(o); err != nil {
		return nil, errors.Join(err, c.closeAll())
	}
	return c, nil
}

func (c *Corpus) find(o Options) error {
	info, err := os.Stat(c.path)
	if err != nil {
		return faultOf(c.path, err)
	}
	var set labelSet
	if k, _ := kindOf(c.path); k.isTable() && !info.IsDir() {
		err = c.addTableFile(o, &set)
	} else {
		err = c.addTree(o, &set)
	}
	if err != nil {
		return err
	}
	if c.Len() == 0 {
		return fault(c.path, "no examples")
	}
	return c.resolve(o, &set)
}

func (c *Corpus) addTableFile(o Options, set *labelSet) error {
	if o.Split != "" {
		return fault(c.path, "--split %s: a file has no splits", o.Split)
	}
	t, err := openTableFile(c.path, filepath.Base(c.path), o)
	if err != nil {
		return err
	}
	return c.addTable(t, o, set)
}

// addTable scans t into c, which closes it from then on.
func (c *Corpus) addTable(t *table, o Options, set *labelSet) error {
	c.starts, c.sources = append(c.starts, c.Len()), append(c.sources, t)
	c.rep.Columns = append(c.rep.Columns, t.name+": "+t.cols.String())
	for _, n := range t.notes {
		c.rep.note("%s: %s", t.name, n)
	}
	if t.unclear != "" {
		c.rep.Unclear = append(c.rep.Unclear, t.name+": "+t.unclear)
	}
	err := t.scan(o, &c.rep, func(label []byte) {
		n := NoLabel
		if len(label) > 0 {
			n = set.number(label, c.Len())
		}
		c.labels.Append(n)
	})
	if err == nil && o.Labels == nil && !o.LabelsOptional && set.looksLikeText(c.Len()) {
		err = fault(t.where, "column %s has %d different values in %d rows and can hardly be the label; choose with --label-column",
			t.cols.nameOf(t.cols.label), len(set.values), c.Len())
	}
	return err
}

func (c *Corpus) addTree(o Options, set *labelSet) error {
	t, err := openTree(c.path, o)
	if err != nil {
		return err
	}
	c.tree = t
	c.rep.Notes = append(c.rep.Notes, t.notes()...)
	l, err := arrange(c.tree.members(), c.tree.dirs())
	if err != nil {
		return &DataError{c.path, err}
	}
	groups, err := c.choose(l.groups, o)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.table != none {
			err = c.addMember(g, len(groups) > 1, o, set)
		} else {
			err = c.addTexts(g, l.base, len(groups) > 1, o, set)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// choose keeps the split that the options ask for.
func (c *Corpus) choose(groups []group, o Options) ([]group, error) {
	if o.Split == "" {
		return groups, nil
	}
	var have []string
	for _, g := range groups {
		if g.split == splitOf(o.Split) {
			return []group{g}, nil
		}
		have = append(have, g.split)
	}
	if have[0] == "" {
		return nil, fault(c.path, "--split %s: it has no splits", o.Split)
	}
	return nil, fault(c.path, "--split %s: it has %s", o.Split, strings.Join(have, ", "))
}

// addMember adds a table of a folder or archive. One of several that has no
// labels, as GLUE's test.tsv, is left out where labels are wanted.
func (c *Corpus) addMember(g group, several bool, o Options, set *labelSet) error {
	name := c.tree.members()[g.table]
	where := c.path + ": " + name
	if f, ok := c.tree.(*folder); ok {
		where = f.path(name)
	}
	s, err := c.tree.table(g.table, o)
	if err != nil {
		return err
	}
	k, _ := kindOf(name)
	t, err := newTable(s, k, where, g.dir, o)
	if errors.Is(err, errNoLabels) && several {
		c.rep.note("%s: no labels: left out", g.dir)
		return nil
	}
	if err != nil {
		return err
	}
	t.split = g.split
	return c.addTable(t, o, set)
}

func (c *Corpus) addTexts(g group, base string, several bool, o Options, set *labelSet) error {
	if g.names == nil && !o.LabelsOptional {
		if several {
			c.rep.note("%s/: no class folders: left out", g.dir)
			return nil
		}
		return fault(filepath.Join(c.path, g.dir), ".txt files but no class folders (pos/, neg/) that would label them")
	}
	c.starts = append(c.starts, c.Len())
	c.sources = append(c.sources, &textFiles{c.tree, base, g.split, g.texts})
	for _, ref := range g.texts {
		n := NoLabel
		if ref.class != NoLabel {
			n = set.number([]byte(g.names[ref.class]), c.Len())
		}
		c.labels.Append(n)
	}
	return nil
}

// resolve turns the numbers of label values into classes.
func (c *Corpus) resolve(o Options, set *labelSet) error {
	before := c.beforeTest()
	classes, class := set.resolve(o.Labels, before)
	i := slices.Index(class, NoLabel) // values are numbered as they appear
	if i >= 0 && set.first[i] < before && o.Labels != nil && !o.LabelsOptional {
		return fault(c.path, "label %q (%s) is none of the classes %s",
			set.values[i], c.ID(set.first[i]), strings.Join(o.Labels, ", "))
	}
	c.classes, c.class = classes, class
	strange, first := 0, 0 // labels that were passed over
	for i := range c.Len() {
		if c.Label(i) != NoLabel {
			continue
		}
		c.rep.Unlabelled++
		if c.labels.At(i) != NoLabel {
			if strange++; strange == 1 {
				first = i
			}
		}
	}
	if strange > 0 && !o.LabelsOptional {
		c.rep.note("%d test examples have a label that is no class, and count as unlabelled; the first: %s, %s",
			strange, c.ID(first), snippet(set.values[c.labels.At(first)]))
	}
	c.rep.Examples = c.Len()
	return nil
}

// beforeTest returns how many examples come before those of the test split; all,
// where there are no others.
func (c *Corpus) beforeTest() int {
	for i, s := range c.sources {
		if s.splitName() == "test" && c.starts[i] > 0 {
			return c.starts[i]
		}
	}
	return c.Len()
}
