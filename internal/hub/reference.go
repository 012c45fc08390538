package hub

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// reference is a parsed --model argument: exactly one of path, entry, repo and
// url is set.
type reference struct {
	path     string // a folder or file that exists
	entry    *Entry
	repo     string // on the hub
	file     string // one file of repo; empty: the model
	url      string // a plain address
	revision string // of entry or repo
}

const mainRevision = "main"

var (
	repoPattern     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?$`)
	revisionPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/+-]{0,254}$`)
	commitPattern   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// At returns ref, the name of a model on the hub, as it names the model at a
// revision. An address names what it names.
func At(ref, revision string) string {
	if strings.Contains(ref, "://") {
		return ref
	}
	name, _, _ := strings.Cut(ref, "@")
	return name + "@" + revision
}

func (c *Client) parse(ref string) (reference, error) {
	wrong := func(format string, args ...any) (reference, error) {
		return reference{}, &UsageError{Ref: ref, Reason: fmt.Sprintf(format, args...)}
	}
	if ref == "" {
		return wrong("it is empty")
	}
	if strings.Contains(ref, "://") {
		return c.parseURL(ref)
	}
	name, revision, hasRevision := strings.Cut(ref, "@")
	entry := Lookup(name)

	// A folder wins over a name if there is a model in it: ./vgg16 may as well
	// be a folder of photographs or of results.
	local := ExpandHome(ref)
	info, err := os.Stat(local)
	if err == nil && (entry == nil || !info.IsDir() || isFile(filepath.Join(local, "config.json"))) {
		return reference{path: local}, nil
	}

	if !hasRevision {
		revision = mainRevision
	} else if err := checkRevision(revision); err != nil {
		return wrong("%v", err)
	}
	switch {
	case entry != nil && entry.Repo == "" && hasRevision:
		return wrong("%s has no revisions", name)
	case entry != nil:
		return reference{entry: entry, revision: revision}, nil
	case looksLikePath(ref):
		return wrong("no such file or folder")
	case !strings.Contains(name, "/"):
		return reference{}, &UsageError{
			Ref: ref, Near: near(name),
			Reason: "no folder or file of that name, nor a model of the manifest; models on the hub are written org/name",
		}
	}
	if err := checkRepo(name); err != nil {
		return wrong("%v", err)
	}
	return reference{repo: name, revision: revision}, nil
}

// parseURL takes apart an address. One of the hub's own pages is as good as the
// id in it.
func (c *Client) parseURL(ref string) (reference, error) {
	wrong := func(format string, args ...any) (reference, error) {
		return reference{}, &UsageError{Ref: ref, Reason: fmt.Sprintf(format, args...)}
	}
	u, err := url.Parse(ref)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return wrong("not an address that can be fetched: http and https can")
	}
	if u.User != nil {
		return wrong("an address with a password in it would be kept in the run's files; use HF_TOKEN for the hub")
	}
	onHub := sameOrigin(u, c.endpoint) || u.Host == "huggingface.co" || u.Host == "hf.co"
	rest := strings.Trim(u.Path, "/")
	if base := strings.Trim(c.endpoint.Path, "/"); base != "" && sameOrigin(u, c.endpoint) {
		if rest, onHub = strings.CutPrefix(rest, base+"/"); !onHub {
			rest = strings.Trim(u.Path, "/")
		}
	}
	parts := strings.Split(rest, "/")
	if !onHub || len(parts) < 2 {
		if strings.HasSuffix(u.Path, "/") || u.Path == "" {
			return wrong("the address names no file")
		}
		u.Fragment = ""
		return reference{url: u.String()}, nil
	}
	r := reference{repo: parts[0] + "/" + parts[1], revision: mainRevision}
	if len(parts) >= 4 {
		switch r.revision = parts[3]; {
		case parts[2] == "tree" && len(parts) == 4:
		case (parts[2] == "resolve" || parts[2] == "blob") && len(parts) > 4:
			r.file = strings.Join(parts[4:], "/")
		default:
			return wrong("not a model's page on the hub")
		}
	} else if len(parts) == 3 {
		return wrong("not a model's page on the hub")
	}
	if err := checkRepo(r.repo); err != nil {
		return wrong("%v", err)
	}
	if err := checkRevision(r.revision); err != nil {
		return wrong("%v", err)
	}
	if r.file != "" {
		if err := checkFile(r.file); err != nil {
			return wrong("%v", err)
		}
	}
	return r, nil
}

// looksLikePath tells a mistyped path from a repository's id.
func looksLikePath(ref string) bool {
	switch strings.ToLower(filepath.Ext(ref)) {
	case ".safetensors", ".pth", ".pt", ".bin", ".h5", ".hdf5", ".keras", ".json":
		return true
	}
	return strings.HasPrefix(ref, ".") || strings.HasPrefix(ref, "/") || strings.HasPrefix(ref, "~") ||
		strings.HasSuffix(ref, "/") || strings.Count(strings.SplitN(ref, "@", 2)[0], "/") > 1 || strings.Contains(ref, `\`)
}

// checkRepo refuses what the hub would, and with it any id that would leave the
// cache as a path.
func checkRepo(id string) error {
	if !repoPattern.MatchString(id) || strings.Contains(id, "--") || strings.Contains(id, "..") ||
		strings.HasSuffix(id, ".git") || strings.ContainsAny(id[len(id)-1:], "-.") {
		return fmt.Errorf("%q is not a Hugging Face id: org/name of letters, digits, '-', '_' and '.'", id)
	}
	return nil
}

func checkRevision(s string) error {
	if !revisionPattern.MatchString(s) || strings.Contains(s, "..") || strings.Contains(s, "//") || strings.HasSuffix(s, "/") {
		return fmt.Errorf("%q is not a revision: a branch, a tag or a commit", s)
	}
	return nil
}

// checkFile refuses a name that would lead out of the repository's folder. Names
// come from index files too, which anyone may have written.
func checkFile(name string) error {
	if name == "." || path.Clean(name) != name || strings.ContainsAny(name, "\\\x00") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("%q is not the name of a file in a repository", name)
	}
	return nil
}
