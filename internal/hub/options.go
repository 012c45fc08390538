package hub

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// DefaultEndpoint is the public hub.
const DefaultEndpoint = "https://huggingface.co"

// Options configure a Client. The zero value of a field is what its comment
// calls the default.
type Options struct {
	CacheDir string   // hub cache; without it nothing comes from the hub
	FilesDir string   // what has a plain address; without it nothing comes from one
	Weights  []string // folders of bundled models, in the order of search
	Borrow   []string // folders of other tools' downloads, taken when the sum agrees

	Endpoint string // default: DefaultEndpoint; may hold a login, https://user:password@mirror
	Token    string // sent to Endpoint alone
	Offline  bool   // never open a connection

	// Progress is called from the downloading goroutine with the bytes on disk
	// and in all, -1 where the server does not say; at least at the start and at
	// the end of each download. done can fall when a server cannot resume.
	Progress func(file string, done, total int64)
	Logger   *slog.Logger // retries, waits, use of the cache; default: silence

	Transport http.RoundTripper // default: like http.DefaultTransport, proxies from the environment

	Retries       int           // further tries without progress; default 5, negative none
	RetryWait     time.Duration // before the first of them, doubling; default 1 s
	RetryWaitMax  time.Duration // default 30 s
	MaxRetryAfter time.Duration // longest wait a server may ask for; default 2 min
	StallTimeout  time.Duration // without a byte; default 30 s
	CheckTimeout  time.Duration // to ask whether a cached file is the newest; default 10 s
}

// Hub is the endpoint as it may be shown: without a login.
func (o Options) Hub() string {
	u, _, err := parseEndpoint(o.Endpoint)
	if err != nil {
		return "" // New reports it
	}
	return u.String()
}

// FromEnv returns the options that the environment asks for, as Python's
// huggingface_hub reads it: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE,
// HF_TOKEN and the token file, HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT,
// XDG_CACHE_HOME; and GOTUNE_WEIGHTS, TORCH_HOME and KERAS_HOME. The error names the variable at fault.
func FromEnv() (Options, error) { return fromEnv(os.Getenv) }

func fromEnv(getenv func(string) string) (Options, error) {
	first := func(names ...string) string {
		for _, name := range names {
			if v := getenv(name); v != "" {
				return v
			}
		}
		return ""
	}
	home := getenv("HOME")
	path := func(value string) string { return os.Expand(expandHome(value, home), getenv) }

	cache := path(first("XDG_CACHE_HOME"))
	if cache == "" && home != "" {
		cache = filepath.Join(home, ".cache")
	}
	under := func(dir string, elem ...string) string {
		if dir == "" {
			return "" // a model in a folder needs no cache; a fetch will say what to set
		}
		return filepath.Join(append([]string{dir}, elem...)...)
	}
	hfHome := path(first("HF_HOME"))
	if hfHome == "" {
		hfHome = under(cache, "huggingface")
	}
	o := Options{
		CacheDir: path(first("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")),
		FilesDir: under(cache, "gotune", "files"),
		Endpoint: first("HF_ENDPOINT"),
		Offline:  truthy(first("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")),
		Weights:  weightsDirs(getenv("GOTUNE_WEIGHTS")),
	}
	for name, to := range map[string]*time.Duration{
		"HF_HUB_ETAG_TIMEOUT": &o.CheckTimeout, "HF_HUB_DOWNLOAD_TIMEOUT": &o.StallTimeout,
	} {
		if v := getenv(name); v != "" {
			seconds, err := strconv.ParseUint(v, 10, 31)
			if err != nil {
				return Options{}, fmt.Errorf("%s: %q is not a number of seconds", name, v)
			}
			*to = time.Duration(seconds) * time.Second
		}
	}
	if o.CacheDir == "" {
		o.CacheDir = under(hfHome, "hub")
	}
	if _, _, err := parseEndpoint(o.Endpoint); err != nil {
		return Options{}, fmt.Errorf("HF_ENDPOINT: %w", err)
	}

	torchHome := path(first("TORCH_HOME"))
	if torchHome == "" {
		torchHome = under(cache, "torch")
	}
	kerasHome := path(first("KERAS_HOME"))
	if kerasHome == "" {
		kerasHome = under(home, ".keras")
	}
	for _, dir := range []string{under(torchHome, "hub", "checkpoints"), under(kerasHome, "models")} {
		if dir != "" {
			o.Borrow = append(o.Borrow, dir)
		}
	}

	o.Token = cleanToken(first("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))
	if o.Token == "" && !truthy(getenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		file := path(first("HF_TOKEN_PATH"))
		if file == "" {
			file = under(hfHome, "token")
		}
		// Without a token public models are still to be had.
		if data, err := os.ReadFile(file); err == nil {
			o.Token = cleanToken(string(data))
		}
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Options{}, fmt.Errorf("HF_TOKEN: the token has a character that cannot be sent")
	}
	return o, nil
}

// cleanToken drops the line ends that a token pasted into a file or a secret
// store comes with.
func cleanToken(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(s))
}

// truthy reads a variable as huggingface_hub does.
func truthy(s string) bool {
	switch strings.ToUpper(s) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// ExpandHome resolves a leading ~, which a shell leaves alone in --model=~/dir and
// does not see in a file.
func ExpandHome(path string) string { return expandHome(path, os.Getenv("HOME")) }

func expandHome(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && home != "" && (rest == "" || os.IsPathSeparator(rest[0])) {
		return home + rest
	}
	return path
}
