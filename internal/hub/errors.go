package hub

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrUsage is what an error is (errors.Is) when the reference itself is wrong:
// an unknown name, a malformed id, a repository or file that does not exist, a
// model of the other kind. Trying again does not help.
var ErrUsage = errors.New("wrong model reference")

// ErrOffline is what an error is when a file would have to be fetched and
// Options.Offline forbids it.
var ErrOffline = errors.New("offline")

// UsageError reports a wrong reference. It is ErrUsage.
type UsageError struct {
	Ref    string   // as the user wrote it
	Reason string   // what is wrong with it
	Near   []string // names of the manifest that look like it
}

func (e *UsageError) Error() string {
	return fmt.Sprintf("model %q: %s%s", e.Ref, e.Reason, didYouMean(e.Near))
}

// Is makes errors.Is(err, ErrUsage) true.
func (e *UsageError) Is(target error) bool { return target == ErrUsage }

func didYouMean(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, ", ") + "?"
}

// OfflineError reports a file that is neither at hand nor allowed to be fetched.
// It is ErrOffline.
type OfflineError struct {
	What   string // the model or file
	Remedy string // which file to put where
}

func (e *OfflineError) Error() string {
	return fmt.Sprintf("offline: %s is not on this machine; %s", e.What, e.Remedy)
}

// Is makes errors.Is(err, ErrOffline) true.
func (e *OfflineError) Is(target error) bool { return target == ErrOffline }

// IntegrityError reports a file whose content is not what its publisher says.
type IntegrityError struct {
	File      string // path or address
	Sum       string // sha256, git-sha1 or md5
	Want, Got string // hexadecimal; Want may be a prefix
}

func (e *IntegrityError) Error() string {
	return fmt.Sprintf("%s: %s is %s, want %s", e.File, e.Sum, e.Got, e.Want)
}

// StatusError is a server's refusal.
type StatusError struct {
	URL        string // without query
	Endpoint   string // of the hub; empty for a plain address
	Repo       string
	Revision   string
	File       string
	Status     int           // HTTP status
	Code       string        // X-Error-Code: EntryNotFound, GatedRepo, …
	Message    string        // X-Error-Message
	RetryAfter time.Duration // how long the server asks to wait
	Token      bool          // a token was sent
	Near       []string      // names of the manifest that look like Repo
}

// The hub's values of X-Error-Code.
const (
	codeEntryNotFound    = "EntryNotFound"
	codeRevisionNotFound = "RevisionNotFound"
	codeRepoNotFound     = "RepoNotFound"
	codeGatedRepo        = "GatedRepo"
)

// Is makes errors.Is(err, ErrUsage) true for what does not exist.
func (e *StatusError) Is(target error) bool {
	return target == ErrUsage && (e.Status == http.StatusNotFound || e.Code == codeRepoNotFound)
}

func (e *StatusError) Error() string {
	if e.Repo == "" {
		return fmt.Sprintf("fetch %s: the server answered %d%s", e.URL, e.Status, e.advice())
	}
	what := fmt.Sprintf("%s of %s@%s", e.File, e.Repo, e.Revision)
	switch {
	case e.Code == codeEntryNotFound:
		return fmt.Sprintf("%s has no file %s (404)", e.Repo+"@"+e.Revision, e.File)
	case e.Code == codeRevisionNotFound:
		return fmt.Sprintf("%s has no revision %q (404)", e.Repo, e.Revision)
	case e.Code == codeRepoNotFound && e.Status == http.StatusNotFound:
		return fmt.Sprintf("%s has no model repository %s (404)%s", e.Endpoint, e.Repo, didYouMean(e.Near))
	case e.Status == http.StatusNotFound:
		return fmt.Sprintf("%s has no %s (404)%s", e.Endpoint, what, didYouMean(e.Near))
	case e.Code == codeGatedRepo:
		return fmt.Sprintf("%s is gated (%d): accept its terms at %s/%s, then set HF_TOKEN to a token of that account",
			e.Repo, e.Status, e.Endpoint, e.Repo)
	case e.Status == http.StatusUnauthorized && e.Token:
		return fmt.Sprintf("%s refuses the token in HF_TOKEN for %s (401): it is wrong or expired, or the repository does not exist%s",
			e.Endpoint, e.Repo, didYouMean(e.Near))
	case e.Status == http.StatusUnauthorized:
		// The hub answers 401, not 404, for a repository that does not exist, so
		// as not to tell strangers which private ones do.
		return fmt.Sprintf("%s wants a login for %s (401): it is private, gated or does not exist; set HF_TOKEN if it is yours%s",
			e.Endpoint, e.Repo, didYouMean(e.Near))
	case e.Status == http.StatusForbidden:
		return fmt.Sprintf("%s forbids %s (403)%s; HF_TOKEN must belong to an account that may read it", e.Endpoint, what, e.said())
	}
	return fmt.Sprintf("fetch %s: %s answered %d%s", what, e.Endpoint, e.Status, e.advice())
}

func (e *StatusError) said() string {
	if e.Message == "" {
		return ""
	}
	return ": " + e.Message
}

func (e *StatusError) advice() string {
	s := e.said()
	switch {
	case e.Status == http.StatusTooManyRequests && e.RetryAfter > 0:
		s += fmt.Sprintf(": too many requests, it asks to wait %s", e.RetryAfter.Round(time.Second))
	case e.Status == http.StatusTooManyRequests:
		s += ": too many requests, try again later"
	case e.Status >= 500:
		s += ": try again later"
	}
	if e.Repo != "" && e.Status == http.StatusTooManyRequests && !e.Token {
		s += "; HF_TOKEN raises the limit"
	}
	if e.Repo != "" && e.Status >= 500 {
		s += " or set HF_ENDPOINT to a mirror"
	}
	return s
}
